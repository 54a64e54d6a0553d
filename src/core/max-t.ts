/** The largest of many correlated t statistics: how far each of a family of differences must lie from zero for all to hold together. */
import { Random } from './random.js';
import { studentQuantile } from './student.js';

/** One difference of the family. */
export interface Contrast {
  /** What each cluster adds to it; clusters in one order for the whole family. Their sum is 0. */
  readonly pulls: Float64Array;
  /** Clusters that have a part in it. */
  readonly clusters: number;
  /** What one unit of noise in each training adds to it, by training. */
  readonly loadings: ReadonlyMap<string, number>;
  /** Variance added to that of the clusters, e.g. for what few answers cannot show; default 0. */
  readonly extra?: number;
}

/** Noise of trainings: variance of one, and the degrees of freedom it is known with. */
export interface NoiseVariance {
  readonly variance: number;
  readonly freedom: number;
}

/** How far a difference's error reaches. */
export interface ContrastError {
  /** Standard error, of clusters and trainings together. */
  readonly error: number;
  /** The trainings' part of it. */
  readonly trainingError: number;
  /** Satterthwaite's degrees of freedom of that error. */
  readonly freedom: number;
  /** Critical value of |difference| / error that holds for the whole family. */
  readonly critical: number;
}

export interface MaxTOptions {
  /** Chance that any interval of the family misses; default 0.05. */
  readonly alpha?: number;
  /** Draws of the family; default 20,000. */
  readonly draws?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Errors of a family of differences and the critical values that hold for all of them at once: the largest |t| is drawn from the family's
 * own correlations, with the variances of clusters and trainings drawn too (single-step max-t; Westfall and Young, 1993; Hothorn, Bretz
 * and Westfall, 2008). Each difference is measured against its own quantile of t, so that one known by few clusters does not widen the rest.
 */
export function familyErrors(
  contrasts: readonly Contrast[],
  noise: NoiseVariance,
  options: MaxTOptions = {},
): ContrastError[] {
  const { alpha = 0.05, draws = 20_000, seed = 0 } = options;
  const parts = contrasts.map((contrast) => errorParts(contrast, noise));
  const scales = parts.map(({ freedom }) => studentQuantile(freedom, 1 - alpha / (2 * Math.max(1, contrasts.length))));
  const common = contrasts.length < 2 ? 1 : largest({ contrasts, parts, scales, noise, alpha, draws, seed });
  return parts.map(({ error, freedom, share }, i) => ({
    ...{ error, freedom, trainingError: error * Math.sqrt(share) },
    critical: common * (scales[i] ?? NaN),
  }));
}

interface ErrorParts {
  readonly error: number;
  readonly freedom: number;
  readonly clusterFreedom: number;
  /** Share of the variance that is the trainings'. */
  readonly share: number;
}

function errorParts(contrast: Contrast, noise: NoiseVariance): ErrorParts {
  const { clusters, extra = 0 } = contrast;
  const sampling = (clusters / (clusters - 1)) * dot(contrast.pulls, contrast.pulls) + extra;
  const trainings = noise.variance * inCommon(contrast.loadings, contrast.loadings);
  const total = sampling + trainings;
  const clusterFreedom = freedomOf(contrast);
  if (!(total > 0)) return { error: 0, freedom: clusterFreedom, clusterFreedom, share: 0 };
  const spread = sampling ** 2 / clusterFreedom + trainings ** 2 / noise.freedom;
  return { error: Math.sqrt(total), freedom: total ** 2 / spread, clusterFreedom, share: trainings / total };
}

/** Degrees of freedom of a variance between clusters, 2 G / (kurtosis − 1): fewer than G − 1 where few clusters make most of it. */
function freedomOf({ pulls, clusters }: Contrast): number {
  const squares = dot(pulls, pulls);
  const kurtosis = squares > 0 ? (clusters * pulls.reduce((sum, pull) => sum + pull ** 4, 0)) / squares ** 2 : 1;
  return Math.max(1, Math.min(clusters - 1, (2 * clusters) / Math.max(1e-9, kurtosis - 1)));
}

interface Family {
  readonly contrasts: readonly Contrast[];
  readonly parts: readonly ErrorParts[];
  readonly scales: readonly number[];
  readonly noise: NoiseVariance;
  readonly alpha: number;
  readonly draws: number;
  readonly seed: number;
}

/** The quantile at 1 − alpha of the largest |t| over its own quantile; not above 1, which is Bonferroni's. */
function largest({ contrasts, parts, scales, noise, alpha, draws, seed }: Family): number {
  const root = semidefiniteRoot(correlations(contrasts, parts, noise));
  const width = root[0]?.length ?? 0;
  const flat: FlatFamily = {
    width,
    root: Float64Array.from(root.flatMap((row) => [...row])),
    shares: Float64Array.from(parts, ({ share }) => share),
    spreads: Float64Array.from(parts, ({ clusterFreedom }) => 2 / (9 * clusterFreedom)),
    squaredScales: Float64Array.from(scales, (scale) => scale * scale),
  };
  const random = new Random(seed, 'max-t');
  const normals = new Float64Array(width);
  const reached = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < width; i++) normals[i] = random.normal();
    const trainings = meanSquare(noise.freedom, random);
    reached[draw] = Math.sqrt(largestSquare(flat, normals, { trainings, luck: random.normal() }));
  }
  reached.sort();
  return Math.min(1, reached[Math.ceil((1 - alpha) * draws) - 1] ?? 1);
}

