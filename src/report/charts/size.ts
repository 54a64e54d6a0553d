/** Score over the size of the adapter: one line for each level, so that what a larger rank buys is seen beside what it costs. */
import { distinct } from '../../core/collections.js';
import type { RankChoice } from '../../analysis/rank.js';
import { bookName, shortLevel, whole } from '../../analysis/wording.js';
import { chartWords } from '../../words/charts.js';
import { numberWords } from '../../words/numbers.js';
import { seriesStyle, type ChartSize } from './frame.js';
import { cellPoint, linesChart } from './lines.js';

/** Whether all candidates' parameters are known, so that they can be an axis. */
export function hasSizes(choices: readonly RankChoice[]): boolean {
  return choices.every(({ candidates }) => candidates.every(({ cost }) => (cost.parameters ?? 0) > 0));
}

/** Score over trained parameters as SVG text; the choices share data set, book, amount and measure. */
export function sizeChart(choices: readonly RankChoice[], size: ChartSize): string {
  const { parts, rank: rankName } = numberWords();
  const { dataset = '', book = 'open', measure = 'score' } = choices[0] ?? {};
  const sizes = distinct(choices.flatMap(({ candidates }) => candidates.map(({ cost }) => cost.parameters ?? 1))).sort(
    (a, b) => a - b,
  );
  const [least = 1, most = 1] = [sizes[0], sizes.at(-1)];
  return linesChart(
    {
      label: chartWords().scoreOverSize(dataset, bookName(book)),
      measure,
      bases: { lines: [], lone: [] },
      series: choices.map(({ level, candidates }, i) => ({
        name: shortLevel(level),
        style: seriesStyle(i),
        points: candidates.map(({ rank, cell, cost }) =>
          cellPoint(cell, measure, { x: cost.parameters ?? 1, name: parts(shortLevel(level), rankName(rank)) }),
        ),
      })),
      x: {
        label: chartWords().parametersLog,
        type: 'log',
        domain: [least / 1.3, most * 1.3],
        ticks: sizes.filter((each, i) => i === 0 || each / (sizes[i - 1] ?? 1) > 1.7),
        tickFormat: (parameters) => (parameters >= 10_000 ? `${whole(parameters / 1000)}k` : whole(parameters)),
      },
    },
    size,
  );
}
