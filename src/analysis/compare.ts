/** Paired comparisons of cells on the same questions: clustered by item, counting what training again changes, all of a study holding together. */
import { groupBy } from '../core/collections.js';
import { familyErrors, type Contrast, type ContrastError } from '../core/max-t.js';
import { remembered } from '../core/remembered.js';
import { studentQuantile } from '../core/student.js';
import { meanLine, type Line } from './answer-lines.js';
import type { Cell } from './group.js';
import { armsOf, comparedPairs, type CellPair } from './lines.js';
import { rangeOf, type Measure } from './measure.js';
import { pullsOf } from './pulls.js';
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

/** Compares two cells of a study by a measure, or the means of two groups of cells: a less b. */
export type Compare = (a: Cell | readonly Cell[], b: Cell | readonly Cell[], measure: Measure) => Comparison;

export interface ComparisonOptions {
  /** Default: what each data set's verdicts are. */
  readonly measure?: Measure;
  /** Draws of the joint distribution; default 20,000. */
  readonly draws?: number;
}

/**
 * Every comparison of a study, those of a data set and book made together when the first of them is asked for. Their intervals hold at
 * 95 % for all of them together: within a data set by the joint distribution of the largest t, over data sets and books by sharing the
 * 5 % (Bonferroni). A pair that is not among those that a study
 * compares gets the interval that holds for it and one more.
 */
export function jointComparisons(cells: readonly Cell[], options: ComparisonOptions = {}): Compare {
  const families = armsOf(cells)
    .map((arm) => ({ arm, pairs: comparedPairs(arm, options.measure) }))
    .filter(({ pairs }) => pairs.length > 0);
  const alpha = ALPHA / Math.max(1, families.length);
  const places = new Map(cells.map((cell, i) => [cell, i]));
  const placesOf = (side: readonly Cell[]): string => side.map((cell) => places.get(cell) ?? '?').join('+');
  const keyOf = ({ a, b, measure }: CellPair): string => `${placesOf(a)} ${placesOf(b)} ${measure}`;
  const familyOf = new Map(families.flatMap((family) => family.arm.map((cell) => [cell, family] as const)));
  const comparisonsOf = remembered(({ pairs, arm }: Family) => {
    const found = new Map<string, Comparison>();
    const made = compareFamily(pairs, arm, { ...options, alpha });
    pairs.forEach((pair, i) => {
      found.set(keyOf(pair), made[i] as Comparison);
      found.set(keyOf({ ...pair, a: pair.b, b: pair.a }), turned(made[i] as Comparison));
    });
    return found;
  });
  return (one, other, measure) => {
    const pair: CellPair = { a: [one].flat(), b: [other].flat(), measure, question: 'level' };
    const family = familyOf.get(pair.a[0] as Cell);
    const alone = (): Comparison[] =>
      compareFamily([pair], armOf(cells, pair.a[0] as Cell), { ...options, alpha: alpha / 2 });
    return (family === undefined ? undefined : comparisonsOf(family).get(keyOf(pair))) ?? (alone()[0] as Comparison);
  };
}

/** The cells of one data set and book, and what is compared of them. */
interface Family {
  readonly arm: readonly Cell[];
  readonly pairs: readonly CellPair[];
}

/** The bound that a difference exceeds at 95 %, one-sided and for itself alone. */
export function lowerBound({ difference, standardError, freedom }: Comparison): number {
  return Number.isNaN(standardError) ? NaN : difference - studentQuantile(freedom, 0.95) * standardError;
}

/** Whether a loss of `margin` or more is excluded at 95 %, on enough items to say so. */
export function excludesLoss(comparison: Comparison, margin: number): boolean {
  return comparison.clusters >= FEWEST_ITEMS && lowerBound(comparison) > -margin;
}

/** Chance of an error that is shared out: a tenth less than 5 %, which is what quantiles of t at estimated degrees of freedom may miss by. */
const ALPHA = 0.045;

