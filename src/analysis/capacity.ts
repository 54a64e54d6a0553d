/** Closed book: how many facts and bits an adapter of a rank recalls of what it was trained on, over the floor of the base model and of guessing. */
import { groupBy } from '../core/collections.js';
import { boundedMean } from '../core/bounded-mean.js';
import { mean, type MeanEstimate } from '../core/statistics.js';
import type { Row } from '../core/records.js';
import { jointComparisons, type Compare, type Comparison } from './compare.js';
import type { Cell } from './group.js';
import { questionMeans } from './question-means.js';
import { BITS_PER_PARAMETER } from './rank.js';
import type { RunSummary } from './run-summary.js';

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
  /** Bits recalled above the floor, each fact weighed by its bits; null where bits are unknown. */
  readonly bitsRecalled: Bounded | null;
  /** Bits of all facts asked for; null where unknown. */
  readonly bits: number | null;
  /** 2 bits for each parameter of the adapter; null where the number of parameters is unknown. */
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
  /** Recall of the facts common to the smallest and the largest amount: largest less smallest; null with one amount. */
  readonly crowding: Comparison | null;
}

/** The capacity curve of every data set and rank that has closed-book runs. */
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
  return [...lines.values()].map((line) => {
    const arm = closed.filter(({ dataset }) => dataset === line[0]?.dataset);
    return capacityCurve(line, arm, runs, compare);
  });
}

function capacityCurve(
  line: readonly Cell[],
  arm: readonly Cell[],
  runs: readonly RunSummary[],
  compare: Compare,
): CapacityCurve {
  const base = arm.find(({ rank }) => rank === 0) ?? null;
  const ordered = [...line].sort((a, b) => a.items - b.items);
  const first = ordered[0] as Cell;
  const last = ordered.at(-1) as Cell;
  const lessThan = (a: Cell, b: Cell): Comparison => compare(a, b, 'accuracy');
  const points = ordered.map((cell) => ({
    ...pointOf(cell, base, runs),
    againstBase: base === null ? null : lessThan(cell, base),
  }));
  const { dataset, rank } = first;
  return { dataset, rank, points, crowding: first === last ? null : lessThan(last, first) };
}

function pointOf(cell: Cell, base: Cell | null, runs: readonly RunSummary[]): Omit<CapacityPoint, 'againstBase'> {
  const recalled = questionMeans(cell.rows, 'accuracy');
  const baseShare = base === null ? null : shareOn(questionMeans(base.rows, 'accuracy'), recalled);
  const bitsOf = bitsByQuestion(cell.rows);
  const floor = Math.max(baseShare ?? 0, guessingShare(bitsOf));
  const recall = cell.accuracy;
  const parameters = runs.find(({ id }) => cell.runs.includes(id))?.parameters ?? null;
  const bits = bitsOf === null ? null : [...bitsOf.values()].reduce((sum, value) => sum + value, 0);
  return {
    ...{ rank: cell.rank, items: cell.items, cell, facts: recalled.size, recall, floor, base: baseShare, bits },
    factsRecalled: aboveFloor(recall, floor, recalled.size),
    bitsRecalled: bitsOf === null ? null : aboveFloor(bitRecall(recalled, bitsOf), floor, bits ?? 0),
    ceilingBits: parameters === null ? null : BITS_PER_PARAMETER * parameters,
  };
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
): MeanEstimate {
  const total = [...recalled.keys()].reduce((sum, key) => sum + (bitsOf.get(key) ?? 0), 0);
  const scale = total === 0 ? 0 : recalled.size / total;
  const weighed = [...recalled].map(([key, { cluster, value }]) => ({
    cluster,
    value: value * (bitsOf.get(key) ?? 0) * scale,
  }));
  const heaviest = Math.max(1, ...[...recalled.keys()].map((key) => (bitsOf.get(key) ?? 0) * scale));
  return boundedMean(weighed, { range: [0, heaviest] });
}

function shareOn(base: ReadonlyMap<string, { value: number }>, questions: ReadonlyMap<string, unknown>): number | null {
  const values = [...questions.keys()].flatMap((key) => base.get(key)?.value ?? []);
  return values.length === 0 ? null : mean(values);
}

/** Share right by a uniform guess among equally likely values: the mean of 2^−bits; 0 where bits are unknown. */
function guessingShare(bitsOf: ReadonlyMap<string, number> | null): number {
  if (bitsOf === null || bitsOf.size === 0) return 0;
  return [...bitsOf.values()].reduce((sum, bits) => sum + 2 ** -bits, 0) / bitsOf.size;
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
