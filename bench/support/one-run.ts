/** A study's run as a plain script does it, everything anew in a process of its own, and its answers judged as the study's are. */
import { join } from 'node:path';
import { answerRecord, itemRecord } from '../../src/core/record-schemas.js';
import type { Item, Row } from '../../src/core/records.js';
import { askedSamples } from '../../src/core/samples.js';
import { judgeAnswers } from '../../src/evaluate/judge-answers.js';
import { openJudge } from '../../src/evaluate/judges/open-judge.js';
import { localQuestions } from '../../src/evaluate/respondent.js';
import { readJsonLines } from '../../src/files/json-lines.js';
import { answerText } from '../../src/generate/answer-text.js';
import type { LoadedModel } from '../../src/models/model.js';
import { readContentFile } from '../../src/study/content-file.js';
import { RUN_FILES } from '../../src/study/layout.js';
import { learntSamples } from '../../src/study/learnt-samples.js';
import { readRows, type StoredRun } from '../../src/study/run-store.js';
import { runChild, transformersModel } from './python.js';
import { file, THREADS, type Dtype } from './training.js';

type Tokens = readonly (readonly number[])[];

/** Questions of a step of the script's. */
export const SCRIPT_BATCH = 8;

/** What a script's process prints. */
interface Printed {
  readonly seconds: Readonly<Record<'loading' | 'askingBase' | 'training' | 'asking', number>>;
  readonly processorSeconds: number;
  readonly answers: Readonly<Record<'base' | 'adapter', Tokens>>;
}

export interface PlainRun extends Printed {
  /** Questions trained on. */
  readonly trained: number;
  /** Of the whole process. */
  readonly wall: number;
}

export interface PlainPlace {
  readonly python: string;
  readonly model: LoadedModel;
  readonly dtype: Dtype;
  readonly learningRate: number;
}

/** Carries out a trained run of a study by the script: the same samples and questions as tokens, the same settings. */
export async function runPlain(run: StoredRun, { python, model, dtype, learningRate }: PlainPlace): Promise<PlainRun> {
  const { training, answering, level } = run.spec.identity;
  if (training === null || answering.kind === 'served') throw new Error(`${run.folder} trains nothing here`);
  const { lora, warmupRatio, clipNorm, epochs, seed } = training.settings;
  const items = itemsOf(run);
  const found = (ids: readonly string[]): Item[] => ids.flatMap((id) => items.get(id) ?? []);
  const learnt = await learntSamples(
    { spec: run.spec, trained: found(run.spec.place.trained), samples: null },
    { identity: training, model, teachers: '' },
  );
  const asked = localQuestions(askedSamples(found(run.spec.place.asked), level), model, {
    ...{
      style: answering.prompt.style,
      maxLength: answering.prompt.maxLength,
      answerRoom: answering.prompt.answerRoom,
    },
    ...{ settings: answering.generation, identity: null },
  });
  const workload = {
    ...{ ...transformersModel(model.path), dtype, threads: THREADS, rank: lora.rank, alpha: lora.alpha },
    ...{ batch: SCRIPT_BATCH, learningRate, warmupRatio, clipNorm, epochs, seed, eos: model.config.eosTokenIds },
    maxNewTokens: answering.generation.maxNewTokens,
    train: learnt.map(({ prompt, answer }) => ({ prompt, answer })),
    asked: asked.map(({ prompt }) => prompt),
  };
  const child = await runChild(python, ['bench/peers/one_run.py', file('one-run.json', workload)]);
  const printed = JSON.parse(child.output.trim().split('\n').at(-1) ?? '') as Printed;
  return { ...printed, trained: learnt.length, wall: child.seconds };
}

function itemsOf({ folder, spec }: StoredRun): ReadonlyMap<string, Item> {
  const { records } = readContentFile(join(folder, spec.place.data), itemRecord);
  return new Map(records.map((item) => [item.id, item]));
}

/** The rows of a study's run with a script's answers in place of its own, judged by the same judge. */
export async function plainRows(run: StoredRun, answers: Tokens, model: LoadedModel): Promise<Row[]> {
  const own = readRows(run);
  const said = answers.map((tokens) => answerText(tokens, { model, stop: [] }));
  const records = readJsonLines(join(run.folder, RUN_FILES.answers), answerRecord).map((record, i) => ({
    ...record,
    answer: said[i]?.text ?? null,
    finish: said[i]?.finish ?? null,
  }));
  const verdicts = await judgeAnswers(openJudge({ name: 'lexical' }).judge, records);
  return own.map((row, i) => {
    const verdict = verdicts[i];
    if (verdict?.status !== 'scored') throw new Error(`${run.folder}: question ${row.question} was not judged`);
    const { score, correct, reason } = verdict;
    return { ...row, answer: said[i]?.text ?? '', finish: said[i]?.finish ?? null, score, correct, reason };
  });
}
