/** Pretraining as a plan: rows drawn pool by pool from an endless source, stage after stage as questions are answered right. */
import { z } from 'zod';
import { sumOf } from '../core/collections.js';
import { hashJson } from '../core/hash.js';
import { Random } from '../core/random.js';
import type { ModelConfig } from '../models/model.js';
import { pack, type PackedRow } from '../models/graph/packing.js';
import { epochBatches, type Batch } from './batches.js';
import type { Kept, Step, TakenStep, TrainingPlan } from './loop.js';
import { withRowTargets, type TrainingSample } from './objectives/objective.js';
import { textAndAnswers, type TextWeights } from './objectives/text-and-answers.js';
import { learningRateAt } from './schedule.js';

/** Where items come from: the same stage and index always give the same samples, which share one context. */
export interface PretrainingSource {
  readonly stages: number;
  samples(stage: number, index: number): readonly TrainingSample[];
  /** What defines it, for the checkpoint's identity. */
  readonly identity: string;
}

/** Settings of a pretraining: data, kept whole in its checkpoint's identity but for its length and pace. */
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
  /** Stage to begin with, for weights that have passed those before; default 0, the first. */
  readonly firstStage?: number;
}

const reportSchema = z.object({
  step: z.int(),
  tokens: z.int(),
  stage: z.int(),
  loss: z.number(),
  accuracy: z.number(),
  learningRate: z.number(),
  tokensPerSecond: z.number(),
});

/** A line of a pretraining's log: one pool. */
export type PretrainingReport = Readonly<z.infer<typeof reportSchema>>;

/** `accuracy` is the smoothed share of the current stage's questions answered right. */
const countersSchema = z.object({
  tokens: z.int(),
  stage: z.int(),
  accuracy: z.number(),
  pools: z.int(),
  drawn: z.int(),
});

/** What a checkpoint keeps. */
export type PretrainingCounters = z.infer<typeof countersSchema>;

/** Questions that were asked, and those of them that were answered right. */
interface Score {
  readonly right: number;
  readonly asked: number;
}

/** A row's questions of which every answer token has more than half of the probability: these a greedy reader answers word for word. */
function scoreOf(row: PackedRow, losses: Float32Array): Score {
  const answered = row.targets.flatMap(({ sample }, i) =>
    sample < 0 ? [] : [{ sample, loss: losses[i] ?? Infinity }],
  );
  const asked = new Set(answered.map(({ sample }) => sample));
  const wrong = new Set(answered.flatMap(({ sample, loss }) => (loss < Math.LN2 ? [] : [sample])));
  return { right: asked.size - wrong.size, asked: asked.size };
}

/** A pool of rows as batches, and what came of those that were trained on. */
interface Pool {
  readonly batches: readonly Batch[];
  /** Rows of the current stage that ask something; only these are scored. */
  readonly current: ReadonlySet<PackedRow>;
  readonly started: number;
  /** What was counted when it was drawn. */
  readonly before: PretrainingCounters;
  readonly losses: number[];
  readonly scores: Score[];
  tokens: number;
}

/** Scores a batch's rows of the current stage; losses are those of the whole batch. */
function scoresOf(batch: Batch, losses: Float32Array, { current }: Pool): Score[] {
  let start = 0;
  return batch.flatMap((row) => {
    const own = losses.subarray(start, (start += row.targets.length));
    return current.has(row) ? [scoreOf(row, own)] : [];
  });
}

/** The length and the pace of a training may change on resuming; everything else must not. */
function identityOf(config: ModelConfig, source: PretrainingSource, settings: PretrainingSettings): string {
  const fixed = { ...settings, totalTokens: 0, decayShare: 0, advanceAt: 0 };
  return hashJson({ config, source: source.identity, settings: fixed });
}

/** Pools of rows until so many tokens were trained on. */
export class PretrainingPlan implements TrainingPlan<PretrainingReport, PretrainingCounters> {
  readonly identity: string;
  readonly clipNorm: number;
  readonly metrics = reportSchema;
  readonly counters = countersSchema;
  readonly #source: PretrainingSource;
  readonly #settings: PretrainingSettings;
  #count: PretrainingCounters;
  #pool: Pool | undefined;

