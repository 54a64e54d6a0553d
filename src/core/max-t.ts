/** The largest of many correlated t statistics: how far each of a family of differences must lie from zero for all to hold together. */
import { groupBy } from './collections.js';
import { Random } from './random.js';
import { studentQuantile } from './student.js';

/** One difference of the family. */
export interface Contrast {
  /** What each cluster adds to it; clusters in one order for the whole family. The sum of those of equal clusters is 0. */
  readonly pulls: Float64Array;
  /** Clusters that have a part in it. */
  readonly clusters: number;
  /** What one unit of noise in each training adds to it, by training. */
  readonly loadings: ReadonlyMap<string, number>;
  /** Variance added to that of the clusters, e.g. for what few answers cannot show; default 0. */
  readonly extra?: number;
  /** The question that it belongs to; default one for all. */
  readonly group?: string;
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
  /** How much of the chance of an error each question is given, next to the others; default 1. */
  readonly weights?: Readonly<Record<string, number>>;
}

/**
 * Errors of a family of differences and the critical values that hold for all of them at once: the largest |t| is drawn from the family's
 * own correlations, with the variances of clusters and trainings drawn too (single-step max-t; Westfall and Young, 1993; Hothorn, Bretz
 * and Westfall, 2008). Each difference is measured against its own quantile of t, so that one known by few clusters does not widen the rest,
 * and each question's largest is given a chance of its own (Beran, 1988), so that many differences of one kind do not widen those of another.
 */
export function familyErrors(
  contrasts: readonly Contrast[],
  noise: NoiseVariance,
  options: MaxTOptions = {},
): ContrastError[] {
  const { alpha = 0.05, draws = 20_000, seed = 0, weights = {} } = options;
  const parts = contrasts.map((contrast) => errorParts(contrast, noise));
  const byName = [...groupBy(contrasts.keys(), (i) => contrasts[i]?.group ?? '')];
  const groups = byName.map(([name, members]) => ({ members, weight: weights[name] ?? 1 }));
  const family = { contrasts, parts, noise, alpha, draws, seed, groups };
  const scales = bonferroniScales(family);
  const common = contrasts.length < 2 ? contrasts.map(() => 1) : balanced(family, scales);
  return parts.map(({ error, freedom, share }, i) => ({
    ...{ error, freedom, trainingError: error * Math.sqrt(share) },
    critical: (common[i] ?? NaN) * (scales[i] ?? NaN),
  }));
}

interface ErrorParts {
  readonly error: number;
  /** The error without what was added to the variance of clusters and trainings: the correlations' scale. */
  readonly measured: number;
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
  const measured = Math.sqrt(total - extra);
  if (!(total > 0)) return { error: 0, measured: 0, freedom: clusterFreedom, clusterFreedom, share: 0 };
  const spread = sampling ** 2 / clusterFreedom + trainings ** 2 / noise.freedom;
  return { error: Math.sqrt(total), measured, freedom: total ** 2 / spread, clusterFreedom, share: trainings / total };
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
  readonly noise: NoiseVariance;
  readonly alpha: number;
  readonly draws: number;
  readonly seed: number;
  readonly groups: readonly Group[];
}

/** The contrasts of one question, by their index. */
interface Group {
  readonly members: readonly number[];
  readonly weight: number;
}

/** Each contrast's quantile if nothing were known of correlations: groups share alpha by their weights, and the contrasts of a group equally. */
function bonferroniScales({ parts, alpha, groups }: Family): Float64Array {
  const scales = new Float64Array(parts.length);
  const whole = groups.reduce((sum, { weight }) => sum + weight, 0);
  for (const { members, weight } of groups) {
    const tail = (alpha * weight) / (2 * whole * members.length);
    for (const i of members) scales[i] = studentQuantile(parts[i]?.freedom ?? NaN, 1 - tail);
  }
  return scales;
}

/** What of its scale each contrast needs: the same within a group, groups exceeding theirs by their weights, and all together at alpha; at most 1. */
function balanced(family: Family, scales: Float64Array): number[] {
  const { alpha, draws, groups } = family;
  const largest = largestDraws(family, scales);
  const sorted = largest.map((of) => of.slice().sort());
  const heaviest = Math.max(...groups.map(({ weight }) => weight));
  const limitsAt = (tail: number): number[] =>
    sorted.map((of, g) => of[draws - 1 - Math.floor((tail * (groups[g]?.weight ?? 1)) / heaviest)] ?? NaN);
  let [few, many] = [0, Math.floor(alpha * draws)];
  while (few < many) {
    const tail = Math.ceil((few + many) / 2);
    if (exceeding(largest, limitsAt(tail), draws) > alpha * draws) many = tail - 1;
    else few = tail;
  }
  const common = new Array<number>(scales.length).fill(1);
  limitsAt(few).forEach((limit, g) => {
    for (const i of groups[g]?.members ?? []) common[i] = Math.min(1, Math.sqrt(limit));
  });
  return common;
}

/** Draws in which any group's largest lies above its limit. */
function exceeding(largest: readonly Float64Array[], limits: readonly number[], draws: number): number {
  let count = 0;
  for (let draw = 0; draw < draws; draw++)
    if (largest.some((of, g) => (of[draw] as number) > (limits[g] as number))) count++;
  return count;
}

