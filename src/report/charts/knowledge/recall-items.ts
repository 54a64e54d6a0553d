/** Recall without the text over the number of items trained on: one line for each rank. */
import { chartWords } from '../../../words/charts.js';
import { numberWords } from '../../../words/numbers.js';
import { distinct, groupBy } from '../../../core/collections.js';
import type { Knowledge, KnowledgeCell } from '../../../analysis/knowledge/knowledge.js';
import { whole } from '../../../analysis/wording.js';
import { amountAxis } from '../amount.js';
import { seriesStyle, type ChartSize } from '../frame.js';
import { linesChart } from '../lines.js';
import { floorBeside } from './bounds.js';
import { recallPoint } from './recall-levels.js';

/** `cells` are of one level, form and number of exposures. */
export function recallItemsChart(cells: readonly KnowledgeCell[], knowledge: Knowledge, size: ChartSize): string {
  const ranks = distinct(knowledge.cells.map(({ rank }) => rank)).sort((a, b) => a - b);
  const lines = groupBy(
    [...cells].sort((a, b) => a.rank - b.rank),
    ({ rank }) => rank,
  );
  const axis = amountAxis(
    cells.map(({ items }) => items),
    size,
  );
  return linesChart(
    {
      label: chartWords().recallOverItems(knowledge.dataset),
      ...{ measure: 'accuracy', valueLabel: chartWords().answeredWithout },
      bases: { lines: [], lone: [] },
      beside: floorBeside(knowledge.floor?.mean ?? null),
      series: [...lines].map(([rank, own]) => ({
        ...{ name: numberWords().rank(rank), style: seriesStyle(ranks.indexOf(rank)) },
        points: own.map((cell) => recallPoint(cell, cell.items)),
      })),
      x: {
        label: chartWords().itemsTrainedOn,
        ...{ domain: axis.domain, ticks: axis.ticks, tickFormat: whole },
      },
    },
    size,
  );
}
