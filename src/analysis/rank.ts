/** Which rank to use: the smallest that is shown to lose no more than a margin against the largest, or the study's own table from TRR. */
import { distinct, groupBy } from '../core/collections.js';
import type { Book } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { mean } from '../core/statistics.js';
import { excludesLoss, jointComparisons, type Compare, type Comparison } from './compare.js';
import { armsOf, rankGroups } from './lines.js';
import { estimateOf, type Cell } from './group.js';
import { measureOfCells, type Measure } from './measure.js';
import type { RunSummary } from './run-summary.js';

/** Knowledge a parameter can hold, in bits (Allen-Zhu and Li, 2024, "Physics of language models: part 3.3"). */
export const BITS_PER_PARAMETER = 2;

export interface RankCandidate {
  readonly rank: number;
  readonly cell: Cell;
  /** This rank less the largest, its interval joint with all others of the study; null for the largest itself. */
  readonly againstLargest: Comparison | null;
  /** Whether a loss above the margin is excluded (one-sided, 95 %); true of the largest. */
  readonly enough: boolean;
  readonly cost: RankCost;
}

/** What a rank takes; each null where it is unknown. */
export interface RankCost {
  /** Trained parameters. */
  readonly parameters: number | null;
  /** Seconds of a run, training and answering: the mean of its runs. */
  readonly seconds: number | null;
  /** The learning rates of its trainings, normally one. */
  readonly rates: readonly number[];
}

/** The smallest rank whose parameters could hold the answers at 2 bits each. */
export interface CapacityFloor {
  readonly rank: number;
  /** Bits of all answers asked for, each question once. */
  readonly bits: number;
  readonly parametersPerRank: number;
}

export interface RankChoice {
  readonly dataset: string;
  readonly book: Book;
  readonly level: Level | 'none';
  readonly items: number;
  readonly measure: Measure;
  readonly rule: RankRule;
  /** The rank chosen by the rule. */
  readonly rank: number;
  /** The largest rank that was trained: what the others are held against. */
  readonly largest: number;
  /** The loss that is allowed against it: 0.1 of the score's 1 to 5, or 2.5 points of accuracy, unless told otherwise. */
  readonly margin: number;
  /** Whether the data decide: a smaller rank is enough, or is shown to score lower. */
  readonly settled: boolean;
  /** From the smallest rank up. */
  readonly candidates: readonly RankCandidate[];
  /** Null where bits or parameter counts are unknown. */
  readonly floor: CapacityFloor | null;
  /** Pairs of ranks that can be told apart: the higher score first. */
  readonly apart: readonly RankPair[];
  /** Whether all ranks were trained at one scale, so that rank alone differs. */
  readonly equalScale: boolean;
  /** Whether all were trained at one learning rate, as far as it is known. */
  readonly equalRate: boolean;
}

/** Two ranks whose scores can be told apart. */
export interface RankPair {
  readonly higher: number;
  readonly lower: number;
  /** The higher score less the lower. */
  readonly comparison: Comparison;
}

/** `margin`: the smallest rank shown to lose no more than a margin against the largest. `trr`: the study's table from TRR, noise or not. */
export type RankRule = 'margin' | 'trr';

/** One fortieth of either scale. */
export const DEFAULT_RANK_MARGIN: Readonly<Record<Measure, number>> = { score: 0.1, accuracy: 0.025 };

export interface RankOptions {
  /** Default `margin`; `trr` falls back to it where there is no TRR. */
  readonly rule?: RankRule;
  /** Largest loss against the largest rank that is allowed, in the measure's unit; default 0.1 of the score, 0.025 of accuracy. */
  readonly rankMargin?: number;
  readonly measure?: Measure;
  /** Comparisons that hold together with others of the study; default: those of the cells given. */
  readonly compare?: Compare;
}

/** A rank choice for every data set, book, level and amount that was trained at two ranks or more. */
export function rankChoices(
  cells: readonly Cell[],
  runs: readonly RunSummary[] = [],
  options: RankOptions = {},
): RankChoice[] {
  const compare = options.compare ?? jointComparisons(cells, options);
  return armsOf(cells).flatMap((arm) => {
    const measure = options.measure ?? measureOfCells(arm);
    const compared = rankGroups(arm).filter((group) => group.every((cell) => estimateOf(cell, measure).n > 0));
    const table = options.rule === 'trr' ? rankTable(compared.flat(), measure) : [];
    return compared.map((group) =>
      choose(group, { runs, measure, table, compare, margin: options.rankMargin ?? DEFAULT_RANK_MARGIN[measure] }),
    );
  });
}

/** A row of the study's table: the rank with the best mean at a level, and that level's TRR. */
export interface RankTableEntry {
  readonly level: Level | 'none';
  readonly trr: number;
  readonly rank: number;
}

/** The study's table made from measured cells: for each level the rank with the best mean, noise or not. */
export function rankTable(cells: readonly Cell[], measure: Measure): RankTableEntry[] {
  const levels = groupBy(
    cells.filter((cell) => cell.rank > 0 && cell.trr !== null && estimateOf(cell, measure).n > 0),
    ({ level }) => level,
  );
  return [...levels.values()]
    .filter((group) => distinct(group.map(({ rank }) => rank)).length > 1)
    .map((group) => {
      const best = bestOf(group, measure);
      return { level: best.level, trr: best.trr ?? 0, rank: best.rank };
    })
    .sort((a, b) => a.trr - b.trr);
}

