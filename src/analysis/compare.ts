/** Paired comparisons of cells on the same questions: clustered by item, counting what training again changes, all of a study holding together. */
import { groupBy } from '../core/collections.js';
import { familyErrors, type Contrast, type ContrastError } from '../core/max-t.js';
import { studentQuantile } from '../core/student.js';
import type { Cell } from './group.js';
import { armsOf, comparedPairs, type CellPair } from './lines.js';
import { rangeOf, type Measure } from './measure.js';
import { questionMeans, type QuestionMean } from './question-means.js';
import { meanNoise, seedNoise, type SeedNoise } from './seed-noise.js';

/** With fewer items than this that differ, a difference of one sign on all of them is no evidence at 95 % (sign test: 2 · 0.5⁵ = 0.06). */
export const FEWEST_ITEMS = 6;

export interface Comparison {
  /** Mean of a − b over the questions that both answered; NaN where there are none. */
  readonly difference: number;
  /** The interval that holds at 95 % together with all others of the study; NaN with fewer than two items. */
  readonly low: number;
  readonly high: number;
  /** Of the difference: between items, and between trainings. */
  readonly standardError: number;
  /** The trainings' part of that error. */
  readonly trainingError: number;
  /** Degrees of freedom of that error. */
  readonly freedom: number;
  readonly n: number;
  readonly clusters: number;
  /** Whether the interval excludes zero, on enough items to say so. */
  readonly detectable: boolean;
  /** Degrees of freedom with which the noise between seeds was measured; 0 where it is assumed. */
  readonly seedsMeasured: number;
}

/** Compares two cells of a study by a measure: a less b. */
export type Compare = (a: Cell, b: Cell, measure: Measure) => Comparison;

export interface ComparisonOptions {
  /** Default: what each data set's verdicts are. */
  readonly measure?: Measure;
  /** Draws of the joint distribution; default 20,000. */
  readonly draws?: number;
}

/**
 * Makes every comparison of a study at once. Their intervals hold at 95 % for all of them together: within a data set by the joint
 * distribution of the largest t, over data sets and books by sharing the 5 % (Bonferroni). A pair that is not among those that a study
 * compares gets the interval that holds for it and one more.
 */
export function jointComparisons(cells: readonly Cell[], options: ComparisonOptions = {}): Compare {
  const families = armsOf(cells)
    .map((arm) => ({ arm, pairs: comparedPairs(arm, options.measure) }))
    .filter(({ pairs }) => pairs.length > 0);
  const alpha = 0.05 / Math.max(1, families.length);
  const meansOf = rememberedMeans();
  const places = new Map(cells.map((cell, i) => [cell, i]));
  const keyOf = (a: Cell, b: Cell, measure: Measure): string =>
    `${places.get(a) ?? '?'} ${places.get(b) ?? '?'} ${measure}`;
  const found = new Map<string, Comparison>();
  for (const { arm, pairs } of families) {
    const made = compareFamily(pairs, arm, { ...options, alpha, meansOf });
    pairs.forEach(({ a, b, measure }, i) => {
      found.set(keyOf(a, b, measure), made[i] as Comparison);
      found.set(keyOf(b, a, measure), turned(made[i] as Comparison));
    });
  }
  return (a, b, measure) =>
    found.get(keyOf(a, b, measure)) ??
    (compareFamily([{ a, b, measure }], armOf(cells, a), { ...options, alpha: alpha / 2, meansOf })[0] as Comparison);
}

/** The bound that a difference exceeds at 95 %, one-sided and for itself alone. */
export function lowerBound({ difference, standardError, freedom }: Comparison): number {
  return Number.isNaN(standardError) ? NaN : difference - studentQuantile(freedom, 0.95) * standardError;
}

/** Whether a loss of `margin` or more is excluded at 95 %, on enough items to say so. */
export function excludesLoss(comparison: Comparison, margin: number): boolean {
  return comparison.clusters >= FEWEST_ITEMS && lowerBound(comparison) > -margin;
}

type MeansOf = (cell: Cell, measure: Measure) => ReadonlyMap<string, QuestionMean>;

interface FamilyOptions {
  readonly draws?: number;
  readonly alpha: number;
  readonly meansOf: MeansOf;
}

