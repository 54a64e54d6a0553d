/** Closed book: how many facts and bits an adapter of a rank recalls of what it was trained on, over the floor of the base model and of guessing. */
import { groupBy } from '../core/collections.js';
import { boundedMean } from '../core/bounded-mean.js';
import type { MeanEstimate } from '../core/statistics.js';
import type { Row } from '../core/records.js';
import { jointComparisons, type Compare, type Comparison } from './compare.js';
import type { Cell } from './group.js';
import { questionMeans, type QuestionMean } from './question-means.js';
import { BITS_PER_PARAMETER } from './rank.js';
import type { RunSummary } from './run-summary.js';
import { saturationOf, type Load, type Saturation } from './saturation.js';
import { meanNoise, seedNoise, type SeedNoise } from './seed-noise.js';

export interface CapacityPoint {
  readonly rank: number;
  /** Items trained on. */
  readonly items: number;
  readonly cell: Cell;
  /** Facts asked for: each question once. */
  readonly facts: number;
  /** Share recalled as measured, 0 to 1. */
  readonly recall: MeanEstimate;
  /** Share that the base model answers, or that guessing would: whichever is larger. */
  readonly floor: number;
  /** The base model's own share on the same questions; null without a base run. */
  readonly base: number | null;
  /** Facts recalled above the floor: facts · (recall − floor) / (1 − floor), not below 0; low and high from recall's interval. */
  readonly factsRecalled: Bounded;
  /** Bits recalled above the floor, facts and floor weighed by their bits; null where bits are unknown. */
  readonly bitsRecalled: Bounded | null;
  /** Bits of all facts asked for; null where unknown. */
  readonly bits: number | null;
  /** Trained parameters of the adapter; null where unknown. */
  readonly parameters: number | null;
  /** 2 bits for each of them. */
  readonly ceilingBits: number | null;
  /** This adapter less the base model on the same questions; null without a base run. */
  readonly againstBase: Comparison | null;
}

