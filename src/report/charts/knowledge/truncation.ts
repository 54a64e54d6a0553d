/** Recall over rank: adapters trained at each rank, beside the largest cut to smaller ranks by its singular values. */
import { distinct } from '../../../core/collections.js';
import type { Knowledge } from '../../../analysis/knowledge/knowledge.js';
import { percent } from '../../../analysis/wording.js';
import { seriesStyle, type ChartSize } from '../frame.js';
import { linesChart, type LinePoint, type LineSeries } from '../lines.js';
import { floorBeside } from './bounds.js';

/** An adapter's recall at ranks that it was cut to, its own among them, and that of adapters trained at each rank. */
export interface Truncation {
  readonly form: string;
  readonly cut: readonly RankRecall[];
  readonly trained: readonly RankRecall[];
}

export interface RankRecall {
  readonly rank: number;
  readonly recall: number;
}

/** The drawing: ranks in even steps. */
export function truncationChart(lines: readonly Truncation[], knowledge: Knowledge, size: ChartSize): string {
  const { dataset, forms, floor } = knowledge;
  const ranks = distinct(lines.flatMap(({ cut, trained }) => [...cut, ...trained]).map(({ rank }) => rank));
  ranks.sort((a, b) => a - b);
  return linesChart(
    {
      label: `${dataset}: recall over rank, of adapters trained at a rank and of the largest cut to it`,
      ...{ measure: 'accuracy', valueLabel: 'Answered without the text' },
      bases: { lines: [], lone: [] },
      beside: floorBeside(floor?.mean ?? null),
      series: lines.flatMap((line) => seriesOf(line, ranks, forms)),
      x: {
        label: 'Rank',
        domain: [-0.4, ranks.length - 0.6],
        ticks: [...ranks.keys()],
        tickFormat: (x: number) => String(ranks[x] ?? ''),
      },
    },
    size,
  );
}

function seriesOf(
  { form, cut, trained }: Truncation,
  ranks: readonly number[],
  forms: readonly string[],
): LineSeries[] {
  const style = seriesStyle(forms.indexOf(form));
  const point = (what: string, isHollow: boolean) => {
    return ({ rank, recall }: RankRecall): LinePoint => ({
      ...{ x: ranks.indexOf(rank), isHollow, estimate: { mean: recall, low: NaN, high: NaN } },
      title: `${form}, ${what} rank ${rank}: ${percent(recall)}`,
    });
  };
  const largest = Math.max(...cut.map(({ rank }) => rank));
  return [
    { name: `${form}, cut`, style, isDashed: true, points: cut.map(point(`cut from rank ${largest} to`, true)) },
    { name: form, style, points: trained.map(point('trained at', false)) },
  ];
}
