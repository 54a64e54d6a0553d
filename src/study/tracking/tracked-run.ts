/** A run as trackers are told it: made of its folder's records alone, whoever carried it out and wherever. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { groupBy } from '../../core/collections.js';
import { sha256 } from '../../core/hash.js';
import { isObject } from '../../core/json.js';
import { packageInfo } from '../../core/package-info.js';
import { rowRecord } from '../../core/record-schemas.js';
import type { Row } from '../../core/records.js';
import { loraScale } from '../../core/settings.js';
import { mean } from '../../core/statistics.js';
import { valueOf } from '../../analysis/measure.js';
import { judgeLabel } from '../../evaluate/judges/open-judge.js';
import { readJsonLines } from '../../files/json-lines.js';
import type { StepMetric } from '../../train/step-metric.js';
import type { TrackedRun } from '../../trackers/tracker.js';
import { runName } from '../identity.js';
import { RUN_FILES, STUDY_FILES, TRAINING_FILES } from '../layout.js';
import { readProbe } from '../probe-store.js';
import { glanceRun, type RunGlance } from '../run-glance.js';
import { runLog } from '../run-log.js';
import type { RunSpec } from '../run-spec.js';
import { readSpec } from '../run-store.js';
import type { RunResult } from '../study-records.js';
import { resolveTraining } from '../training-store.js';

/** Raised when the same records are told otherwise, so that runs told before are told anew. */
const FORM = 1;

/** What a run is told with besides its own records. */
export interface TrackedStudy {
  readonly folder: string;
  readonly name: string;
  readonly mark: string;
  /** What people call its model. */
  readonly model: string;
}

/** A run by its folder's name; null of one that has not begun. Throws UserError where its records cannot be read. */
export function trackedRun(study: TrackedStudy, name: string): TrackedRun | null {
  const { folder, name: called, mark, model } = study;
  const glance = glanceRun(folder, name);
  const at = join(folder, STUDY_FILES.runs, name);
  const spec = readSpec(at);
  const { losses } = runLog(folder, name);
  const hasEnded = glance.status === 'done' || glance.status === 'failed';
  if (!hasEnded && losses.length === 0) return null;
  const { result, status } = glance;
  return {
    ...{ name, label: runName(spec.identity), study: { name: called, mark }, status },
    params: paramsOf(spec, model),
    tags: tagsOf(folder, spec, glance),
    steps: losses.map(stepOf),
    outcome: result === null ? {} : finite(outcomeOf(folder, at, result)),
    times: {
      begun: timeOf(join(at, RUN_FILES.spec)) ?? 0,
      stepped: losses.length === 0 ? null : timeOf(metricsPath(folder, spec)),
      ended: hasEnded ? timeOf(endPath(at, status)) : null,
    },
    version: hasEnded ? versionOf(folder, name) : null,
  };
}

/** Changes with what a run's end left, told from one small file; null of a run that has not ended. */
export function versionOf(study: string, name: string): string | null {
  const at = join(study, STUDY_FILES.runs, name);
  const path = [RUN_FILES.result, RUN_FILES.error].map((file) => join(at, file)).find((each) => existsSync(each));
  return path === undefined ? null : sha256(`${FORM}\n${readFileSync(path, 'utf8')}`).slice(0, 16);
}

function endPath(at: string, status: RunGlance['status']): string {
  return join(at, status === 'done' ? RUN_FILES.result : RUN_FILES.error);
}

function metricsPath(folder: string, { identity: { training } }: RunSpec): string {
  return training === null ? '' : join(resolveTraining(folder, training).folder, TRAINING_FILES.metrics);
}

/** When a file was written; null where it is not there. */
function timeOf(path: string): number | null {
  const written = statSync(path, { throwIfNoEntry: false });
  return written === undefined ? null : Math.round(written.mtimeMs);
}

function stepOf({
  step,
  loss,
  learningRate,
  gradientNorm,
  tokens,
  heldOutLoss,
}: StepMetric): TrackedRun['steps'][number] {
  const values = {
    ...{ 'train/loss': loss, 'train/learning_rate': learningRate, 'train/gradient_norm': gradientNorm },
    'train/tokens': tokens,
    ...(heldOutLoss !== undefined && { 'held_out/loss': heldOutLoss }),
  };
  return { step, values };
}

