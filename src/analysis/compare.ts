/** Paired comparison of two cells on the same questions, clustered by item, widened by what training again with another seed changes. */
import { mean, pairedDifference, type DifferenceEstimate } from '../core/statistics.js';
import type { Cell } from './group.js';
import { probit } from 'simple-statistics';
import { withUnseenAnswers } from './certainty.js';
import { rangeOf, valueOf, type Measure } from './measure.js';

/** With fewer items than this, even a difference of one sign on all of them is no evidence at 95 % (sign test: 2 · 0.5⁵ = 0.06). */
export const FEWEST_ITEMS = 6;

/** How far the means of runs differ that differ in their seed alone. */
export interface ReplicateNoise {
  /** Standard deviation of a run's mean, pooled over the replicated cells. */
  readonly deviation: number;
  /** Degrees of freedom: replicated runs less their cells. */
  readonly freedom: number;
}

export interface Comparison extends DifferenceEstimate {
  /** Whether the interval excludes zero, on enough items to say so. */
  readonly detectable: boolean;
  /** Whether the interval counts the noise between seeds. */
  readonly seedNoiseCounted: boolean;
}

export interface CompareOptions {
  readonly noise?: ReplicateNoise | null;
  /** Resamples of the bootstrap; default 2,000. */
  readonly resamples?: number;
  /** How many comparisons are made at once: their intervals hold at 95 % for all together (Bonferroni). Default 1. */
  readonly family?: number;
}

/** Mean difference a − b over the questions both answered; replicates are averaged per question first. */
export function compareCells(a: Cell, b: Cell, measure: Measure, options: CompareOptions = {}): Comparison {
  const [least, most] = rangeOf(measure);
  const limits = [least - most, most - least] as const;
  const level = 1 - 0.05 / Math.max(1, options.family ?? 1);
  const resampled = pairedDifference(pairsOf(a, b, measure), { resamples: options.resamples ?? 2000, level });
  const paired = withUnseenAnswers(resampled, limits);
  const noise = options.noise ?? null;
  const widened =
    noise === null ? paired : within(limits, widen(paired, noise, replicateShare(a) + replicateShare(b), level));
  return { ...widened, detectable: isDetectable(widened), seedNoiseCounted: noise !== null };
}

/** The noise between seeds, from every cell trained more than once; null where none was. */
export function replicateNoise(cells: readonly Cell[], measure: Measure): ReplicateNoise | null {
  let squares = 0;
  let freedom = 0;
  for (const cell of cells) {
    if (cell.rank === 0 || cell.runs.length < 2) continue;
    const means = runMeans(cell, measure);
    const centre = mean(means);
    squares += means.reduce((sum, value) => sum + (value - centre) ** 2, 0);
    freedom += Math.max(0, means.length - 1);
  }
  return freedom === 0 ? null : { deviation: Math.sqrt(squares / freedom), freedom };
}

/** A cell's value per question, averaged over its runs: keyed by item and question. */
export function questionMeans(cell: Cell, measure: Measure): Map<string, { cluster: string; value: number }> {
  const sums = new Map<string, { cluster: string; sum: number; n: number }>();
  for (const row of cell.rows) {
    const value = row.abstention ? null : valueOf(row, measure);
    if (value === null) continue;
    const key = JSON.stringify([row.item, row.question]);
    const entry = sums.get(key) ?? { cluster: row.item, sum: 0, n: 0 };
    sums.set(key, { cluster: row.item, sum: entry.sum + value, n: entry.n + 1 });
  }
  return new Map([...sums].map(([key, { cluster, sum, n }]) => [key, { cluster, value: sum / n }]));
}

function pairsOf(a: Cell, b: Cell, measure: Measure): { cluster: string; a: number; b: number }[] {
  const others = questionMeans(b, measure);
  return [...questionMeans(a, measure)].flatMap(([key, { cluster, value }]) => {
    const other = others.get(key);
    return other === undefined ? [] : [{ cluster, a: value, b: other.value }];
  });
}

/** 1 / runs; the base model is not trained, so no seed moves it. */
function replicateShare(cell: Cell): number {
  return cell.rank === 0 ? 0 : 1 / cell.runs.length;
}

/** Independent errors add in squares, on each side of the estimate. */
function widen(estimate: DifferenceEstimate, noise: ReplicateNoise, shares: number, level: number): DifferenceEstimate {
  const { difference, low, high, standardError } = estimate;
  const error = noise.deviation * Math.sqrt(shares);
  const reach = studentQuantile(noise.freedom, (1 + level) / 2) * error;
  return {
    ...estimate,
    low: difference - Math.hypot(difference - low, reach),
    high: difference + Math.hypot(high - difference, reach),
    standardError: Math.hypot(standardError, error),
  };
}

function within([least, most]: readonly [number, number], estimate: DifferenceEstimate): DifferenceEstimate {
  return { ...estimate, low: Math.max(least, estimate.low), high: Math.min(most, estimate.high) };
}

function isDetectable({ low, high, clusters }: DifferenceEstimate): boolean {
  return clusters >= FEWEST_ITEMS && (low > 0 || high < 0);
}

/** Means of a cell's runs over the questions that all of them answered with a score. */
function runMeans(cell: Cell, measure: Measure): number[] {
  const byRun = cell.runs.map((run) =>
    questionMeans({ ...cell, rows: cell.rows.filter((row) => row.run === run) }, measure),
  );
  const shared = [...(byRun[0]?.keys() ?? [])].filter((key) => byRun.every((means) => means.has(key)));
  if (shared.length === 0) return [];
  return byRun.map((means) => mean(shared.map((key) => means.get(key)?.value ?? NaN)));
}

/** The quantile of Student's t at p: exact below 3 degrees of freedom, above by its expansion around the normal's (Abramowitz and Stegun 26.7.5). */
export function studentQuantile(freedom: number, p: number): number {
  if (freedom === 1) return Math.tan(Math.PI * (p - 0.5));
  if (freedom === 2) return (2 * p - 1) / Math.sqrt(2 * p * (1 - p));
  const z = probit(p);
  const terms = [
    z,
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, power) => sum + term / freedom ** power, 0);
}
