/** The mean of values that have a least and a greatest, with an interval that stays within them and keeps its promise near their ends. */
import type { MeanEstimate } from './statistics.js';
import { studentQuantile } from './student.js';

export interface BoundedOptions {
  /** The least and the greatest value there can be. */
  readonly range: readonly [number, number];
  /** Variance that does not come from the clusters, e.g. of training again; with the degrees of freedom it is known with. Default none. */
  readonly noise?: { readonly variance: number; readonly freedom: number };
  /** Coverage, between 0 and 1; default 0.95. */
  readonly level?: number;
}

/** Correlation within a cluster that is assumed where values are too much alike to show one. */
const ASSUMED_CORRELATION = 0.5;
/** As many clusters with an unlike value make the measured variance count as much as the assumed one. */
const ENOUGH_UNLIKE = 8;

/**
 * Mean with Wilson's interval (1927), on the number of independent right-or-wrong answers that would err as much: n over the design effect
 * measured between clusters. Where few clusters hold any unlike value, that effect is shrunk to what a correlation of 0.5 within clusters
 * gives. Quantiles are Student's. low, high and standardError are NaN with fewer than two clusters.
 */
export function boundedMean(
  rows: readonly { readonly cluster: string; readonly value: number }[],
  { range: [least, most], noise = { variance: 0, freedom: 1 }, level = 0.95 }: BoundedOptions,
): MeanEstimate {
  const width = most - least;
  const clusters = gathered(rows, least, width);
  const n = rows.length;
  const p = [...clusters.values()].reduce((sum, each) => sum + each.sum, 0) / n;
  const mean = rows.reduce((sum, { value }) => sum + value, 0) / n;
  const counts = { mean, n, clusters: clusters.size };
  if (clusters.size < 2) return { low: NaN, high: NaN, standardError: NaN, ...counts };
  const sampling = samplingVariance([...clusters.values()], p, n);
  const trainings = noise.variance / width ** 2;
  const variance = sampling + (p * (1 - p) > 0 ? trainings : 0);
  const freedom = variance ** 2 / (sampling ** 2 / (clusters.size - 1) + (variance - sampling) ** 2 / noise.freedom);
  const [low, high] = wilson(p, variance, studentQuantile(freedom, (1 + level) / 2), n);
  return {
    low: least + width * low,
    high: least + width * high,
    standardError: width * Math.sqrt(variance),
    ...counts,
  };
}

interface Gathered {
  n: number;
  sum: number;
  /** Whether any value is below the greatest; above the least. */
  below: boolean;
  above: boolean;
}

function gathered(
  rows: readonly { readonly cluster: string; readonly value: number }[],
  least: number,
  width: number,
): Map<string, Gathered> {
  const clusters = new Map<string, Gathered>();
  for (const { cluster, value } of rows) {
    const share = (value - least) / width;
    let own = clusters.get(cluster);
    if (own === undefined) clusters.set(cluster, (own = { n: 0, sum: 0, below: false, above: false }));
    own.n++;
    own.sum += share;
    own.below ||= share < 1;
    own.above ||= share > 0;
  }
  return clusters;
}

/** Cluster-robust variance of the mean, shrunk to an assumed one where few clusters show any variance. */
function samplingVariance(clusters: readonly Gathered[], p: number, n: number): number {
  const size = clusters.reduce((sum, each) => sum + each.n ** 2, 0) / n;
  const robust =
    (clusters.length / (clusters.length - 1)) *
    clusters.reduce((sum, each) => sum + ((each.sum - each.n * p) / n) ** 2, 0);
  const unlike = Math.min(clusters.filter(({ below }) => below).length, clusters.filter(({ above }) => above).length);
  const weight = unlike ** 2 / (unlike ** 2 + ENOUGH_UNLIKE ** 2);
  const effect = 1 + Math.max(0, size - 1) * ASSUMED_CORRELATION;
  const centre = (p * n + 0.5) / (n + 1);
  const assumed = (effect * centre * (1 - centre)) / n;
  return weight * robust + (1 - weight) * assumed + 1 / (n + 2) ** 2;
}

/** Wilson's interval for the share that errs as `variance` says. */
function wilson(p: number, variance: number, z: number, n: number): readonly [number, number] {
  const centre = (p * n + 0.5) / (n + 1);
  const answers = (centre * (1 - centre)) / variance;
  const middle = p + (z * z) / (2 * answers);
  const reach = z * Math.sqrt((p * (1 - p)) / answers + (z * z) / (4 * answers * answers));
  const whole = 1 + (z * z) / answers;
  return [Math.max(0, Math.min(p, (middle - reach) / whole)), Math.min(1, Math.max(p, (middle + reach) / whole))];
}
