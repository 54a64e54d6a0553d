/** What training again with another seed changes: measured where there are replicates, drawn towards what is usual where there are few. */
import { mean } from '../core/statistics.js';
import type { Row } from '../core/records.js';
import { questionMeans } from './question-means.js';
import { rangeOf, valueOf, type Measure } from './measure.js';

/**
 * Standard deviation between seeds that is assumed before any is measured, as a share of the standard deviation of single answers: 0.05 of
 * a score whose answers spread by 1.6. A published grid that was trained twice at three ranks had 0.021 (0.012 to 0.077).
 */
export const ASSUMED_NOISE = 0.03;
/** The assumption counts as much as a measurement with this many degrees of freedom. */
export const ASSUMED_FREEDOM = 4;

/** How far the means of runs differ that differ in their seed alone. */
export interface SeedNoise {
  /**
   * Standard deviation of a run's mean as a share of its answers' own: what was measured and what is assumed, weighed by their degrees of
   * freedom. A share, because answers that are nearly all right leave a seed little to change.
   */
  readonly share: number;
  /** Degrees of freedom, those of the assumption among them. */
  readonly freedom: number;
  /** Degrees of freedom measured: replicated runs less their configurations; 0 where everything was trained once. */
  readonly measured: number;
}

/** What is needed to know the noise: a configuration's runs and rows. */
export interface Replicated {
  readonly rank: number;
  readonly runs: readonly string[];
  readonly rows: readonly Row[];
  /** Standard deviation of its single answers by each measure; 0 with fewer than two. */
  readonly spread: Readonly<Record<Measure, number>>;
}

/** The noise between seeds of the cells of one data set and book. */
export function seedNoise(cells: readonly Replicated[], measure: Measure): SeedNoise {
  let squares = ASSUMED_FREEDOM * ASSUMED_NOISE ** 2;
  let measured = 0;
  for (const cell of cells) {
    if (cell.rank === 0 || cell.runs.length < 2 || cell.spread[measure] === 0) continue;
    const means = runMeans(cell, measure);
    const centre = mean(means);
    squares += means.reduce((sum, value) => sum + ((value - centre) / cell.spread[measure]) ** 2, 0);
    measured += Math.max(0, means.length - 1);
  }
  const freedom = ASSUMED_FREEDOM + measured;
  return { share: Math.sqrt(squares / freedom), freedom, measured };
}

/** Standard deviation of the mean of a cell's runs that training again would give; the base model is not trained, so no seed moves it. */
export function meanNoise(
  { rank, runs, spread }: Omit<Replicated, 'rows'>,
  noise: SeedNoise,
  measure: Measure,
): number {
  return rank === 0 ? 0 : (noise.share * spread[measure]) / Math.sqrt(runs.length);
}

/** Standard deviation of single answers that were scored; 0 of fewer than two. */
export function answerSpread(rows: readonly Row[], measure: Measure): number {
  const [least] = rangeOf(measure);
  let [n, sum, squares] = [0, 0, 0];
  for (const row of rows) {
    const value = row.abstention ? null : valueOf(row, measure);
    if (value === null) continue;
    n++;
    sum += value - least;
    squares += (value - least) ** 2;
  }
  return n < 2 ? 0 : Math.sqrt(Math.max(0, squares - (sum * sum) / n) / (n - 1));
}

/** Means of a cell's runs over the questions that all of them answered with a score. */
function runMeans({ runs, rows }: Replicated, measure: Measure): number[] {
  const byRun = runs.map((run) =>
    questionMeans(
      rows.filter((row) => row.run === run),
      measure,
    ),
  );
  const shared = [...(byRun[0]?.keys() ?? [])].filter((key) => byRun.every((means) => means.has(key)));
  if (shared.length === 0) return [];
  return byRun.map((means) => mean(shared.map((key) => means.get(key)?.value ?? NaN)));
}
