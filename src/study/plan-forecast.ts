/** What a plan will take and what of it is there, before anything starts: runs and what they share, time, memory, tokens and money. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { distinctBy, sumOf } from '../core/collections.js';
import { namesIn } from '../files/names-in.js';
import type { SpendForecast } from '../compress/spend-forecast.js';
import { runCost, type RunCost } from './estimate.js';
import { formSetRecord, setsOfRuns } from './form-set-text.js';
import { answersHash, identityHash, runName, type RunIdentity } from './identity.js';
import type { JudgeForecast } from './judge-forecast.js';
import { KNOWN_MODELS, type KnownModel } from './known-models.js';
import { STUDY_FILES, trainingName, TRAINING_FILES } from './layout.js';
import { placementHere } from './placement.js';
import type { StudyPlan } from './plan.js';
import { glanceRuns, type RunGlance } from './run-glance.js';
import { memoryWith } from './run-memory.js';
import { wholeSeconds, type RunSeconds } from './run-seconds.js';
import { runFolderName, type PlannedRun } from './run-spec.js';
import { estimatesOf } from './study-estimates.js';
import { studyOutlook } from './study-outlook.js';
import type { StudyEstimates } from './study-record.js';
import { resolveTraining } from './training-store.js';

export interface PlanForecast {
  readonly folder: string;
  /** In the plan's order. */
  readonly runs: readonly PlannedCost[];
  /** Things that several runs use, each made once: how many there are, how many runs use them, how many are there. */
  readonly shared: { readonly trainings: Shared; readonly samples: Shared; readonly baseAnswers: Shared };
  /** Runs that are done, all their answers scored. */
  readonly done: number;
  /** What is left to do, runs one after another, each training once; and until all is done. */
  readonly left: {
    readonly runs: number;
    readonly trainTokens: number;
    readonly answers: number;
    readonly seconds: number;
    readonly wallSeconds: number;
  };
  /** Money for texts, questions and rewrites, and judges, at the prices given; null where none is given. */
  readonly cost: number | null;
  readonly workers: number;
  readonly threads: number;
  readonly memory: MemoryForecast;
  readonly texts: SpendForecast | null;
  readonly forms: SpendForecast | null;
  readonly samples: readonly ReturnType<typeof formSetRecord>[];
  readonly judging: readonly JudgeForecast[];
}

export interface Shared {
  readonly distinct: number;
  readonly runs: number;
  readonly there: number;
}

/** A run with its cost, whatever of it is there. */
export interface PlannedCost extends RunCost {
  readonly run: string;
  readonly status: RunGlance['status'];
  /** All stages together. */
  readonly seconds: number;
  readonly stages: RunSeconds;
  readonly memoryBytes: number;
}

export interface MemoryForecast {
  /** What the run takes that takes most, at its most. */
  readonly mostBytes: number;
  /** What is free on this machine; null where runs go elsewhere, so that it is not known. */
  readonly freeBytes: number | null;
  /** Runs that need more than is free. */
  readonly tight: readonly { readonly run: string; readonly bytes: number }[];
  /** The largest well-known model whose runs in this plan have room in what is free; null where none has, or that is not known. */
  readonly largestModel: { readonly name: string; readonly bytes: number } | null;
}

/** Foresees a plan in a study's folder, which need not be there; reads the small files of its runs alone. */
export function planForecast(plan: StudyPlan, folder: string): PlanForecast {
  const { config, model, runs, texts, forms, judging } = plan;
  const { workers, threads, memoryBytes: freeBytes } = placementHere(config.executor, model);
  const estimates = estimatesOf(plan, { workers, threads });
  const glances = glanceRuns(
    folder,
    runs.map(({ spec }) => runFolderName(spec)),
  );
  const trained = trainingsIn(folder);
  const costs = runs.map((run, i): PlannedCost => {
    const { seconds: stages, memoryBytes } = estimateOf(estimates, glances[i]);
    const status = glances[i]?.status ?? 'waiting';
    const name = runName(run.spec.identity);
    return { run: name, ...runCost(run, model.tokenizer), status, seconds: wholeSeconds(stages), stages, memoryBytes };
  });
  const isOpen = glances.map(({ result }) => result === null || result.unscored > 0);
  const { done, total, secondsLeft } = studyOutlook(folder, glances, estimates).prospect;
  return {
    ...{ folder, runs: costs, workers, threads, judging },
    shared: sharedOf(plan, glances, trained),
    done: isOpen.filter((open) => !open).length,
    left: {
      runs: isOpen.filter((open) => open).length,
      trainTokens: tokensLeft(plan, costs, trained),
      answers: sumOf(costs.map(({ answers }, i) => (glances[i]?.result === null ? answers : 0))),
      ...{ seconds: total - done, wallSeconds: secondsLeft },
    },
    cost: moneyOf([texts?.forecast, forms?.forecast, ...judging]),
    memory: memoryOf(plan, costs, freeBytes),
    ...{ texts: texts?.forecast ?? null, forms: forms?.forecast ?? null },
    samples: setsOfRuns(runs).map(formSetRecord),
  };
}