/** The rank that a table gives for a token reduction rate: its nearest entry's (`rule: trr`); null from an empty table. */
export function rankByTrr(table: readonly RankTableEntry[], trr: number): number | null {
  const nearest = [...table].sort((a, b) => Math.abs(a.trr - trr) - Math.abs(b.trr - trr))[0];
  return nearest?.rank ?? null;
}

interface ChoiceContext {
  readonly runs: readonly RunSummary[];
  readonly measure: Measure;
  /** The study's table where its rule is asked for, else empty. */
  readonly table: readonly RankTableEntry[];
  readonly compare: Compare;
  readonly margin: number;
}

function choose(group: readonly Cell[], { runs, measure, table, compare, margin }: ChoiceContext): RankChoice {
  const ordered = [...group].sort((a, b) => a.rank - b.rank);
  const largest = ordered.at(-1) as Cell;
  const candidates = ordered.map((cell): RankCandidate => {
    const againstLargest = cell === largest ? null : compare(cell, largest, measure);
    const enough = againstLargest === null || excludesLoss(againstLargest, margin);
    return { rank: cell.rank, cell, againstLargest, enough, cost: costOf(cell, runs) };
  });
  const floor = capacityFloor(group, runs);
  const fromTable = largest.trr === null ? null : rankByTrr(table, largest.trr);
  const tabled = candidates.find(({ rank }) => rank === fromTable)?.rank;
  const smallest = smallestEnough(candidates, floor?.rank ?? 0);
  const next = candidates[candidates.findIndex(({ rank }) => rank === smallest) - 1]?.againstLargest ?? null;
  const { dataset, book, level, items } = largest;
  return {
    ...{ dataset, book, level, items, measure, candidates, floor, margin },
    rule: tabled === undefined ? 'margin' : 'trr',
    rank: tabled ?? smallest,
    largest: largest.rank,
    settled: smallest < largest.rank || (next !== null && next.detectable && next.high < 0),
    apart: pairsApart(ordered, (a, b) => compare(a, b, measure)),
    equalRate: distinct(candidates.flatMap(({ cost }) => cost.rates)).length < 2,
    equalScale: distinct(group.flatMap(({ scales }) => scales.map((scale) => scale.toFixed(6)))).length === 1,
  };
}

function costOf(cell: Cell, runs: readonly RunSummary[]): RankCost {
  const own = runs.filter(({ id }) => cell.runs.includes(id));
  const times = own.flatMap(({ seconds }) => seconds ?? []);
  return {
    parameters: own.find(({ parameters }) => parameters !== null)?.parameters ?? null,
    seconds: times.length === 0 ? null : mean(times),
    rates: distinct(own.flatMap(({ training }) => training?.learningRate ?? [])),
  };
}

/** Going down from the largest rank until one fails; not below the rank that capacity asks for. */
function smallestEnough(candidates: readonly RankCandidate[], floor: number): number {
  const down = [...candidates].reverse();
  const failed = down.findIndex(({ enough, rank }, i) => i > 0 && (!enough || rank < floor));
  return (failed < 0 ? down.at(-1) : down[failed - 1])?.rank ?? floor;
}

function pairsApart(ordered: readonly Cell[], compare: (a: Cell, b: Cell) => Comparison): RankPair[] {
  return ordered.flatMap((a, i) =>
    ordered.slice(i + 1).flatMap((b): RankPair[] => {
      const comparison = compare(a, b);
      if (!comparison.detectable) return [];
      if (comparison.difference > 0) return [{ higher: a.rank, lower: b.rank, comparison }];
      return [{ higher: b.rank, lower: a.rank, comparison: compare(b, a) }];
    }),
  );
}

/** Ties in the mean go to the smaller rank. */
function bestOf(group: readonly Cell[], measure: Measure): Cell {
  return [...group].sort(
    (a, b) => estimateOf(b, measure).mean - estimateOf(a, measure).mean || a.rank - b.rank,
  )[0] as Cell;
}

function capacityFloor(group: readonly Cell[], runs: readonly RunSummary[]): CapacityFloor | null {
  const perRank = parametersPerRank(runs);
  const bits = bitsAsked(group);
  if (perRank === null || bits === null) return null;
  return { rank: Math.max(1, Math.ceil(bits / (BITS_PER_PARAMETER * perRank))), bits, parametersPerRank: perRank };
}

/** Adapter parameters for each unit of rank, from any run that knows them; null where none does. */
export function parametersPerRank(runs: readonly RunSummary[]): number | null {
  const known = runs.find(({ rank, parameters }) => rank > 0 && parameters !== null && parameters > 0);
  return known === undefined ? null : (known.parameters ?? 0) / known.rank;
}

function bitsAsked(group: readonly Cell[]): number | null {
  const bits = new Map<string, number>();
  for (const { item, question, bits: known } of group.flatMap(({ rows }) => rows)) {
    if (known === null) return null;
    bits.set(JSON.stringify([item, question]), known);
  }
  return [...bits.values()].reduce((sum, value) => sum + value, 0);
}