/** Whether less text scores less is what a study is about: that question is given over half of the chance of an error, single levels over a quarter. */
const WEIGHTS: Readonly<Record<CellPair['question'], number>> = { cut: 8, level: 4, rank: 1, training: 1 };

interface FamilyOptions {
  readonly draws?: number;
  readonly alpha: number;
}

/** The comparisons of one data set and book; those by score and those by accuracy share its 5 %. */
function compareFamily(pairs: readonly CellPair[], arm: readonly Cell[], options: FamilyOptions): Comparison[] {
  const measures = groupBy(pairs, ({ measure }) => measure);
  const made = new Map<CellPair, Comparison>();
  for (const [measure, own] of measures) {
    const noise = seedNoise(arm, measure);
    const lines = new Map(arm.map((cell) => [cell, meanLine(cell.lines, measure)]));
    const differences = own.map((pair) => differenceOf(pair, lines, noise));
    const errors = familyErrors(
      differences,
      { variance: 1, freedom: noise.freedom },
      {
        alpha: options.alpha / measures.size,
        weights: WEIGHTS,
        ...(options.draws === undefined ? {} : { draws: options.draws }),
      },
    );
    own.forEach((pair, i) =>
      made.set(pair, comparisonOf(differences[i] as Difference, errors[i] as ContrastError, { measure, noise })),
    );
  }
  return pairs.map((pair) => made.get(pair) as Comparison);
}

interface Difference extends Contrast {
  readonly mean: number;
  readonly n: number;
  /** Items on which the two differ. */
  readonly unlike: number;
}

function differenceOf(pair: CellPair, lines: ReadonlyMap<Cell, Line>, noise: SeedNoise): Difference {
  const { a, b, measure } = pair;
  const { items, itemOf } = (a[0] as Cell).lines;
  const [ours, theirs] = [a, b].map((side) => groupLine(side.map((cell) => lines.get(cell) as Line))) as [Line, Line];
  const sums = new Float64Array(items);
  const counts = new Float64Array(items);
  const unlike = new Uint8Array(items);
  for (let question = 0; question < itemOf.length; question++) {
    const difference = (ours[question] as number) - (theirs[question] as number);
    if (Number.isNaN(difference)) continue;
    const item = itemOf[question] as number;
    sums[item] = (sums[item] as number) + difference;
    counts[item] = (counts[item] as number) + 1;
    if (difference !== 0) unlike[item] = 1;
  }
  const n = counts.reduce((sum, count) => sum + count, 0);
  const mean = sums.reduce((sum, each) => sum + each, 0) / n;
  const clusters = counts.reduce((sum, count) => sum + Number(count > 0), 0);
  const [least, most] = rangeOf(measure);
  return {
    ...{ mean, n, unlike: unlike.reduce((sum, each) => sum + each, 0) },
    pulls: pullsOf(sums, counts, { n, mean, clusters }),
    clusters,
    loadings: loadingsOf(pair, noise),
    group: pair.question,
    extra: (1 / a.length + 1 / b.length) * ((most - least) / (n + 2)) ** 2,
  };
}

/** The mean of several lines, over the questions that all of them have. */
function groupLine(lines: readonly Line[]): Line {
  const [first, ...others] = lines as readonly [Line, ...Line[]];
  if (others.length === 0) return first;
  return first.map(
    (value, question) => others.reduce((sum, line) => sum + (line[question] as number), value) / lines.length,
  );
}

/** What a unit of noise in each training adds; cells that the same runs answered share their trainings. */
function loadingsOf({ a, b, measure }: CellPair, noise: SeedNoise): Map<string, number> {
  const loadings = new Map<string, number>();
  for (const [side, sign] of [[a, 1] as const, [b, -1] as const])
    for (const cell of side) {
      const own = (sign * meanNoise(cell, noise, measure)) / side.length;
      const training = JSON.stringify(cell.runs);
      if (own !== 0) loadings.set(training, (loadings.get(training) ?? 0) + own);
    }
  return loadings;
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

function armOf(cells: readonly Cell[], { dataset, book }: Cell): Cell[] {
  return cells.filter((cell) => cell.dataset === dataset && cell.book === book);
}
