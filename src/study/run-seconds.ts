/** Seconds of a run's stages: as they were foreseen, and as they took. */
import { z } from 'zod';
import type { RunIdentity } from './identity.js';
import type { RunReport, RunResult } from './study-records.js';

const seconds = z.number().min(0);

/** Stages of a run in their order: loading, training, asking, judging, measuring what the adapter costs its base. */
export const runSecondsRecord = z.object({
  start: seconds,
  train: seconds,
  ask: seconds,
  judge: seconds,
  probe: seconds,
});
export type RunSeconds = Readonly<z.infer<typeof runSecondsRecord>>;
export type SecondsOf = keyof RunSeconds;

export const STAGE_SECONDS = Object.keys(runSecondsRecord.shape) as readonly SecondsOf[];

/** What a run was foreseen to take, as the study's record keeps it. */
export const runEstimateRecord = z.object({
  /** Runs of one kind are foreseen rightly or wrongly alike: the book, and behind a blank what else tells them apart. */
  kind: z.string(),
  /** Name of the training's folder; null for the base. Runs that share one train it once. */
  training: z.string().nullable(),
  answers: z.number().int().min(0),
  seconds: runSecondsRecord,
  /** Of its process at its most. */
  memoryBytes: z.number().int().min(0),
});
export type RunEstimate = Readonly<z.infer<typeof runEstimateRecord>>;

/** Seconds of every stage, by its name. */
export function eachStage(secondsOf: (stage: SecondsOf) => number): RunSeconds {
  return {
    start: secondsOf('start'),
    train: secondsOf('train'),
    ask: secondsOf('ask'),
    judge: secondsOf('judge'),
    probe: secondsOf('probe'),
  };
}

/** All stages together. */
export function wholeSeconds(stages: RunSeconds): number {
  return STAGE_SECONDS.reduce((sum, stage) => sum + stages[stage], 0);
}

/** The kind of a run: its book, what it trains on and what it is compared with. */
export function kindOf({ book, rank, text }: RunIdentity): string {
  const parts = [text?.form, text?.control, rank === 0 ? 'base' : undefined];
  return [book, ...parts.filter((part) => part !== undefined)].join(' ');
}

/** Seconds of the stages that a result tells of whole; what was there before, or in part, tells nothing. */
export function tookSeconds({ seconds: took, work, answers }: RunResult, estimate: RunEstimate): Partial<RunSeconds> {
  const isAsked = work.questions > 0 && work.questions >= estimate.answers;
  const isJudged = work.judgements > 0 && work.judgements >= answers;
  return {
    ...(took.loading !== undefined && { start: took.loading }),
    ...(work.trainings > 0 && { train: took.training }),
    ...(isAsked && { ask: took.asking }),
    ...(isJudged && { judge: took.judging }),
    ...(took.probing !== undefined && { probe: took.probing }),
  };
}

/** A run whose training is there already, or another's. */
export function untrained(estimate: RunEstimate): RunEstimate {
  return { ...estimate, seconds: { ...estimate.seconds, train: 0 } };
}

/** Seconds foreseen and taken, of the stages that a run carried out itself. */
export function comparedSeconds(
  result: RunResult,
  estimate: RunEstimate,
): { readonly foreseenSeconds: number; readonly tookSeconds: number } {
  const took = tookSeconds(result, estimate);
  return {
    foreseenSeconds: wholeSeconds(eachStage((stage) => (took[stage] === undefined ? 0 : estimate.seconds[stage]))),
    tookSeconds: wholeSeconds(eachStage((stage) => took[stage] ?? 0)),
  };
}

/** Of a run under way, seconds of its foreseen stages that are behind it. */
export function secondsBehind(stages: RunSeconds, { stage, share }: RunReport): number {
  const { start, train, ask, judge, probe } = stages;
  switch (stage) {
    case 'loading':
      return start * share;
    case 'training':
      return start + train * share;
    case 'asking':
      return start + train + ask * share;
    case 'judging':
      return start + train + ask + judge * share;
    case 'probing':
      return start + train + ask + judge + probe * share;
  }
}
