/** Trainings on disk: one folder for each identity, shared by all runs of the study that need its adapter. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, UserError } from '../core/errors.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { identityHash, type TrainingIdentity } from './identity.js';
import { TRAINING_FILES, trainingPath } from './layout.js';
import { retryRecord, trainingRecord, type Retry, type TrainingRecord } from './study-records.js';
import { damageOf, type Thoroughness } from './stage-files.js';

const FIX = 'remove the training’s folder and run the study again';

/** A training as it will be carried out: as planned, or with half the micro-batch where the planned one ran out of memory. */
export interface ResolvedTraining {
  readonly identity: TrainingIdentity;
  readonly folder: string;
  readonly retry: Retry | null;
}

/** Follows a planned training to the one that stands for it. Throws UserError on a damaged note of a retry. */
export function resolveTraining(study: string, planned: TrainingIdentity): ResolvedTraining {
  const folder = trainingPath(study, planned);
  const path = join(folder, TRAINING_FILES.retry);
  const retry = existsSync(path) ? readJsonFile(path, retryRecord, FIX) : null;
  if (retry === null) return { identity: planned, folder, retry };
  if (!isHalf(planned, retry))
    throw new UserError(`${path} cannot be used: it halves no batch of this training: ${FIX}`);
  const identity = shrunk(planned, retry);
  return { identity, folder: trainingPath(study, identity), retry };
}

function isHalf({ settings }: TrainingIdentity, { batchTokens, accumulation }: Retry): boolean {
  return isDeepStrictEqual({ batchTokens, accumulation }, halved(settings));
}

function halved({ batchTokens, accumulation }: TrainingIdentity['settings']): Omit<Retry, 'reason'> {
  return {
    batchTokens: { from: batchTokens, to: Math.max(8, Math.floor(batchTokens / 2)) },
    accumulation: { from: accumulation, to: accumulation * 2 },
  };
}

function shrunk(planned: TrainingIdentity, { batchTokens, accumulation }: Retry): TrainingIdentity {
  const settings = { ...planned.settings, batchTokens: batchTokens.to, accumulation: accumulation.to };
  return { ...planned, settings };
}

/** Notes that a planned training ran out of memory, so that one with half its micro-batch stands for it; null where one does already, or it is whole. */
export function shrinkTraining(study: string, planned: TrainingIdentity, reason: string): Retry | null {
  const { folder, retry: before } = resolveTraining(study, planned);
  if (before !== null || existsSync(join(folder, TRAINING_FILES.training))) return null;
  const retry: Retry = { ...halved(planned.settings), reason };
  rmSync(join(folder, TRAINING_FILES.checkpoints), { recursive: true, force: true });
  writeWhole(join(folder, TRAINING_FILES.retry), jsonText(retry));
  return retry;
}

/** When it was noted that half the micro-batch stands for a planned training, in milliseconds since 1970; null where it was not. */
export function halvedAt(study: string, planned: TrainingIdentity): number | null {
  const note = join(trainingPath(study, planned), TRAINING_FILES.retry);
  return statSync(note, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

export type StoredTraining =
  | { readonly status: 'done'; readonly record: TrainingRecord }
  /** `damage` says what was wrong where it had been whole. */
  | { readonly status: 'pending'; readonly damage: string | null };

/** Where a training stands: done where its record is there and fits its identity and its files. */
export function readTraining({ folder, identity }: ResolvedTraining, looksAt: Thoroughness = 'text'): StoredTraining {
  const path = join(folder, TRAINING_FILES.training);
  if (!existsSync(path)) return { status: 'pending', damage: null };
  try {
    const record = readJsonFile(path, trainingRecord, FIX);
    const isOwn = record.id === identityHash(identity);
    const damage = isOwn ? damageOf(folder, record.files, looksAt) : 'its record is another training’s';
    return damage === null ? { status: 'done', record } : { status: 'pending', damage };
  } catch (error) {
    return { status: 'pending', damage: messageOf(error) };
  }
}

/** Removes what a damaged training left, so that it is made anew; checkpoints and metrics of another standing go with it. */
export function clearTraining({ folder }: ResolvedTraining): void {
  const { training, adapter, served, metrics, checkpoints } = TRAINING_FILES;
  for (const name of [training, adapter, served, metrics, checkpoints])
    rmSync(join(folder, name), { recursive: true, force: true });
}
