/** Recall without the text over the level that was trained on: one line for each form, below what the texts kept. */
import { chartWords } from '../../../words/charts.js';
import { groupBy } from '../../../core/collections.js';
import type { Knowledge, KnowledgeCell } from '../../../analysis/knowledge/knowledge.js';
import { adapterName } from '../../../analysis/knowledge/words.js';
import { shortLevel } from '../../../analysis/wording.js';
import { estimateTitle, seriesStyle, type ChartSize } from '../frame.js';
import { levelLines } from '../level-lines.js';
import { levelTicks } from '../levels.js';
import { linesChart, type LinePoint } from '../lines.js';
import { boundsBeside } from './bounds.js';

/** `cells` are of one amount, one to a form and level. */
export function recallLevelsChart(cells: readonly KnowledgeCell[], knowledge: Knowledge, size: ChartSize): string {
  const { dataset, forms, floor, ceiling } = knowledge;
  const levels = knowledge.levels.filter((level) => cells.some((cell) => cell.level === level));
  const bounds = levels.map((level) => ({
    level,
    kept: cells.find((cell) => cell.level === level)?.retention ?? null,
    read: ceiling.get(level)?.mean ?? null,
  }));
  return linesChart(
    {
      label: chartWords().recallOverLevel(dataset),
      ...{ measure: 'accuracy', valueLabel: chartWords().answeredWithout },
      bases: { lines: [], lone: [] },
      beside: boundsBeside({ floor: floor?.mean ?? null, levels: bounds }),
      series: [...groupBy(cells, ({ form }) => form)].map(([form, own]) => {
        const points = own.map((cell) => ({ ...recallPoint(cell, levels.indexOf(cell.level)), level: cell.level }));
        const { lines } = levelLines(points, ({ level }) => level, levels);
        return { name: form, style: seriesStyle(forms.indexOf(form)), points, lines };
      }),
      x: {
        domain: [-0.4, levels.length - 0.6],
        ticks: [...levels.keys()],
        ...levelTicks(levels.map(shortLevel), size),
      },
    },
    size,
  );
}

/** An adapter's recall as a point of a chart. */
export function recallPoint(cell: KnowledgeCell, x: number): LinePoint {
  return { x, estimate: cell.trained, title: estimateTitle(cell.trained, 'accuracy', adapterName(cell)) };
}
