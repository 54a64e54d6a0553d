/** Which cells of a study are compared with which. */
import { groupBy } from '../core/collections.js';
import type { Cell } from './group.js';
import { measureOfCells, type Measure } from './measure.js';

/** Two cells compared by a measure, or the means of two groups of cells. */
export interface CellPair {
  readonly a: readonly Cell[];
  readonly b: readonly Cell[];
  readonly measure: Measure;
  /** What is asked by it: do more and less compressed levels differ, single levels, ranks, or a training from none or from a smaller one. */
  readonly question: 'cut' | 'level' | 'rank' | 'training';
}

/** The cells of one rank and amount that span most levels; on a tie the larger amount, then the smaller rank. */
export function widestLine(arm: readonly Cell[]): Cell[] {
  const lines = groupBy(trained(arm), ({ rank, items }) => JSON.stringify([rank, items]));
  const size = (line: readonly Cell[]): readonly number[] => [line.length, line[0]?.items ?? 0, -(line[0]?.rank ?? 0)];
  return [...lines.values()].sort((a, b) => lexicographic(size(b), size(a)))[0] ?? [];
}

/** The cells of each data set and book. */
export function armsOf(cells: readonly Cell[]): Cell[][] {
  return [...groupBy(cells, ({ dataset, book }) => JSON.stringify([dataset, book])).values()];
}

/** The cells that differ in their rank alone, where there are several. */
export function rankGroups(arm: readonly Cell[]): Cell[][] {
  const groups = groupBy(trained(arm), ({ level, items }) => JSON.stringify([level, items]));
  return [...groups.values()].filter((group) => group.length > 1);
}

/** The cells that differ in their amount alone, from the fewest items up, where there are several. */
export function amountLines(arm: readonly Cell[]): Cell[][] {
  const lines = groupBy(trained(arm), ({ level, rank }) => JSON.stringify([level, rank]));
  return [...lines.values()]
    .filter((line) => line.length > 1)
    .map((line) => [...line].sort((a, b) => a.items - b.items));
}

/** A line's cells in two groups, those that save more tokens and those that save fewer. */
export interface Cut {
  readonly less: readonly Cell[];
  readonly more: readonly Cell[];
}

/** Every way to cut a line of three levels or more in two by tokens saved; cells that saved an unknown number are in none. */
export function cutsOf(line: readonly Cell[]): Cut[] {
  const ordered = line.filter(({ trr }) => trr !== null).sort(byCompression);
  if (ordered.length < 3) return [];
  return ordered.slice(1).map((_, i) => ({ less: ordered.slice(0, i + 1), more: ordered.slice(i + 1) }));
}

/** By token reduction rate; those without one last, in the order of the cells. */
export function byCompression(a: Cell, b: Cell): number {
  if (a.trr !== null && b.trr !== null) return a.trr - b.trr;
  return Number(a.trr === null) - Number(b.trr === null);
}

/**
 * Every comparison that is made of one data set and book: all pairs of levels and of ranks, the more against the less compressed levels,
 * adapters and their base, the ends of each amount.
 */
export function comparedPairs(arm: readonly Cell[], given?: Measure): CellPair[] {
  const closed = arm[0]?.book === 'closed';
  const measure = given ?? measureOfCells(arm);
  const line = closed ? [] : widestLine(arm);
  const own = (cell: Cell): Cell[] => basesOf(arm).filter(({ level }) => level === cell.level);
  const asked = (question: CellPair['question'], pairs: readonly (readonly [Cell, Cell])[], by = measure): CellPair[] =>
    pairs.map(([a, b]) => ({ a: [a], b: [b], measure: by, question }));
  const bases = (adapted: readonly Cell[]): (readonly [Cell, Cell])[] =>
    adapted.flatMap((cell) => own(cell).map((base) => [cell, base] as const));
  const ends = amountLines(arm).map(endsOf);
  return [
    ...asked('level', allPairs(line)),
    ...cutsOf(line).map(({ less, more }) => ({ a: more, b: less, measure, question: 'cut' as const })),
    ...asked('rank', rankGroups(arm).flatMap(allPairs)),
    ...(closed
      ? asked('training', [...ends, ...bases(trained(arm))], 'accuracy')
      : asked('training', [...ends, ...bases(line.length > 1 ? line : [])])),
  ];
}

function endsOf(line: readonly Cell[]): readonly [Cell, Cell] {
  return [line.at(-1) as Cell, line[0] as Cell];
}

function allPairs(cells: readonly Cell[]): (readonly [Cell, Cell])[] {
  return cells.flatMap((a, i) => cells.slice(i + 1).map((b) => [a, b] as const));
}

/** The cells that are compared: adapters; where there are none, the models that nobody trained. */
function trained(arm: readonly Cell[]): Cell[] {
  const answered = arm.filter(({ accuracy }) => accuracy.n > 0);
  const adapters = answered.filter(({ rank }) => rank > 0);
  return adapters.length > 0 ? adapters : answered;
}

/** The base model's cells beside adapters; none where nothing was trained. */
export function basesOf(arm: readonly Cell[]): Cell[] {
  return arm.some(({ rank }) => rank > 0) ? arm.filter(({ rank }) => rank === 0) : [];
}

function lexicographic(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}
