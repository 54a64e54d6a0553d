/** Statistics of scores that come in clusters (several questions of one item): means and agreement of judges with their intervals. */
import { UserError } from './errors.js';
import { Random } from './random.js';
import { studentQuantile } from './student.js';

export interface BootstrapOptions {
  /** Seed of the resampling; default 0. */
  readonly seed?: number;
  /** Number of resamples; default 2,000. */
  readonly resamples?: number;
  /** Coverage of the interval, between 0 and 1; default 0.95. */
  readonly level?: number;
}

/** An interval and standard error; all NaN where fewer than two clusters leave them unknown. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
}

export interface MeanEstimate extends Interval {
  /** NaN where there are no rows. */
  readonly mean: number;
  readonly n: number;
  readonly clusters: number;
}

export interface KappaEstimate extends Interval {
  readonly kappa: number;
  readonly n: number;
  readonly clusters: number;
}

/** The rating scale two judges share. */
export interface Scale {
  readonly min: number;
  readonly max: number;
}

/**
 * Mean of values that come in clusters, with Student's interval on the cluster-robust standard error (CR1; Liang and Zeger, 1986) at
 * clusters − 1 degrees of freedom. `level` is the interval's coverage. For values with a least and a greatest: {@link boundedMean}.
 */
export function clusteredMean(
  rows: readonly { readonly cluster: string; readonly value: number }[],
  level = 0.95,
): MeanEstimate {
  checkLevel(level);
  const sums = sumByCluster(rows, ({ value }) => [1, value]);
  const centre = ratio(total(sums));
  const counts = { n: rows.length, clusters: sums.length };
  if (sums.length < 2) return { mean: centre, low: NaN, high: NaN, standardError: NaN, ...counts };
  const squares = sums.reduce((sum, [n = 0, each = 0]) => sum + ((each - n * centre) / rows.length) ** 2, 0);
  const standardError = Math.sqrt((sums.length / (sums.length - 1)) * squares);
  const reach = studentQuantile(sums.length - 1, (1 + level) / 2) * standardError;
  return { mean: centre, low: centre - reach, high: centre + reach, standardError, ...counts };
}

/**
 * Quadratic-weighted kappa of two judges' scores on the same answers (Cohen, 1968), with an interval from resampling whole clusters:
 * 1 is full agreement, 0 what chance gives. It is 1 − mean (a − b)² / expected (a − b)² were the two independent; NaN where neither
 * varies and both agree, or without answers. Throws UserError on a score outside the scale.
 */
export function clusteredKappa(
  pairs: readonly { readonly cluster: string; readonly a: number; readonly b: number }[],
  scale: Scale,
  options: BootstrapOptions = {},
): KappaEstimate {
  for (const { a, b } of pairs) {
    checkScore(a, scale);
    checkScore(b, scale);
  }
  const sums = sumByCluster(pairs, ({ a, b }) => [1, a, b, a * a, b * b, (a - b) ** 2]);
  return { kappa: kappaOf(total(sums)), ...bootstrap(sums, kappaOf, options), n: pairs.length, clusters: sums.length };
}

/** The quantile of unsorted values at 0 ≤ p ≤ 1, linear between order statistics (Hyndman and Fan's type 7, numpy's default); NaN of none. */
export function quantile(values: readonly number[], p: number): number {
  return sortedQuantile(
    [...values].sort((x, y) => x - y),
    p,
  );
}

/** Arithmetic mean, terms added in their order; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation with n − 1 in the denominator; NaN of fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** Sums of a few numbers per cluster, from which a statistic is computed: resampling then costs a few additions a cluster. */
type Sums = readonly number[];

function sumByCluster<T extends { readonly cluster: string }>(rows: readonly T[], terms: (row: T) => Sums): Sums[] {
  const clusters = new Map<string, number[]>();
  for (const row of rows) {
    const added = terms(row);
    const sums = clusters.get(row.cluster);
    if (sums === undefined) clusters.set(row.cluster, [...added]);
    else added.forEach((term, i) => (sums[i] = (sums[i] ?? 0) + term));
  }
  return [...clusters.values()];
}

function total(clusters: readonly Sums[]): Sums {
  const width = clusters[0]?.length ?? 0;
  return Array.from({ length: width }, (_, i) => clusters.reduce((sum, cluster) => sum + (cluster[i] ?? 0), 0));
}

function ratio([n = 0, sum = 0]: Sums): number {
  return sum / n;
}

function kappaOf([n = 0, a = 0, b = 0, aa = 0, bb = 0, squares = 0]: Sums): number {
  return 1 - squares / n / ((aa + bb) / n - (2 * a * b) / (n * n));
}

function bootstrap(clusters: readonly Sums[], statistic: (sums: Sums) => number, options: BootstrapOptions): Interval {
  const { seed = 0, resamples = 2000, level = 0.95 } = options;
  checkLevel(level);
  if (clusters.length < 2 || resamples < 2) return { low: NaN, high: NaN, standardError: NaN };
  const drawn = resampled(clusters, statistic, resamples, new Random(seed, 'bootstrap'));
  const sorted = drawn.filter((value) => !Number.isNaN(value)).sort((x, y) => x - y);
  const tail = (1 - level) / 2;
  return {
    low: sortedQuantile(sorted, tail),
    high: sortedQuantile(sorted, 1 - tail),
    standardError: standardDeviation(sorted),
  };
}

function resampled(
  clusters: readonly Sums[],
  statistic: (sums: Sums) => number,
  resamples: number,
  random: Random,
): number[] {
  const width = clusters[0]?.length ?? 0;
  const flat = Float64Array.from(clusters.flat());
  return Array.from({ length: resamples }, () => {
    const sums = new Array<number>(width).fill(0);
    for (let drawn = 0; drawn < clusters.length; drawn++) {
      const start = random.below(clusters.length) * width;
      for (let i = 0; i < width; i++) sums[i] = (sums[i] as number) + (flat[start + i] as number);
    }
    return statistic(sums);
  });
}

function sortedQuantile(sorted: readonly number[], p: number): number {
  const position = (sorted.length - 1) * p;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw new UserError(`invalid level ${level}: use a number between 0 and 1, e.g. 0.95`);
}

function checkScore(score: number, { min, max }: Scale): void {
  if (!(score >= min && score <= max)) throw new UserError(`invalid score ${score}: use numbers from ${min} to ${max}`);
}
