/** The training loop: a plan's steps, from the first or from the last checkpoint on, with a line of the log for what they gave. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { makeFolder } from '../files/flush.js';
import { appendJsonLine, linesOf, trimLines } from '../files/line-log.js';
import type { Batch } from './batches.js';
import { resumeCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { StepResult, StepTrainer, Weights } from './step-trainer.js';

/** A loss or gradient that is not a number: training stops before the weights are touched. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError';

  constructor(
    readonly step: number,
    readonly sampleIds: readonly string[],
  ) {
    super(
      `the loss is not finite at step ${step}; its batch held ${sampleIds.slice(0, 8).join(', ')}${sampleIds.length > 8 ? ' …' : ''}: lower the learning rate, or look at these samples`,
    );
  }
}

/** Throws NonFiniteLossError, naming the samples of the batches, where one of the numbers that a step gave is not finite. */
export function requireFinite(numbers: readonly number[], step: number, batches: readonly Batch[]): void {
  if (!numbers.every(Number.isFinite))
    throw new NonFiniteLossError(
      step,
      batches.flat().flatMap((row) => row.samples),
    );
}

/** One optimiser step to take. */
export interface Step {
  /** Micro-batches, whose gradients are added up. */
  readonly batches: readonly Batch[];
  readonly learningRate: number;
}

/** A step that was taken, the `step`-th from 1 on. */
export interface TakenStep extends Step {
  readonly step: number;
  readonly result: StepResult;
  readonly trainer: StepTrainer;
}

/** A line of the log. */
export interface Metric {
  /** Steps taken when it was written. */
  readonly step: number;
}

/** What a plan keeps in a checkpoint beside weights and optimiser. */
export interface Kept<C> {
  readonly counters: C;
  /** Weights of an earlier step. */
  readonly weights?: Weights;
}

/** A training as the loop carries it out: `M` is a line of its log, `C` what it counts. */
export interface TrainingPlan<M extends Metric, C extends object> {
  /** SHA-256 of all that the result of a step depends on: a checkpoint of another is not gone on from. */
  readonly identity: string;
  /** Largest global gradient norm; 0 leaves gradients as they are. */
  readonly clipNorm: number;
  readonly metrics: z.ZodType<M>;
  readonly counters: z.ZodType<C>;
  /** Goes on from what a checkpoint kept, in place of from the beginning. */
  resume(kept: Kept<C>): void;
  /** What follows after so many steps; undefined at the end. */
  next(stepsTaken: number): Step | undefined;
  /** Takes what a step gave; the line that it adds to the log, if any. */
  take(taken: TakenStep): Promise<M | undefined> | M | undefined;
  /** What is to be kept after so many steps; undefined where no checkpoint is due. */
  checkpoint(stepsTaken: number): Kept<C> | undefined;
  /** What is to be kept where training stops before its end; undefined where it cannot be gone on with from here. */
  keep(): Kept<C> | undefined;
}

/** Where a training leaves its traces, and who hears of them. */
export interface LoopOptions<M> {
  /** Gets the log, and `checkpoints/`. */
  readonly folder: string;
  /** Name of the log. */
  readonly log: string;
  readonly onMetric?: (metric: M) => void;
  readonly signal?: AbortSignal;
}

/** Where a training in a folder keeps its checkpoints. */
export const checkpointsIn = (folder: string): string => join(folder, 'checkpoints');

/**
 * Trains to the end of a plan, going on from the newest checkpoint in the folder to the same bits as without a stop; gives the log's
 * lines from the first step on. Throws NonFiniteLossError, UserError where the disk refuses, and the signal's reason when aborted: at
 * the next step from which the plan can be gone on with, after a checkpoint was written there.
 */
export async function carryOut<M extends Metric, C extends object>(
  plan: TrainingPlan<M, C>,
  trainer: StepTrainer,
  { folder, log, onMetric, signal }: LoopOptions<M>,
): Promise<readonly M[]> {
  const checkpoints = checkpointsIn(folder);
  const path = join(folder, log);
  const resumed = await resumeCheckpoint(checkpoints, trainer, plan, path);
  if (resumed) plan.resume(resumed);
  else rmSync(path, { force: true });
  makeFolder(folder);
  const lines = trimLines(path, plan.metrics, ({ step }) => step <= (resumed?.step ?? 0));
  const save = (step: number, kept: Kept<C>): Promise<void> =>
    saveCheckpoint(checkpoints, trainer, { step, identity: plan.identity, log: linesOf(path), ...kept });
  let saved = resumed?.step ?? 0;
  for (;;) {
    const before = trainer.steps;
    const next = plan.next(before);
    if (next === undefined) return lines;
    const left = signal?.aborted === true ? plan.keep() : undefined;
    if (left !== undefined) {
      if (before > saved) await save(before, left);
      signal?.throwIfAborted();
    }
    const result = await trainer.step(next.batches, next.learningRate, plan.clipNorm);
    const step = before + 1;
    requireFinite([result.loss, result.gradientNorm], step, next.batches);
    const metric = await plan.take({ ...next, step, result, trainer });
    if (metric !== undefined) {
      appendJsonLine(path, metric);
      lines.push(metric);
      onMetric?.(metric);
    }
    const kept = plan.checkpoint(step);
    if (kept === undefined) continue;
    await save(step, kept);
    saved = step;
  }
}
