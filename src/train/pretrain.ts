/** Pretraining: all weights of a small model learnt from scratch on an endless source of items, stage by stage. */
import { appendFileSync, mkdirSync, readFileSync, existsSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { hashJson } from '../core/hash.js';
import { Random } from '../core/random.js';
import type { Engine } from '../engine/engine.js';
import type { ModelConfig } from '../models/model.js';
import type { Parameter } from '../models/graph/network.js';
import { pack, type PackedRow } from '../models/graph/packing.js';
import { epochBatches } from './batches.js';
import { resumeCheckpoint, saveCheckpoint } from './checkpoint.js';
import { withRowTargets, type TrainingSample } from './objectives/objective.js';
import { DEFAULT_TEXT_WEIGHTS, textAndAnswers, type TextWeights } from './objectives/text-and-answers.js';
import { Trainer } from './trainer.js';

/** Where items come from: the same stage and index always give the same samples, which share one context. */
export interface PretrainingSource {
  readonly stages: number;
  samples(stage: number, index: number): readonly TrainingSample[];
  /** What defines it, for the checkpoint's identity. */
  readonly identity: string;
}

export interface PretrainingSettings extends TextWeights {
  readonly seed: number;
  /** Tokens after which training ends. */
  readonly totalTokens: number;
  /** Tokens of one step, padding included. */
  readonly batchTokens: number;
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly warmupSteps: number;
  /** Share of `totalTokens` at the end over which the learning rate falls to zero. */
  readonly decayShare: number;
  /** Share of questions answered right at which the next stage begins. */
  readonly advanceAt: number;
  /** Share of rows drawn from stages already passed. */
  readonly earlierShare: number;
  /** Rows drawn at a time, sorted by length into batches. */
  readonly poolRows: number;
  readonly checkpointEveryPools: number;
}

export const PRETRAINING_DEFAULTS: PretrainingSettings = {
  seed: 1,
  totalTokens: 40_000_000,
  batchTokens: 2048,
  learningRate: 2e-3,
  betas: [0.9, 0.98],
  weightDecay: 0.01,
  clipNorm: 1,
  warmupSteps: 100,
  decayShare: 0.25,
  ...DEFAULT_TEXT_WEIGHTS,
  advanceAt: 0.85,
  earlierShare: 0.3,
  poolRows: 48,
  checkpointEveryPools: 20,
};

/** Start values: norms one, biases zero, embeddings normal at 0.05, linear weights normal at 0.5/√in. */
export function pretrainingInitialiser(seed: number): (parameter: Parameter) => Float32Array {
  return ({ name, role, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    if (role === 'norm') return new Float32Array(size).fill(1);
    if (role === 'bias') return new Float32Array(size);
    const random = new Random(seed, 'initial', name);
    const deviation = role === 'embedding' ? 0.05 : 0.5 / Math.sqrt(shape[1] ?? 1);
    return Float32Array.from({ length: size }, () => random.normal() * deviation);
  };
}

/** Questions of a batch whose every answer token has more than half of the probability: these a greedy reader answers word for word. */
function answeredRight(batch: readonly PackedRow[], losses: Float32Array): { right: number; asked: number } {
  let place = 0;
  let right = 0;
  let asked = 0;
  for (const row of batch) {
    const wrong = new Set<number>();
    const seen = new Set<number>();
    for (const target of row.targets) {
      const loss = losses[place++] ?? Infinity;
      if (target.sample < 0) continue;
      seen.add(target.sample);
      if (!(loss < Math.LN2)) wrong.add(target.sample);
    }
    asked += seen.size;
    right += seen.size - wrong.size;
  }
  return { right, asked };
}

interface Counters {
  tokens: number;
  stage: number;
  /** Smoothed share of the current stage's questions answered right. */
  accuracy: number;
  pools: number;
  drawn: number;
  [key: string]: number;
}

export interface PretrainingReport {
  readonly step: number;
  readonly tokens: number;
  readonly stage: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
}

function rateAt(settings: PretrainingSettings, step: number, tokens: number): number {
  const warm = Math.min(1, (step + 1) / settings.warmupSteps);
  const left = (settings.totalTokens - tokens) / (settings.decayShare * settings.totalTokens);
  return settings.learningRate * warm * Math.min(1, Math.max(0.01, left));
}

/** Rows of one pool: mostly of the current stage, some of the earlier ones. */
function drawPool(
  source: PretrainingSource,
  settings: PretrainingSettings,
  counters: Counters,
): { row: PackedRow; current: boolean }[] {
  const random = new Random(settings.seed, 'pool', counters.pools);
  const objective = textAndAnswers(settings);
  return Array.from({ length: settings.poolRows }, () => {
    const earlier = counters.stage > 0 && random.uniform() < settings.earlierShare;
    const stage = earlier ? random.below(counters.stage) : counters.stage;
    const row = pack(source.samples(stage, counters.drawn++).map(objective.learnt));
    return { row: withRowTargets(objective, row, random), current: !earlier };
  });
}

/** Keeps the log's lines up to a step, so that a resumed log reads as one. */
function trimLog(path: string, step: number): void {
  if (!existsSync(path)) return;
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'));
  const kept = lines.filter((line) => (JSON.parse(line) as { step: number }).step <= step);
  truncateSync(path, 0);
  if (kept.length > 0) appendFileSync(path, kept.join('\n') + '\n');
}

/**
 * Trains until `totalTokens`, going on from the newest checkpoint in `folder`; writes `curve.jsonl` there, a line per pool.
 * Returns the trainer, whose parameters are the model.
 */
export async function pretrain(options: {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly source: PretrainingSource;
  readonly settings: PretrainingSettings;
  readonly folder: string;
  readonly onReport?: (report: PretrainingReport) => void;
}): Promise<Trainer> {
  const { config, source, settings, folder } = options;
  const trainer = await Trainer.create({
    engine: options.engine,
    config,
    training: { kind: 'all' },
    initial: pretrainingInitialiser(settings.seed),
    optimiser: { betas: settings.betas, epsilon: 1e-8, weightDecay: settings.weightDecay },
    positions: config.maxPositions,
  });
  mkdirSync(folder, { recursive: true });
  const checkpoints = join(folder, 'checkpoints');
  // The length and the pace of a run may change on resuming; everything else must not.
  const identity = hashJson({
    config,
    source: source.identity,
    settings: { ...settings, totalTokens: 0, decayShare: 0, advanceAt: 0 },
  });
  const resumed = resumeCheckpoint(checkpoints, trainer, identity);
  const counters: Counters = { tokens: 0, stage: 0, accuracy: 0, pools: 0, drawn: 0, ...resumed?.counters };
  const log = join(folder, 'curve.jsonl');
  trimLog(log, trainer.optimiser.steps);
  while (counters.tokens < settings.totalTokens) {
    const report = await trainPool(trainer, source, settings, counters);
    appendFileSync(log, JSON.stringify(report) + '\n');
    options.onReport?.(report);
    if (counters.pools % settings.checkpointEveryPools === 0 || counters.tokens >= settings.totalTokens) {
      saveCheckpoint(checkpoints, trainer, { step: trainer.optimiser.steps, identity, counters });
    }
  }
  return trainer;
}

async function trainPool(
  trainer: Trainer,
  source: PretrainingSource,
  settings: PretrainingSettings,
  counters: Counters,
): Promise<PretrainingReport> {
  const started = performance.now();
  const pool = drawPool(source, settings, counters);
  const current = new Set(pool.filter((each) => each.current).map((each) => each.row));
  const tokensBefore = counters.tokens;
  let [loss, right, asked, steps] = [0, 0, 0, 0];
  let learningRate = 0;
  for (const batch of epochBatches(
    pool.map((each) => each.row),
    settings.batchTokens,
    settings.seed,
    counters.pools,
  )) {
    learningRate = rateAt(settings, trainer.optimiser.steps, counters.tokens);
    const result = await trainer.step([batch], learningRate, settings.clipNorm);
    if (!Number.isFinite(result.loss)) throw new Error(`the loss is not finite at step ${trainer.optimiser.steps}`);
    counters.tokens += result.tokens;
    loss += result.loss;
    steps++;
    const scored = scoreCurrent(batch, current, result.losses[0] ?? new Float32Array());
    right += scored.right;
    asked += scored.asked;
  }
  counters.pools++;
  if (asked > 0) counters.accuracy = 0.9 * counters.accuracy + 0.1 * (right / asked);
  const stage = counters.stage;
  const accuracy = counters.accuracy;
  if (accuracy >= settings.advanceAt && stage < source.stages - 1) {
    counters.stage++;
    counters.accuracy = 0;
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    step: trainer.optimiser.steps,
    tokens: counters.tokens,
    stage,
    loss: loss / steps,
    accuracy,
    learningRate,
    tokensPerSecond: Math.round((counters.tokens - tokensBefore) / seconds),
  };
}

/** Scores only rows of the current stage; losses are those of the whole batch. */
function scoreCurrent(
  batch: readonly PackedRow[],
  current: ReadonlySet<PackedRow>,
  losses: Float32Array,
): { right: number; asked: number } {
  let place = 0;
  let [right, asked] = [0, 0];
  for (const row of batch) {
    const own = losses.subarray(place, place + row.targets.length);
    place += row.targets.length;
    if (!current.has(row)) continue;
    const scored = answeredRight([row], own);
    right += scored.right;
    asked += scored.asked;
  }
  return { right, asked };
}
