/** Our side of the training benches, a process of its own: trains on articles given as tokens, one or more a step, and prints what it took as JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TARGET_MODULES, type Quantisation } from '../../src/core/settings.js';
import { laneEngine } from '../../src/engine/lanes.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { INT8_RECIPE } from '../../src/models/graph/int8-weights.js';
import type { Keep } from '../../src/models/graph/training-graph.js';
import { loadModel } from '../../src/models/load.js';
import { packWithin, type PackedRow } from '../../src/models/graph/packing.js';
import { packItems } from '../../src/train/batches.js';
import { groupingOf, type GroupedSample } from '../../src/train/batch-plan.js';
import { codesKeeper, codesName } from '../../src/train/kept-codes.js';
import { Trainer, loraInitialiser, type TrainerOptions } from '../../src/train/trainer.js';

/** A question as tokens. */
export interface TokenQuestion {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

export interface TrainWorkload {
  readonly model: string;
  readonly threads: number;
  /** Micro-batches computed side by side, which share the threads. */
  readonly lanes: number;
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly quantisation: Quantisation;
  /** Whether the base is computed in integers of eight bits; the loss in the end is of f32 either way. */
  readonly int8: boolean;
  /** Where what a base in eight bits is computed with is kept; default nowhere. */
  readonly bases?: string;
  readonly keep: Keep;
  /** Articles of one optimiser step. */
  readonly articlesPerStep: number;
  /** Tokens that a micro-batch is filled up to. */
  readonly batchTokens: number;
  /** Articles; those of the first step are not timed. */
  readonly items: readonly (readonly TokenQuestion[])[];
  /** Articles that the loss is measured on in the end. */
  readonly heldOut: readonly (readonly TokenQuestion[])[];
}

export interface TrainSide {
  readonly seconds: number;
  /** Of all threads, in the timed steps: what they cost where other work takes turns on the processor. */
  readonly processorSeconds: number;
  readonly samples: number;
  /** Tokens fed and answer tokens learnt, in the timed steps. */
  readonly tokens: number;
  readonly answerTokens: number;
  readonly losses: readonly number[];
  readonly heldOut: number | null;
  /** From the start of the process to the end of the first step. */
  readonly firstStepSeconds: number;
  /** Largest resident memory up to the last step; a side that does not say it is watched from outside. */
  readonly peakBytes?: number;
}

const work = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as TrainWorkload;
const model = loadModel(work.model);
const lora = { rank: work.rank, alpha: work.alpha, rslora: false, dropout: 0, targets: [...TARGET_MODULES] };
const longest = [...work.items, ...work.heldOut].flat().map(({ prompt, answer }) => prompt.length + answer.length);

const maker = onnxRuntimeEngine({ device: 'cpu', threads: work.threads });
const lanes = work.lanes > 1 ? laneEngine({ lanes: work.lanes, threads: work.threads / work.lanes }) : null;

/** Keeps codes where the workload names a folder. */
function keptIn(calibration: readonly PackedRow[]): Pick<TrainerOptions, 'keepCodes'> {
  if (work.bases === undefined) return {};
  const identity = { model: work.model, quantisation: 'none', recipe: INT8_RECIPE, calibration } as const;
  return { keepCodes: codesKeeper({ folder: join(work.bases, codesName(identity)) }) };
}

const opened = (int8: boolean, calibration: readonly PackedRow[]): Promise<Trainer> =>
  Trainer.create({
    engine: lanes ?? maker,
    maker,
    config: model.config,
    training: { kind: 'lora', lora, ...(int8 ? { int8: INT8_RECIPE } : { quantisation: work.quantisation }) },
    initial: loraInitialiser(model.weights, 0, int8 ? 'none' : work.quantisation),
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions: Math.max(...longest),
    keep: work.keep,
    calibration,
    ...keptIn(calibration),
  });

/** Rows in micro-batches of at most `batchTokens`, a longer row alone. */
function microBatches(rows: readonly PackedRow[]): PackedRow[][] {
  const batches: PackedRow[][] = [];
  let room = 0;
  for (const row of rows) {
    if (row.ids.length > room || batches.length === 0) {
      batches.push([]);
      room = work.batchTokens;
    }
    batches.at(-1)?.push(row);
    room -= row.ids.length;
  }
  return batches;
}

const samplesOf = (items: TrainWorkload['items']): GroupedSample[] =>
  items.flatMap((group, i) => group.map((question, j) => ({ id: `${i}/${j}`, item: String(i), ...question })));

const grouping = groupingOf(samplesOf(work.items));

/** Rows of a step's samples: full, or in lanes the fewest even ones that are as many for each; a training's own rows are all full but an epoch's last. */
function stepRows(samples: readonly GroupedSample[]): PackedRow[] {
  const full = packWithin(samples, work.batchTokens);
  if (work.lanes === 1) return full;
  const count = work.lanes * Math.ceil(full.length / work.lanes);
  let even = full;
  for (let limit = work.batchTokens - 8; limit > 8; limit -= 8) {
    const rows = packWithin(samples, limit);
    if (rows.length > count) break;
    even = rows;
  }
  return even;
}

/** Rows as a training packs them: an article each, or questions of all articles where these share no more than the template's head. */
function rowsOf(items: TrainWorkload['items']): PackedRow[] {
  const samples = samplesOf(items);
  return grouping === 'items' ? packItems(samples, Infinity) : stepRows(samples);
}

const first = microBatches(rowsOf(work.items.slice(0, work.articlesPerStep)))[0] ?? [];
const trainer = await opened(work.int8, first);
let [seconds, processorSeconds, samples, tokens, answerTokens, firstStepSeconds] = [0, 0, 0, 0, 0, 0];
const losses: number[] = [];
for (let start = 0; start < work.items.length; start += work.articlesPerStep) {
  const rows = rowsOf(work.items.slice(start, start + work.articlesPerStep));
  const [started, used] = [performance.now(), process.cpuUsage()];
  const result = await trainer.step(microBatches(rows), work.learningRate, 0);
  losses.push(result.loss);
  if (start === 0) {
    firstStepSeconds = performance.now() / 1000;
    process.stderr.write(`ours: first step done after ${firstStepSeconds.toFixed(2)} s\n`);
    continue;
  }
  seconds += (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(used);
  processorSeconds += (user + system) / 1e6;
  samples += rows.reduce((total, row) => total + row.samples.length, 0);
  tokens += result.tokens;
  answerTokens += rows.reduce((total, row) => total + row.targets.length, 0);
  process.stderr.write(`ours: step ${losses.length}, loss ${result.loss.toFixed(4)}\n`);
}
const peakBytes = process.resourceUsage().maxRSS * 1024;

/** The trainer that the loss in the end is measured with: in f32. */
async function asker(): Promise<Trainer> {
  if (!work.int8) return trainer;
  const float = await opened(false, first);
  for (const [name, values] of float.trained) values.set(trainer.trained.get(name) ?? []);
  await trainer.dispose();
  return float;
}

const last = await asker();
const heldOut = work.heldOut.length === 0 ? null : await last.evaluate(rowsOf(work.heldOut).map((row) => [row]));
await last.dispose();
await lanes?.close();
const side: TrainSide = {
  ...{ seconds, processorSeconds, samples, tokens, answerTokens, losses, heldOut, firstStepSeconds, peakBytes },
};
process.stdout.write(JSON.stringify(side));
