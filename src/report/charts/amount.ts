/** Score over the number of items trained on: one line for each rank. */
import * as Plot from '@observablehq/plot';
import { distinct, groupBy } from '../../core/collections.js';
import type { Cell } from '../../analysis/group.js';
import type { Measure } from '../../analysis/measure.js';
import { bookName, counted, whole } from '../../analysis/wording.js';
import { chartWords } from '../../words/charts.js';
import { numberWords } from '../../words/numbers.js';
import { seriesStyle, type ChartSize } from './frame.js';
import { cellPoint, linesChart, type LinesChart } from './lines.js';

export interface AmountData {
  /** They share data set, book and level. */
  readonly cells: readonly Cell[];
  /** The base model on the same questions; null where it was not asked. */
  readonly base: Cell | null;
  readonly measure: Measure;
  /** All of the study's, so that a rank looks the same in every chart. */
  readonly ranks: readonly number[];
  /** Fitted curves, one for each rank that has one; default none. */
  readonly fitted?: readonly FittedLine[];
}

/** A curve that was fitted to a rank's points. */
export interface FittedLine {
  readonly rank: number;
  /** The measure's value after so many items. */
  readonly valueAt: (items: number) => number;
}

/** Score over amount as SVG text. */
export function amountChart({ cells, base, measure, ranks, fitted = [] }: AmountData, size: ChartSize): string {
  const { parts, rank: rankName } = numberWords();
  const { dataset = '', book = 'open' } = cells[0] ?? {};
  const axis = amountAxis(
    cells.map(({ items }) => items),
    size,
  );
  const { least, most } = axis;
  const lines = groupBy(
    [...cells].sort((a, b) => a.rank - b.rank),
    ({ rank }) => String(rank),
  );
  return linesChart(
    {
      label: chartWords().scoreOverItems(dataset, bookName(book)),
      measure,
      bases: { lines: [], lone: base === null ? [] : [{ x: most, cell: base }] },
      series: [...lines.values()].map((line) => {
        const rank = line[0]?.rank ?? 0;
        const points = line.map((cell) =>
          cellPoint(cell, measure, { x: cell.items, name: parts(rankName(rank), counted(cell.items, 'item')) }),
        );
        return { name: rankName(rank), style: seriesStyle(ranks.indexOf(rank)), points };
      }),
      ...(fitted.length > 0 && { beside: fittedMarks(fitted, ranks, [least, most]) }),
      x: {
        label: chartWords().itemsTrainedOn,
        ...{ domain: axis.domain, ticks: axis.ticks, tickFormat: whole },
      },
    },
    size,
  );
}

/** The axis that numbers of items stand on, from the least to the most. */
export function amountAxis(items: readonly number[], size: ChartSize) {
  const amounts = distinct(items).sort((a, b) => a - b);
  const [least = 0, most = 1] = [amounts[0], amounts.at(-1)];
  const room = 0.06 * (most - least || 1);
  const domain: [number, number] = [least - room, most + room];
  return { least, most, domain, ticks: thinned(amounts, room, size) };
}

/** Fitted curves, thin and dashed, in their ranks' colours. */
function fittedMarks(
  fitted: readonly FittedLine[],
  ranks: readonly number[],
  [least, most]: readonly [number, number],
): NonNullable<LinesChart['beside']> {
  const places = Array.from({ length: 41 }, (_, i) => least + ((most - least) * i) / 40);
  const marks = fitted.map(({ rank, valueAt }) =>
    Plot.line(
      places.map((items) => [items, valueAt(items)]),
      { stroke: seriesStyle(ranks.indexOf(rank)).colour, strokeWidth: 1, strokeOpacity: 0.7, strokeDasharray: '4,3' },
    ),
  );
  return { marks, values: [], labels: [] };
}

/** The amounts themselves as ticks, left out where their numbers would touch. */
function thinned(amounts: readonly number[], room: number, { width }: ChartSize): number[] {
  const [least = 0, most = 1] = [amounts[0], amounts.at(-1)];
  const perItem = (width - 132) / (most - least + 2 * room);
  let last = -Infinity;
  return amounts.filter((amount) => {
    if ((amount - last) * perItem < 36) return false;
    last = amount;
    return true;
  });
}
