/** Which cells of a study are compared with which. */
import { groupBy } from '../core/collections.js';
import type { Cell } from './group.js';
import { measureOf, type Measure } from './measure.js';

/** Two cells compared by a measure. */
export interface CellPair {
  readonly a: Cell;
  readonly b: Cell;
  readonly measure: Measure;
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

/** Every comparison that is made of one data set and book: all pairs of levels and of ranks, adapters and their base, the ends of each amount. */
export function comparedPairs(arm: readonly Cell[], given?: Measure): CellPair[] {
  const closed = arm[0]?.book === 'closed';
  const measure = given ?? measureOf(arm.flatMap(({ rows }) => rows));
  const line = closed ? [] : widestLine(arm);
  const own = (cell: Cell): Cell[] => arm.filter(({ rank, level }) => rank === 0 && level === cell.level);
  const pairs = [
    ...allPairs(line),
    ...rankGroups(arm).flatMap(allPairs),
    ...(closed ? [] : amountLines(arm).map(endsOf)),
    ...(line.length > 1 ? line : []).flatMap((cell) => own(cell).map((base) => [cell, base] as const)),
  ].map(([a, b]) => ({ a, b, measure }));
  const recall = closed
    ? [
        ...amountLines(arm).map(endsOf),
        ...trained(arm).flatMap((cell) => own(cell).map((base) => [cell, base] as const)),
      ].map(([a, b]) => ({ a, b, measure: 'accuracy' as const }))
    : [];
  return [...pairs, ...recall];
}

function endsOf(line: readonly Cell[]): readonly [Cell, Cell] {
  return [line.at(-1) as Cell, line[0] as Cell];
}

function allPairs(cells: readonly Cell[]): (readonly [Cell, Cell])[] {
  return cells.flatMap((a, i) => cells.slice(i + 1).map((b) => [a, b] as const));
}

function trained(arm: readonly Cell[]): Cell[] {
  return arm.filter(({ rank, accuracy }) => rank > 0 && accuracy.n > 0);
}

function lexicographic(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}