function estimateOf({ runs }: StudyEstimates, glance: RunGlance | undefined) {
  const estimate = runs[glance?.name ?? ''];
  if (estimate === undefined) throw new Error('a run of the plan was not estimated');
  return estimate;
}

/** Tokens of trainings that are not there, each counted once. */
function tokensLeft({ runs }: StudyPlan, costs: readonly PlannedCost[], isTrained: IsTrained): number {
  const tokens = new Map<string, number>();
  for (const [i, { spec }] of runs.entries()) {
    const { training } = spec.identity;
    if (training !== null && !isTrained(training)) tokens.set(identityHash(training), costs[i]?.trainTokens ?? 0);
  }
  return sumOf([...tokens.values()]);
}

type Training = NonNullable<RunIdentity['training']>;

/** Whether a training is there, or the one with half its micro-batch that stands for it. */
type IsTrained = (training: Training) => boolean;

function trainingsIn(folder: string): IsTrained {
  const there = namesIn(join(folder, STUDY_FILES.trainings));
  return (training) =>
    there.has(trainingName(training)) &&
    existsSync(join(resolveTraining(folder, training).folder, TRAINING_FILES.training));
}

function sharedOf({ runs }: StudyPlan, glances: readonly RunGlance[], isTrained: IsTrained): PlanForecast['shared'] {
  const trained = runs.flatMap(({ spec: { identity } }) => identity.training ?? []);
  const trainings = new Map(trained.map((training) => [identityHash(training), training]));
  const samples = new Set(trained.map((training) => training.samples));
  const base = runs.flatMap(({ spec: { identity } }, i) =>
    identity.rank === 0 ? [{ hash: answersHash(identity, null), isThere: glances[i]?.status === 'done' }] : [],
  );
  const there = new Set(base.filter(({ isThere }) => isThere).map(({ hash }) => hash));
  const made = [...trainings.values()].filter(isTrained);
  return {
    trainings: { distinct: trainings.size, runs: trained.length, there: made.length },
    samples: {
      ...{ distinct: samples.size, runs: trained.length },
      there: new Set(made.map((training) => training.samples)).size,
    },
    baseAnswers: { distinct: new Set(base.map(({ hash }) => hash)).size, runs: base.length, there: there.size },
  };
}

function moneyOf(forecasts: readonly ({ readonly cost: number | null } | undefined)[]): number | null {
  const costs = forecasts.flatMap((forecast) => forecast?.cost ?? []);
  return costs.length === 0 ? null : sumOf(costs);
}

function memoryOf({ runs, model }: StudyPlan, costs: readonly PlannedCost[], freeBytes: number): MemoryForecast {
  const each = costs.map(({ run, memoryBytes: bytes }) => ({ run, bytes }));
  const mostBytes = each.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  if (freeBytes === Infinity) return { mostBytes, freeBytes: null, tight: [], largestModel: null };
  const sizes = model.kind === 'served' ? [] : knownSizes(runs);
  return {
    mostBytes,
    freeBytes,
    tight: each.filter(({ bytes }) => bytes > freeBytes),
    largestModel: sizes.findLast(({ bytes }) => bytes <= freeBytes) ?? null,
  };
}

/** What the runs would take at their most with each well-known model in the study's place. */
function knownSizes(runs: readonly PlannedRun[]): { name: string; bytes: number }[] {
  const kinds = distinctBy(runs, ({ spec: { identity }, set }) => memoryKey(identity, set !== undefined));
  return KNOWN_MODELS.map(({ name, config }: KnownModel) => ({
    name,
    bytes: kinds.reduce((most, run) => Math.max(most, memoryWith(run, config)), 0),
  }));
}

/** Runs that take the same memory have the same. */
function memoryKey({ training }: RunIdentity, ofTexts: boolean): string {
  const { batchTokens, maxLength, gradientCheckpointing, lora } = training?.settings ?? {};
  return JSON.stringify([batchTokens, maxLength, gradientCheckpointing, lora?.rank, ofTexts]);
}
