/** The training stage: an adapter under its training's identity, made once, whichever run needs it first. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { eitherSignal } from '../core/concurrency.js';
import type { TrainPlace } from '../core/settings.js';
import { lockFolder } from '../files/folder-lock.js';
import { jsonText } from '../files/json-file.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import type { LoadedModel } from '../models/model.js';
import { finetune, type TrainProgress } from '../train/finetune.js';
import type { TrainingSample } from '../train/objectives/objective.js';
import { IDENTITY_VERSION, identityHash, type TrainingIdentity } from './identity.js';
import { TRAINING_FILES } from './layout.js';
import type { TrainingRecord } from './study-records.js';
import { describeFiles } from './stage-files.js';
import { clearTraining, readTraining, type ResolvedTraining } from './training-store.js';

export interface TrainingStage {
  readonly training: ResolvedTraining;
  readonly model: LoadedModel;
  /** What it learns from, made only where it is trained. */
  readonly samples: () => readonly TrainingSample[] | Promise<readonly TrainingSample[]>;
  readonly place: TrainPlace;
  /** Where bases in eight bits are kept. */
  readonly bases: string;
  /** Interpreter that PyTorch runs in, where that trains and one is named. */
  readonly python?: string;
  readonly threads?: number;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

/** The record of a whole training, and whether this call made it. Another process that makes it is waited for. */
export async function ensureTraining(stage: TrainingStage): Promise<{ record: TrainingRecord; isNew: boolean }> {
  const { training, signal } = stage;
  const before = readTraining(training, 'all');
  if (before.status === 'done') {
    writeSpec(training);
    return { record: before.record, isNew: false };
  }
  const lock = await lockFolder(training.folder, { patienceMs: Infinity, ...(signal !== undefined && { signal }) });
  try {
    removeLeftovers(training.folder);
    const now = readTraining(training, 'all');
    if (now.status === 'done') return { record: now.record, isNew: false };
    if (now.damage !== null) clearTraining(training);
    return { record: await train({ ...stage, signal: eitherSignal(lock.signal, signal) }), isNew: true };
  } finally {
    lock.release();
  }
}

async function train(stage: TrainingStage): Promise<TrainingRecord> {
  const { training, model, bases, threads, python, onProgress, signal } = stage;
  const { identity, folder, retry } = training;
  writeSpec(training);
  const result = await finetune({
    ...{ model, samples: await fittingSamples(stage), folder, bases, device: identity.engine.device },
    settings: { ...identity.settings, ...placeOf(stage) },
    ...(identity.peft !== undefined && { peft: { settings: identity.peft, ...(python !== undefined && { python }) } }),
    ...(threads !== undefined && { threads }),
    ...(onProgress !== undefined && { onProgress }),
    ...(signal !== undefined && { signal }),
  });
  const names = [TRAINING_FILES.metrics, ...adapterFiles(folder)];
  const record: TrainingRecord = {
    version: IDENTITY_VERSION,
    id: identityHash(identity),
    result: { ...result, adapterPath: TRAINING_FILES.adapter },
    retry,
    files: describeFiles(folder, names),
  };
  writeWhole(join(folder, TRAINING_FILES.training), jsonText(record));
  return record;
}

/** How it is carried out; where memory was short before, without lanes. */
function placeOf({ training: { retry }, place: { checkpointEverySteps, lanes } }: TrainingStage): TrainPlace {
  return { checkpointEverySteps, ...(retry === null && lanes !== undefined && { lanes }) };
}

/** What is trained, for people; written where it is not there as it should be. */
function writeSpec({ folder, identity }: ResolvedTraining): void {
  const path = join(folder, TRAINING_FILES.spec);
  const text = jsonText({ version: IDENTITY_VERSION, id: identityHash(identity), identity });
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeWhole(path, text);
}

async function fittingSamples({
  model,
  training: { identity },
  samples: made,
}: TrainingStage): Promise<readonly TrainingSample[]> {
  const { maxPositions } = model.config;
  const samples = await made();
  if (samples.length === 0) throw new UserError(nothingToTrain(identity));
  const tooLong = samples.find(({ prompt, answer }) => prompt.length + answer.length > maxPositions);
  if (tooLong === undefined) return samples;
  throw new UserError(
    `sample ${tooLong.id}: its answer of ${tooLong.answer.length} tokens does not fit behind its prompt in the model's ${maxPositions} positions: raise answerRoom to ${tooLong.answer.length}`,
  );
}

function nothingToTrain({ forms }: TrainingIdentity): string {
  if (forms === undefined) return 'nothing to train on: its items have no questions: lightmem exam writes them';
  const names = Object.keys(forms.shares).join(', ');
  return `nothing to train on: of none of its texts anything could be made as ${names}: take another form, such as raw, or by: model`;
}

function adapterFiles(folder: string): string[] {
  const { adapter } = TRAINING_FILES;
  return readdirSync(join(folder, adapter))
    .sort()
    .map((name) => `${adapter}/${name}`);
}