export interface Bounded {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface CapacityCurve {
  readonly dataset: string;
  readonly rank: number;
  /** From the fewest items up. */
  readonly points: readonly CapacityPoint[];
  /** What it recalls most of, where it recalls fewer facts of the largest amount: it was shown more than its training could teach. Else null. */
  readonly peak: CapacityPoint | null;
  /**
   * What it holds at most, in facts and in bits, by a curve through its amounts; null below three of them, past a peak, bits also where
   * they are unknown.
   */
  readonly saturation: { readonly facts: Saturation | null; readonly bits: Saturation | null };
  /** Recall of the facts common to the smallest and the largest amount: largest less smallest; null with one amount. */
  readonly crowding: Comparison | null;
}

/** The capacity curve of every data set and rank that has closed-book runs, data sets as they come, ranks from the smallest up. */
export function capacityCurves(
  cells: readonly Cell[],
  runs: readonly RunSummary[] = [],
  options: { readonly compare?: Compare } = {},
): CapacityCurve[] {
  const compare = options.compare ?? jointComparisons(cells);
  const closed = cells.filter(({ book, accuracy }) => book === 'closed' && accuracy.n > 0);
  const lines = groupBy(
    closed.filter(({ rank }) => rank > 0),
    ({ dataset, rank }) => JSON.stringify([dataset, rank]),
  );
  const datasets = [...new Set(closed.map(({ dataset }) => dataset))];
  const curves = [...lines.values()].map((line) => {
    const arm = closed.filter(({ dataset }) => dataset === line[0]?.dataset);
    return capacityCurve(line, arm, runs, compare);
  });
  const place = ({ dataset }: CapacityCurve): number => datasets.indexOf(dataset);
  return curves.sort((a, b) => place(a) - place(b) || a.rank - b.rank);
}

function capacityCurve(
  line: readonly Cell[],
  arm: readonly Cell[],
  runs: readonly RunSummary[],
  compare: Compare,
): CapacityCurve {
  const base = arm.find(({ rank }) => rank === 0) ?? null;
  const noise = seedNoise(arm, 'accuracy');
  const ordered = [...line].sort((a, b) => a.items - b.items);
  const first = ordered[0] as Cell;
  const last = ordered.at(-1) as Cell;
  const lessThan = (a: Cell, b: Cell): Comparison => compare(a, b, 'accuracy');
  const points = ordered.map((cell) => ({
    ...pointOf(cell, { base, runs, noise }),
    againstBase: base === null ? null : lessThan(cell, base),
  }));
  const { dataset, rank } = first;
  const peak = peakOf(points);
  const saturation = peak === null ? saturationsOf(points) : { facts: null, bits: null };
  return { dataset, rank, points, peak, saturation, crowding: first === last ? null : lessThan(last, first) };
}

/** The amount of which most facts are recalled, where that interval lies above that of the largest amount. */
function peakOf(points: readonly CapacityPoint[]): CapacityPoint | null {
  const last = points.at(-1) as CapacityPoint;
  const most = points.reduce((a, b) => (b.factsRecalled.value > a.factsRecalled.value ? b : a));
  return most.factsRecalled.low > last.factsRecalled.high ? most : null;
}

function saturationsOf(points: readonly CapacityPoint[]): CapacityCurve['saturation'] {
  const bits = points.flatMap((point) =>
    point.bits === null || point.bitsRecalled === null ? [] : [{ asked: point.bits, recalled: point.bitsRecalled }],
  );
  return {
    facts: saturationFrom(points.map((point) => ({ asked: point.facts, recalled: point.factsRecalled }))),
    bits: saturationFrom(bits),
  };
}

/** The curve, which tells no limit where more is surely recalled than it says. */
function saturationFrom(amounts: readonly { readonly asked: number; readonly recalled: Bounded }[]): Saturation | null {
  const found = saturationOf(amounts.map(({ asked, recalled }) => loadOf(asked, recalled)));
  const surely = Math.max(...amounts.map(({ recalled }) => recalled.low));
  if (found === null || found.limit >= surely) return found;
  return { ...found, low: Math.max(found.low, surely), high: Infinity, reached: false };
}

/** The error is that of a 95 % interval as wide, and no less than a two-thousandth of what was asked. */
function loadOf(asked: number, { value, low, high }: Bounded): Load {
  return { asked, recalled: value, error: Math.max((high - low) / 3.92, asked / 2000) };
}

interface PointContext {
  readonly base: Cell | null;
  readonly runs: readonly RunSummary[];
  readonly noise: SeedNoise;
}

function pointOf(cell: Cell, { base, runs, noise }: PointContext): Omit<CapacityPoint, 'againstBase'> {
  const recalled = questionMeans(cell.rows, 'accuracy');
  const known = base === null ? new Map<string, QuestionMean>() : questionMeans(base.rows, 'accuracy');
  const bitsOf = bitsByQuestion(cell.rows);
  const guess = (key: string): number => (bitsOf === null ? 0 : 2 ** -(bitsOf.get(key) ?? 0));
  const one = (): number => 1;
  const weigh = (key: string): number => bitsOf?.get(key) ?? 0;
  const baseShare = shareOf(recalled.keys(), one, (key) => known.get(key)?.value);
  const floor = Math.max(baseShare ?? 0, shareOf(recalled.keys(), one, guess) ?? 0);
  const bitFloor = Math.max(
    shareOf(recalled.keys(), weigh, (key) => known.get(key)?.value) ?? 0,
    shareOf(recalled.keys(), weigh, guess) ?? 0,
  );
  const recall = cell.accuracy;
  const parameters = runs.find(({ id }) => cell.runs.includes(id))?.parameters ?? null;
  const bits = bitsOf === null ? null : [...bitsOf.values()].reduce((sum, value) => sum + value, 0);
  const trainings = { variance: meanNoise(cell, noise, 'accuracy') ** 2, freedom: noise.freedom };
  return {
    ...{ rank: cell.rank, items: cell.items, cell, facts: recalled.size, recall, floor, base: baseShare, bits },
    factsRecalled: aboveFloor(recall, floor, recalled.size),
    bitsRecalled: bitsOf === null ? null : aboveFloor(bitRecall(recalled, bitsOf, trainings), bitFloor, bits ?? 0),
    parameters,
    ceilingBits: parameters === null ? null : BITS_PER_PARAMETER * parameters,
  };
}

/** Weighted mean of what is known of questions; null where nothing is, or all weights are 0. */
function shareOf(
  questions: Iterable<string>,
  weigh: (question: string) => number,
  valueOf: (question: string) => number | undefined,
): number | null {
  let [sum, weights] = [0, 0];
  for (const question of questions) {
    const value = valueOf(question);
    if (value === undefined) continue;
    sum += weigh(question) * value;
    weights += weigh(question);
  }
  return weights > 0 ? sum / weights : null;
}

/** Recall corrected for the floor (a share `floor` of the unknown is right anyway), times the whole. */
function aboveFloor({ mean, low, high }: MeanEstimate, floor: number, whole: number): Bounded {
  const correct = (share: number): number => (floor >= 1 ? 0 : whole * Math.max(0, (share - floor) / (1 - floor)));
  return { value: correct(mean), low: correct(low), high: correct(high) };
}

/** Recall with each question weighed by its bits: weights are scaled to a mean of 1, so that the mean is Σ bits · recall / Σ bits. */
function bitRecall(
  recalled: ReadonlyMap<string, { cluster: string; value: number }>,
  bitsOf: ReadonlyMap<string, number>,
  noise: { readonly variance: number; readonly freedom: number },
): MeanEstimate {
  const total = [...recalled.keys()].reduce((sum, key) => sum + (bitsOf.get(key) ?? 0), 0);
  const scale = total === 0 ? 0 : recalled.size / total;
  const weighed = [...recalled].map(([key, { cluster, value }]) => ({
    cluster,
    value: value * (bitsOf.get(key) ?? 0) * scale,
  }));
  const heaviest = Math.max(1, ...[...recalled.keys()].map((key) => (bitsOf.get(key) ?? 0) * scale));
  return boundedMean(weighed, { range: [0, heaviest], noise });
}

/** Bits of each answerable question; null as soon as one is unknown. */
function bitsByQuestion(rows: readonly Row[]): Map<string, number> | null {
  const bits = new Map<string, number>();
  for (const row of rows) {
    if (row.abstention || row.status === 'unscored') continue;
    if (row.bits === null) return null;
    bits.set(JSON.stringify([row.item, row.question]), row.bits);
  }
  return bits;
}
