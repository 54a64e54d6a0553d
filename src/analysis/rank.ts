/** Which rank to use: the smallest whose score is within one standard error of the best, or the study's own table from TRR. */
import { distinct, groupBy } from '../core/collections.js';
import type { Book } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { jointComparisons, type Compare, type Comparison } from './compare.js';
import { armsOf, rankGroups } from './lines.js';
import { estimateOf, type Cell } from './group.js';
import { measureOf, type Measure } from './measure.js';
import type { RunSummary } from './run-summary.js';

/** Knowledge a parameter can hold, in bits (Allen-Zhu and Li, 2024, "Physics of language models: part 3.3"). */
export const BITS_PER_PARAMETER = 2;

export interface RankCandidate {
  readonly rank: number;
  readonly cell: Cell;
  /** This rank less the best one, its interval joint over all comparisons of ranks in this data set and book; null for the best itself. */
  readonly againstBest: Comparison | null;
  /** Whether its mean is within one standard error of the best (paired). */
  readonly within: boolean;
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
  /** The rank with the best mean. */
  readonly best: number;
  /** From the smallest rank up. */
  readonly candidates: readonly RankCandidate[];
  /** Null where bits or parameter counts are unknown. */
  readonly floor: CapacityFloor | null;
  /** Whether any two of the ranks can be told apart from the best. */
  readonly detectable: boolean;
  /** Whether all ranks were trained at one scale, so that rank alone differs. */
  readonly equalScale: boolean;
}

/** `one-standard-error`: the smallest rank within one standard error of the best, paired. `trr`: the study's table from TRR, noise or not. */
export type RankRule = 'one-standard-error' | 'trr';

export interface RankOptions {
  /** Default `one-standard-error`; `trr` falls back to it where there is no TRR. */
  readonly rule?: RankRule;
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
    const measure = options.measure ?? measureOf(arm.flatMap(({ rows }) => rows));
    const compared = rankGroups(arm).filter((group) => group.every((cell) => estimateOf(cell, measure).n > 0));
    const table = options.rule === 'trr' ? rankTable(compared.flat(), measure) : [];
    return compared.map((group) => choose(group, { runs, measure, table, compare }));
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
}

function choose(group: readonly Cell[], { runs, measure, table, compare }: ChoiceContext): RankChoice {
  const best = bestOf(group, measure);
  const candidates = [...group]
    .sort((a, b) => a.rank - b.rank)
    .map((cell) => {
      const againstBest = cell === best ? null : compare(cell, best, measure);
      return { rank: cell.rank, cell, againstBest, within: isWithin(againstBest) };
    });
  const floor = capacityFloor(group, runs);
  const fromTable = best.trr === null ? null : rankByTrr(table, best.trr);
  const tabled = candidates.find(({ rank }) => rank === fromTable)?.rank;
  const { dataset, book, level, items } = best;
  return {
    ...{ dataset, book, level, items, measure, candidates, floor },
    rule: tabled === undefined ? 'one-standard-error' : 'trr',
    rank: tabled ?? candidates.find(({ rank, within }) => within && rank >= (floor?.rank ?? 0))?.rank ?? best.rank,
    best: best.rank,
    detectable: candidates.some(({ againstBest }) => againstBest?.detectable === true),
    equalScale: distinct(group.flatMap(({ scales }) => scales.map((scale) => scale.toFixed(6)))).length === 1,
  };
}

/** Ties in the mean go to the smaller rank. */
function bestOf(group: readonly Cell[], measure: Measure): Cell {
  return [...group].sort(
    (a, b) => estimateOf(b, measure).mean - estimateOf(a, measure).mean || a.rank - b.rank,
  )[0] as Cell;
}

function isWithin(againstBest: Comparison | null): boolean {
  if (againstBest === null) return true;
  return -againstBest.difference <= againstBest.standardError;
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