  constructor(config: ModelConfig, source: PretrainingSource, settings: PretrainingSettings) {
    this.identity = identityOf(config, source, settings);
    this.clipNorm = settings.clipNorm;
    this.#source = source;
    this.#settings = settings;
    this.#count = { tokens: 0, stage: settings.firstStage ?? 0, accuracy: 0, pools: 0, drawn: 0 };
  }

  resume({ counters }: Kept<PretrainingCounters>): void {
    this.#count = { ...counters };
  }

  /** The pool's next batch, of a new pool where the last is used up; the end is that of a pool. */
  next(stepsTaken: number): Step | undefined {
    const { tokens } = this.#count;
    if (!this.#pool && tokens >= this.#settings.totalTokens) return undefined;
    this.#pool ??= this.#drawPool();
    const batch = this.#pool.batches[this.#pool.losses.length] ?? [];
    const moment = { step: stepsTaken, done: tokens, total: this.#settings.totalTokens };
    return {
      batches: [batch],
      learningRate: learningRateAt(moment, { ...this.#settings, schedule: 'trapezoid' }),
    };
  }

  take(taken: TakenStep): PretrainingReport | undefined {
    const pool = this.#pool;
    const { loss, tokens, losses } = taken.result;
    if (!pool) throw new Error('a step was taken that was not planned');
    this.#count.tokens += tokens;
    pool.tokens += tokens;
    pool.losses.push(loss);
    pool.scores.push(...scoresOf(taken.batches[0] ?? [], losses[0] ?? new Float32Array(), pool));
    if (pool.losses.length < pool.batches.length) return undefined;
    this.#pool = undefined;
    return this.#endPool(pool, taken);
  }

  /** Every so many pools, and at the end. */
  checkpoint(): Kept<PretrainingCounters> | undefined {
    const { pools, tokens } = this.#count;
    const { checkpointEveryPools, totalTokens } = this.#settings;
    const isDue = pools % checkpointEveryPools === 0 || tokens >= totalTokens;
    return isDue ? this.keep() : undefined;
  }

  /** Between pools: what a pool has given so far is not kept. */
  keep(): Kept<PretrainingCounters> | undefined {
    if (this.#pool === undefined) return { counters: { ...this.#count } };
    return this.#pool.losses.length === 0 ? { counters: this.#pool.before } : undefined;
  }

  /** Rows mostly of the current stage, some of the earlier ones. */
  #drawPool(): Pool {
    const { seed, poolRows, batchTokens } = this.#settings;
    const random = new Random(seed, 'pool', this.#count.pools);
    const before = { ...this.#count };
    const rows = Array.from({ length: poolRows }, () => this.#drawRow(random));
    return {
      batches: epochBatches(
        rows.map(({ row }) => row),
        batchTokens,
        seed,
        this.#count.pools,
      ),
      current: new Set(rows.flatMap(({ row, isCurrent }) => (isCurrent ? [row] : []))),
      ...{ started: performance.now(), before },
      ...{ losses: [], scores: [], tokens: 0 },
    };
  }

  #drawRow(random: Random): { row: PackedRow; isCurrent: boolean } {
    const { stage } = this.#count;
    const objective = textAndAnswers(this.#settings);
    const isCurrent = !(stage > 0 && random.uniform() < this.#settings.earlierShare);
    const samples = this.#source.samples(isCurrent ? stage : random.below(stage), this.#count.drawn++);
    const row = withRowTargets(objective, pack(samples.map(objective.learnt)), random);
    return { row, isCurrent: isCurrent && samples.every(({ form }) => form === undefined) };
  }

  /** Counts a pool that was trained on, and goes on to the next stage where the current one's questions are answered. */
  #endPool(pool: Pool, { step, learningRate }: TakenStep): PretrainingReport {
    const count = this.#count;
    const [right, asked] = [sumOf(pool.scores.map((each) => each.right)), sumOf(pool.scores.map((each) => each.asked))];
    count.pools++;
    if (asked > 0) count.accuracy = 0.9 * count.accuracy + 0.1 * (right / asked);
    const { tokens, stage, accuracy } = count;
    if (accuracy >= this.#settings.advanceAt && stage < this.#source.stages - 1)
      Object.assign(count, { stage: stage + 1, accuracy: 0 });
    const seconds = (performance.now() - pool.started) / 1000;
    const loss = sumOf(pool.losses) / pool.losses.length;
    return { step, tokens, stage, loss, accuracy, learningRate, tokensPerSecond: Math.round(pool.tokens / seconds) };
  }
}