/** Each group's largest t² over the square of its contrast's scale, draw by draw. */
function largestDraws(family: Family, scales: Float64Array): Float64Array[] {
  const { parts, noise, draws, groups } = family;
  const order = groups.flatMap(({ members }) => members);
  const flat = flatFamily(family, scales, order);
  const ends = groups.map((_, g) => groups.slice(0, g + 1).flatMap(({ members }) => members).length);
  const random = new Random(family.seed, 'max-t');
  const normals = new Float64Array(flat.width);
  const squares = new Float64Array(parts.length);
  const largest = groups.map(() => new Float64Array(draws));
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < flat.width; i++) normals[i] = random.normal();
    const trainings = meanSquare(noise.freedom, random);
    drawSquares(flat, normals, { trainings, luck: random.normal(), squares });
    for (let g = 0, j = 0; g < ends.length; g++) {
      let most = 0;
      for (; j < (ends[g] as number); j++) most = Math.max(most, squares[j] as number);
      (largest[g] as Float64Array)[draw] = most;
    }
  }
  return largest;
}

/** A family as flat arrays: what is computed for each draw. */
interface FlatFamily {
  readonly width: number;
  readonly root: Float64Array;
  readonly shares: Float64Array;
  /** 2 / (9 f) of each variance between clusters, and its root. */
  readonly spreads: Float64Array;
  readonly deviations: Float64Array;
  readonly squaredScales: Float64Array;
}

function flatFamily(family: Family, scales: Float64Array, order: readonly number[]): FlatFamily {
  const root = semidefiniteRoot(correlations(family));
  const inOrder = (of: (i: number) => number): Float64Array => Float64Array.from(order, of);
  const spread = (i: number): number => 2 / (9 * (family.parts[i]?.clusterFreedom ?? NaN));
  return {
    width: root[0]?.length ?? 0,
    root: Float64Array.from(order.flatMap((i) => [...(root[i] ?? [])])),
    shares: inOrder((i) => family.parts[i]?.share ?? NaN),
    spreads: inOrder(spread),
    deviations: inOrder((i) => Math.sqrt(spread(i))),
    squaredScales: inOrder((i) => (scales[i] ?? NaN) ** 2),
  };
}

/** One draw's t² of every contrast over the square of its scale, written to `squares`. */
function drawSquares(
  { width, root, shares, spreads, deviations, squaredScales }: FlatFamily,
  normals: Float64Array,
  { trainings, luck, squares }: { readonly trainings: number; readonly luck: number; readonly squares: Float64Array },
): void {
  for (let j = 0; j < shares.length; j++) {
    const sum = rowDot(root, j * width, normals);
    const share = shares[j] as number;
    const clusters = cubed(1 - (spreads[j] as number) + luck * (deviations[j] as number));
    squares[j] = (sum * sum) / (((1 - share) * clusters + share * trainings) * (squaredScales[j] as number));
  }
}

/** A row of the root, from `at` on, times the normals, in four sums that do not wait for one another; their number is a multiple of four. */
function rowDot(root: Float64Array, at: number, normals: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < normals.length; i += 4) {
    a += (root[at + i] as number) * (normals[i] as number);
    b += (root[at + i + 1] as number) * (normals[i + 1] as number);
    c += (root[at + i + 2] as number) * (normals[i + 2] as number);
    d += (root[at + i + 3] as number) * (normals[i + 3] as number);
  }
  return a + b + (c + d);
}

function correlations({ contrasts, parts, noise }: Family): Float64Array[] {
  const matrix = contrasts.map(() => new Float64Array(contrasts.length));
  contrasts.forEach((a, i) => {
    const row = matrix[i] as Float64Array;
    row[i] = parts[i]?.measured === 0 ? 0 : 1;
    for (let j = 0; j < i; j++) {
      const b = contrasts[j] as Contrast;
      const few = Math.min(a.clusters, b.clusters);
      const scale = (parts[i]?.measured ?? 0) * (parts[j]?.measured ?? 0);
      if (!(scale > 0)) continue;
      const shared = (few / (few - 1)) * dot(a.pulls, b.pulls) + noise.variance * inCommon(a.loadings, b.loadings);
      row[j] = shared / scale;
      (matrix[j] as Float64Array)[i] = shared / scale;
    }
  });
  return matrix;
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

/** Without the columns that hold nothing, but as many as make the width a multiple of four. */
function narrowed(root: readonly Float64Array[]): Float64Array[] {
  const used = [...root.keys()].filter((column) => root.some((row) => row[column] !== 0));
  const width = 4 * Math.ceil(used.length / 4);
  return root.map((row) => Float64Array.from({ length: width }, (_, i) => row[used[i] ?? -1] ?? 0));
}

/** A draw of chi-square over its degrees of freedom: of many, by the cube of a normal (Wilson and Hilferty, 1931). */
function meanSquare(freedom: number, random: Random): number {
  const spread = 2 / (9 * freedom);
  if (freedom > 60) return cubed(1 - spread + random.normal() * Math.sqrt(spread));
  const whole = Math.max(1, Math.round(freedom));
  let sum = 0;
  for (let i = 0; i < whole; i++) sum += random.normal() ** 2;
  return sum / whole;
}

/** The cube of a root that is above zero. */
function cubed(root: number): number {
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
