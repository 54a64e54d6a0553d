/** What a fit came to as plain data: what summary, page and programs read. */
import type { KnowledgeCell } from '../analysis/knowledge/knowledge.js';
import type { MeanEstimate } from '../core/statistics.js';
import { candidateKey, candidateText, type Candidate } from './candidate.js';
import { forgets, type ChoiceStep } from './choice.js';
import type { FitResult } from './fit.js';
import type { FitSettings } from './fit-settings.js';
import type { Measurement } from './measure.js';
import type { RankFloor } from './rank-floor.js';
import type { TrialResult } from './trials.js';

export type Interval = Pick<MeanEstimate, 'mean' | 'low' | 'high'>;

/** One candidate in one rung. */
export interface TriedRow extends Candidate {
  readonly name: string;
  readonly exposures: number;
  /** Share answered right of what the base does not know; null where it was not finished. */
  readonly recall: Interval | null;
  readonly tokens: number | null;
  readonly seconds: number | null;
  /** Rise of the loss on general text, in bits a token. */
  readonly forgetting: number | null;
  readonly became: 'chosen' | 'went on' | 'dropped' | 'compared' | 'failed' | 'no time left';
}

export interface FitOutcome {
  readonly version: 1;
  readonly command: string;
  readonly model: string;
  readonly folder: string;
  /** Folder of the adapter, as PEFT reads it. */
  readonly adapter: string;
  readonly chosen: Candidate & { readonly name: string; readonly exposures: number };
  readonly recall: Interval;
  /** The base without any text, and where it reads the chosen level's; null where nothing counts. */
  readonly floor: Interval | null;
  readonly ceiling: Interval | null;
  /** An adapter of the documents kept apart, asked the same; null without any. */
  readonly otherDocuments: Interval | null;
  readonly facts: number;
  readonly bits: number | null;
  readonly parameters: number | null;
  readonly bitsPerParameter: number | null;
  readonly trainedTokens: number | null;
  readonly forgetting: Forgetting;
  readonly measured: Measurement;
  readonly rank: RankFloor;
  readonly tried: readonly TriedRow[];
  readonly left: readonly { readonly name: string; readonly reason: string }[];
  /** Why this one of the last rung. */
  readonly reasons: readonly string[];
  readonly budget: {
    readonly text: string;
    readonly unit: 'seconds' | 'tokens';
    readonly amount: number;
    readonly spent: number;
  };
}

export interface Forgetting {
  /** Rise of the loss on general text, in bits a token; null where it was not measured. */
  readonly rise: Interval | null;
  /** The most that is allowed; null for no limit. */
  readonly limit: number | null;
  readonly exceeds: boolean;
  /** The same adapter at lower strengths, and cut to smaller ranks. */
  readonly variants: readonly {
    readonly scale: number;
    readonly rank: number;
    readonly recall: number | null;
    readonly rise: number;
  }[];
}

/** Puts it together. */
export function outcomeOf(settings: FitSettings, model: string, result: FitResult): FitOutcome {
  const { plan, candidate, exposures, final, choice, spent } = result;
  const { cell, knowledge } = final;
  const { rates } = plan;
  return {
    ...{ version: 1, command: settings.command, model, folder: settings.out, adapter: final.adapter },
    chosen: { ...candidate, name: candidateText(candidate, rates), exposures },
    recall: interval(cell.trained),
    floor: optional(knowledge?.floor),
    ceiling: optional(knowledge?.ceiling.get(cell.level)),
    otherDocuments: optional(knowledge?.others.get(cell.form)?.recall),
    ...{ facts: cell.facts, bits: cell.bits, parameters: cell.parameters, bitsPerParameter: cell.bitsPerParameter },
    trainedTokens: cell.tokens,
    forgetting: forgettingOf(settings, cell),
    ...{ measured: plan.measured, rank: plan.floor },
    tried: result.trials.flatMap((rung, i) => rung.map((trial) => triedRow(trial, result.trials[i + 1], result))),
    left: plan.left.map(({ candidate: each, reason }) => ({ name: candidateText(each, rates), reason })),
    reasons: [
      bestReason(choice.best),
      ...choice.steps.map((step) => stepReason(step, settings)),
      ...(choice.allForget ? ['Every adapter forgets more than allowed, so that the limit decided nothing.'] : []),
    ],
    budget: { ...settings.budget, spent },
  };
}

function interval({ mean, low, high }: MeanEstimate): Interval {
  return { mean, low, high };
}

function optional(estimate: MeanEstimate | null | undefined): Interval | null {
  return estimate == null ? null : interval(estimate);
}

function forgettingOf(settings: FitSettings, cell: KnowledgeCell): Forgetting {
  const { maxForgetting } = settings.choice;
  const variants = (cell.cost?.variants ?? []).map(({ scale, rank, recall, generalRise }) => ({
    ...{ scale, rank, recall },
    rise: generalRise.mean,
  }));
  return {
    rise: optional(cell.cost?.generalRise),
    ...{ limit: maxForgetting, exceeds: forgets(cell, settings.choice), variants },
  };
}

function triedRow(
  { candidate, exposures, cell, run }: TrialResult,
  next: readonly TrialResult[] | undefined,
  result: FitResult,
): TriedRow {
  const key = candidateKey(candidate);
  const isChosen = key === candidateKey(result.candidate) && exposures === result.exposures;
  const goesOn = next?.some((each) => candidateKey(each.candidate) === key) === true;
  return {
    ...{ ...candidate, name: candidateText(candidate, result.plan.rates), exposures },
    recall: cell === null ? null : interval(cell.trained),
    ...{ tokens: cell?.tokens ?? null, seconds: run?.seconds ?? null },
    forgetting: cell?.cost?.generalRise.mean ?? null,
    became: isChosen ? 'chosen' : cell === null ? unfinished(run) : stayed(goesOn, next),
  };
}

function unfinished(run: TrialResult['run']): TriedRow['became'] {
  return run === null ? 'no time left' : 'failed';
}

function stayed(goesOn: boolean, next: readonly TrialResult[] | undefined): TriedRow['became'] {
  if (goesOn) return 'went on';
  return next === undefined ? 'compared' : 'dropped';
}

/** `71.7 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const points = (share: number): string => `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)}`;

function nameOf({ form, level, rank }: KnowledgeCell): string {
  return `${form}, ${level === 'original' ? 'the original' : level}, rank ${rank}`;
}

function bestReason(best: KnowledgeCell): string {
  return `Of those shown every fact ${best.exposures} times, ${nameOf(best)} recalls most: ${percent(best.trained.mean)}.`;
}

function stepReason({ kind, cell, contrast, taken }: ChoiceStep, { choice: { margin } }: FitSettings): string {
  const what = kind === 'rank' ? 'The smaller rank' : 'The cheaper level';
  if (contrast === null) return `${what} (${nameOf(cell)}) was asked nothing that the best was.`;
  const { difference, lower } = contrast;
  const evidence = `${points(difference)} points against the best, above ${points(lower)} at 95 %, one-sided`;
  const end = taken
    ? `keeps up: a loss of ${percent(margin)} is excluded`
    : `is not shown to keep up within ${percent(margin)}`;
  return `${what} (${nameOf(cell)}) ${end} (${evidence}).`;
}