/** The cell of the grid, the settings of its training by their names in study files, and what identifies it. */
function paramsOf({ identity, id, place }: RunSpec, model: string): TrackedRun['params'] {
  const { dataset, book, level, rank, items, seed, training, answering, text } = identity;
  return {
    ...{ dataset, book, level, rank, items, seed, model, identity: id },
    ...(text?.form !== undefined && { form: text.form }),
    ...(text?.exposures !== undefined && { exposures: text.exposures }),
    ...(text?.control !== undefined && { control: text.control }),
    ...(training !== null && {
      ...leaves('train', training.settings),
      'train.scale': loraScale(training.settings.lora),
      engine: training.engine.name,
      device: training.engine.device,
    }),
    ...leaves('generation', answering.generation),
    judges: place.judges.map(judgeLabel).join(', '),
  };
}

/** Settings one by one, each under its keys joined by points; a list is one. */
function leaves(key: string, value: unknown): Record<string, string | number | boolean> {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return { [key]: value };
  if (Array.isArray(value)) return { [key]: value.join(', ') };
  if (!isObject(value)) return {};
  return together(Object.entries(value).map(([name, inner]) => leaves(`${key}.${name}`, inner)));
}

function tagsOf(
  folder: string,
  { identity: { training } }: RunSpec,
  { status, error, damage }: RunGlance,
): TrackedRun['tags'] {
  const retry = training === null ? null : resolveTraining(folder, training).retry;
  return {
    status,
    ...(error !== null && { error: `${error.stage}: ${error.message}` }),
    ...(damage !== null && { damage }),
    ...(retry !== null && { retried: retry.reason }),
    program: `lightmem ${packageInfo().version}`,
  };
}

/** Means over a run's answers by judge (and by what training had of the question), what the adapter costs its base, and seconds. */
function outcomeOf(folder: string, at: string, result: RunResult): TrackedRun['outcome'] {
  const { answers, unscored, truncated, seconds, probe } = result;
  const rows = readJsonLines(join(at, RUN_FILES.rows), rowRecord);
  return {
    ...{ 'answers/count': answers, 'answers/unscored': unscored, 'answers/truncated': truncated },
    ...together([...groupBy(rows, ({ judge }) => judge)].map(([judge, own]) => scoresOf(judge, own))),
    ...(probe !== undefined && costOf(folder, probe)),
    ...Object.fromEntries(Object.entries(seconds).map(([stage, value]) => [`seconds/${stage}`, value])),
  };
}

/** A mean of nothing is no number. */
function finite(values: TrackedRun['outcome']): TrackedRun['outcome'] {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}

function scoresOf(judge: string, rows: readonly Row[]): Record<string, number> {
  const groups = [...groupBy(rows, ({ group }) => group)].filter(([group]) => group !== null);
  return {
    ...meanOf(`score/${judge}`, rows, 'score'),
    ...meanOf(`accuracy/${judge}`, rows, 'accuracy'),
    ...together(groups.map(([group, own]) => meanOf(`recall/${group ?? ''}/${judge}`, own, 'accuracy'))),
  };
}

function together<T>(records: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  return Object.fromEntries(records.flatMap((each) => Object.entries(each)));
}

/** The mean of what is scored; nothing where nothing is. */
function meanOf(key: string, rows: readonly Row[], measure: 'score' | 'accuracy'): Record<string, number> {
  const values = rows.map((row) => valueOf(row, measure)).filter((value) => value !== null);
  return values.length === 0 ? {} : { [key]: mean(values) };
}

/** What the adapter makes its base forget, as it was trained. */
function costOf(folder: string, probe: string): Record<string, number> {
  const [asTrained] = readProbe(folder, probe).points;
  if (asTrained === undefined) return {};
  const { generalRise, divergence, recall, reading } = asTrained;
  return {
    'forgetting/general_text_bits': generalRise.mean,
    'forgetting/divergence_bits': divergence.mean,
    ...(recall !== null && { 'recall/taught': recall }),
    ...(reading !== null && reading.asked > 0 && { 'forgetting/reading_lost': reading.rightToWrong / reading.asked }),
  };
}