/** A family as flat arrays: what is computed for each draw. */
interface FlatFamily {
  readonly width: number;
  readonly root: Float64Array;
  readonly shares: Float64Array;
  readonly spreads: Float64Array;
  readonly squaredScales: Float64Array;
}

/** One draw's largest t² over the square of its own quantile. */
function largestSquare(
  { width, root, shares, spreads, squaredScales }: FlatFamily,
  normals: Float64Array,
  { trainings, luck }: { readonly trainings: number; readonly luck: number },
): number {
  let most = 0;
  for (let j = 0, at = 0; j < shares.length; j++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (root[at++] as number) * (normals[i] as number);
    const share = shares[j] as number;
    const variance = (1 - share) * meanSquareAt(spreads[j] as number, luck) + share * trainings;
    const size = (sum * sum) / (variance * (squaredScales[j] as number));
    if (size > most) most = size;
  }
  return most;
}

function correlations(
  contrasts: readonly Contrast[],
  parts: readonly ErrorParts[],
  noise: NoiseVariance,
): Float64Array[] {
  return contrasts.map((a, i) =>
    Float64Array.from(contrasts, (b, j) => {
      if (i === j) return 1;
      const few = Math.min(a.clusters, b.clusters);
      const shared = (few / (few - 1)) * dot(a.pulls, b.pulls) + noise.variance * inCommon(a.loadings, b.loadings);
      const scale = (parts[i]?.error ?? 0) * (parts[j]?.error ?? 0);
      return scale > 0 ? shared / scale : 0;
    }),
  );
}

/** A lower triangle L with L·Lᵀ = matrix; what rounding or overlapping clusters make negative counts as nothing. */
function semidefiniteRoot(matrix: readonly Float64Array[]): Float64Array[] {
  const root = matrix.map((row) => new Float64Array(row.length));
  matrix.forEach((row, j) => {
    const own = root[j] as Float64Array;
    const left = (row[j] ?? 0) - dot(own, own);
    if (left < 1e-9) return;
    const pivot = Math.sqrt(left);
    own[j] = pivot;
    for (let i = j + 1; i < matrix.length; i++) {
      const other = root[i] as Float64Array;
      other[j] = ((matrix[i]?.[j] ?? 0) - dot(other, own)) / pivot;
    }
  });
  return narrowed(root);
}

/** Without the columns that hold nothing. */
function narrowed(root: readonly Float64Array[]): Float64Array[] {
  const used = [...root.keys()].filter((column) => root.some((row) => row[column] !== 0));
  return root.map((row) => Float64Array.from(used, (column) => row[column] ?? 0));
}

/** A draw of chi-square over its degrees of freedom. */
function meanSquare(freedom: number, random: Random): number {
  if (freedom > 60) return meanSquareAt(2 / (9 * freedom), random.normal());
  const whole = Math.max(1, Math.round(freedom));
  let sum = 0;
  for (let i = 0; i < whole; i++) sum += random.normal() ** 2;
  return sum / whole;
}

/** Chi-square over its degrees of freedom f at a normal deviate (Wilson and Hilferty, 1931); `spread` is 2 / (9 f). */
function meanSquareAt(spread: number, deviate: number): number {
  const root = 1 - spread + deviate * Math.sqrt(spread);
  return root <= 0.01 ? 1e-6 : root * root * root;
}

function inCommon(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [training, loading] of a) sum += loading * (b.get(training) ?? 0);
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
