/** Score over level, the original first, then by tokens saved: one line for each rank and kind of text. */
import { distinct, groupBy } from '../../core/collections.js';
import type { Cell } from '../../analysis/group.js';
import type { Measure } from '../../analysis/measure.js';
import { bookName, shortLevel } from '../../analysis/wording.js';
import { chartWords } from '../../words/charts.js';
import { numberWords } from '../../words/numbers.js';
import { MARGIN, seriesStyle, type BasePoints, type ChartSize } from './frame.js';
import { levelLines } from './level-lines.js';
import { cellPoint, linesChart, type LinesChart } from './lines.js';
import { textWidth } from './text-width.js';

/** Pixels of a letter, about. */
const LETTER = 6.6;

export interface LevelsData {
  /** They share data set, book and amount, and are in the order of their levels. */
  readonly cells: readonly Cell[];
  /** The base model's, at whatever levels it was asked. */
  readonly bases: readonly Cell[];
  readonly measure: Measure;
  /** All of the study's, so that a rank looks the same in every chart. */
  readonly ranks: readonly number[];
}

/** Score over level as SVG text. */
export function levelsChart({ cells, bases, measure, ranks }: LevelsData, size: ChartSize): string {
  const { parts, rank: rankName } = numberWords();
  const { dataset = '', book = 'open' } = cells[0] ?? {};
  const levels = distinct(cells.map(({ level }) => level));
  const lines = groupBy(
    [...cells].sort((a, b) => a.rank - b.rank),
    ({ rank }) => String(rank),
  );
  return linesChart(
    {
      label: chartWords().scoreOverLevel(dataset, bookName(book)),
      measure,
      bases: basePoints(bases, levels),
      series: [...lines.values()].map((line) => {
        const rank = line[0]?.rank ?? 0;
        const points = line.map((cell) =>
          cellPoint(cell, measure, {
            x: levels.indexOf(cell.level),
            name: parts(shortLevel(cell.level), rankName(rank)),
          }),
        );
        const { lines } = levelLines(points, (point) => point.cell.level, levels);
        return { name: rankName(rank), style: seriesStyle(ranks.indexOf(rank)), points, lines };
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

/** Names below the axis; in two rows, in the label's room, where one row has none for them all. */
export function levelTicks(names: readonly string[], size: ChartSize): Pick<LinesChart['x'], 'label' | 'tickFormat'> {
  const room = (size.width - MARGIN.marginLeft - MARGIN.marginRight) / (names.length + 0.8 - 1);
  const isCrowded = names.some((name, i) => textWidth(`${name}${names[i + 1] ?? ''}`, LETTER) > 2 * room);
  return {
    label: isCrowded ? null : chartWords().levelOfText,
    tickFormat: (i: number) => `${isCrowded && i % 2 === 1 ? '\n' : ''}${names[i] ?? ''}`,
  };
}

/** The base model at the charted levels; where it was asked at none of them, across the chart. */
function basePoints(bases: readonly Cell[], levels: readonly Cell['level'][]): BasePoints {
  const here = bases.filter(({ level }) => levels.includes(level));
  const shown = here.length > 0 ? here : bases.slice(0, 1);
  const points = shown.map((cell) => ({ x: Math.max(0, levels.indexOf(cell.level)), cell }));
  return levelLines(points, ({ cell }) => cell.level, levels);
}