/** The comparisons of one data set and book; those by score and those by accuracy share its 5 %. */
function compareFamily(pairs: readonly CellPair[], arm: readonly Cell[], options: FamilyOptions): Comparison[] {
  const items = placesOfItems(arm);
  const measures = groupBy(pairs, ({ measure }) => measure);
  const made = new Map<CellPair, Comparison>();
  for (const [measure, own] of measures) {
    const noise = seedNoise(arm, measure);
    const differences = own.map((pair) => differenceOf(pair, { items, noise, meansOf: options.meansOf }));
    const errors = familyErrors(
      differences,
      { variance: 1, freedom: noise.freedom },
      { alpha: options.alpha / measures.size, ...(options.draws === undefined ? {} : { draws: options.draws }) },
    );
    own.forEach((pair, i) =>
      made.set(pair, comparisonOf(differences[i] as Difference, errors[i] as ContrastError, { measure, noise })),
    );
  }
  return pairs.map((pair) => made.get(pair) as Comparison);
}

function placesOfItems(arm: readonly Cell[]): Map<string, number> {
  const items = new Map<string, number>();
  for (const { rows } of arm) for (const { item } of rows) if (!items.has(item)) items.set(item, items.size);
  return items;
}

interface Difference extends Contrast {
  readonly mean: number;
  readonly n: number;
  /** Items on which the two differ. */
  readonly unlike: number;
}

interface DifferenceContext {
  readonly items: ReadonlyMap<string, number>;
  readonly noise: SeedNoise;
  readonly meansOf: MeansOf;
}

function differenceOf({ a, b, measure }: CellPair, { items, noise, meansOf }: DifferenceContext): Difference {
  const others = meansOf(b, measure);
  const sums = new Float64Array(items.size);
  const counts = new Float64Array(items.size);
  const unlike = new Set<string>();
  for (const [key, { cluster, value }] of meansOf(a, measure)) {
    const other = others.get(key);
    if (other === undefined) continue;
    const at = items.get(cluster) ?? 0;
    sums[at] = (sums[at] ?? 0) + value - other.value;
    counts[at] = (counts[at] ?? 0) + 1;
    if (value !== other.value) unlike.add(cluster);
  }
  const n = counts.reduce((sum, count) => sum + count, 0);
  const mean = sums.reduce((sum, each) => sum + each, 0) / n;
  const [least, most] = rangeOf(measure);
  return {
    ...{ mean, n, unlike: unlike.size },
    pulls: sums.map((sum, at) => (n === 0 ? 0 : (sum - (counts[at] ?? 0) * mean) / n)),
    clusters: counts.filter((count) => count > 0).length,
    loadings: new Map([...loadingOf(a, meanNoise(a, noise, measure)), ...loadingOf(b, -meanNoise(b, noise, measure))]),
    extra: 2 * ((most - least) / (n + 2)) ** 2,
  };
}

function loadingOf({ runs }: Cell, noise: number): [string, number][] {
  return noise === 0 ? [] : [[JSON.stringify(runs), noise]];
}

function comparisonOf(
  { mean, n, clusters, unlike }: Difference,
  { error, trainingError, freedom, critical }: ContrastError,
  { measure, noise }: { readonly measure: Measure; readonly noise: SeedNoise },
): Comparison {
  const [least, most] = rangeOf(measure);
  const reach = clusters < 2 ? NaN : critical * error;
  const low = Math.max(least - most, mean - reach);
  const high = Math.min(most - least, mean + reach);
  const detectable = unlike >= FEWEST_ITEMS && (low > 0 || high < 0);
  const standardError = clusters < 2 ? NaN : error;
  const seedsMeasured = noise.measured;
  return { difference: mean, low, high, standardError, trainingError, freedom, n, clusters, detectable, seedsMeasured };
}

function turned(comparison: Comparison): Comparison {
  return { ...comparison, difference: 0 - comparison.difference, low: -comparison.high, high: -comparison.low };
}

function rememberedMeans(): MeansOf {
  const known = new Map<Cell, Map<Measure, ReadonlyMap<string, QuestionMean>>>();
  return (cell, measure) => {
    const own = known.get(cell) ?? new Map<Measure, ReadonlyMap<string, QuestionMean>>();
    known.set(cell, own);
    const means = own.get(measure) ?? questionMeans(cell.rows, measure);
    own.set(measure, means);
    return means;
  };
}

function armOf(cells: readonly Cell[], { dataset, book }: Cell): Cell[] {
  return cells.filter((cell) => cell.dataset === dataset && cell.book === book);
}
