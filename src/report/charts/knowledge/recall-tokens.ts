/** Recall without the text over the tokens trained on: one line for each form. */
import { chartWords } from '../../../words/charts.js';
import { groupBy } from '../../../core/collections.js';
import type { Knowledge, KnowledgeCell } from '../../../analysis/knowledge/knowledge.js';
import { seriesStyle, type ChartSize } from '../frame.js';
import { linesChart } from '../lines.js';
import { floorBeside } from './bounds.js';
import { recallPoint } from './recall-levels.js';

/** Even steps would press the smallest amounts together where the largest is this many times as large. */
const WIDE_RANGE = 8;

/** `cells` are of one level and rank, and their tokens are known. */
export function recallTokensChart(cells: readonly KnowledgeCell[], knowledge: Knowledge, size: ChartSize): string {
  const { dataset, forms, floor } = knowledge;
  const tokens = cells.map((cell) => cell.tokens ?? 0);
  const [least, most] = [Math.min(...tokens), Math.max(...tokens)];
  const isWide = most > WIDE_RANGE * least;
  const room = 0.08 * (most - least);
  return linesChart(
    {
      label: chartWords().recallOverTokens(dataset),
      ...{ measure: 'accuracy', valueLabel: chartWords().answeredWithout },
      bases: { lines: [], lone: [] },
      beside: floorBeside(floor?.mean ?? null),
      series: [...groupBy(cells, ({ form }) => form)].map(([form, own]) => ({
        ...{ name: form, style: seriesStyle(forms.indexOf(form)) },
        points: own.map((cell) => recallPoint(cell, cell.tokens ?? 0)),
      })),
      x: {
        label: chartWords().tokensTrainedOn(isWide),
        ...(isWide ? { type: 'log' as const } : {}),
        domain: isWide ? [least / 1.25, most * 1.25] : [Math.max(0, least - room), most + room],
        ticks: size.width < 400 ? 3 : 5,
        tickFormat: shortCount,
      },
    },
    size,
  );
}

/** `950`, `12k`, `1.5M`. */
export function shortCount(n: number): string {
  const short = (value: number): string => String(Number(value.toPrecision(2)));
  if (n >= 999_500) return `${short(n / 1e6)}M`;
  return n >= 1000 ? `${short(n / 1000)}k` : String(Math.round(n));
}
