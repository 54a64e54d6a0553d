/** Recall over rank: adapters trained at each rank, beside the largest cut to smaller ranks by its singular values. */
import { chartWords } from '../../../words/charts.js';
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
      label: chartWords().recallOverRank(dataset),
      ...{ measure: 'accuracy', valueLabel: chartWords().answeredWithout },
      bases: { lines: [], lone: [] },
      beside: floorBeside(floor?.mean ?? null),
      series: lines.flatMap((line) => seriesOf(line, ranks, forms)),
      x: {
        label: chartWords().rank,
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
  const words = chartWords();
  const point = (titleOf: (rank: number, recall: string) => string, isHollow: boolean) => {
    return ({ rank, recall }: RankRecall): LinePoint => ({
      ...{ x: ranks.indexOf(rank), isHollow, estimate: { mean: recall, low: NaN, high: NaN } },
      title: titleOf(rank, percent(recall)),
    });
  };
  const largest = Math.max(...cut.map(({ rank }) => rank));
  return [
    {
      ...{ name: words.cut(form), style, isDashed: true },
      points: cut.map(point((rank, recall) => words.cutFrom(form, largest, rank, recall), true)),
    },
    {
      ...{ name: form, style },
      points: trained.map(point((rank, recall) => words.trainedAt(form, rank, recall), false)),
    },
  ];
}
