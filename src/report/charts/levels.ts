/** Score over level, in the study's order: one line for each rank. */
import { distinct, groupBy, levelOrder, type Cell } from '../../analysis/group.js';
import type { Measure } from '../../analysis/measure.js';
import { bookName, shortLevel } from '../../analysis/wording.js';
import { seriesStyle, type BasePoint, type ChartSize } from './frame.js';
import { linesChart } from './lines.js';

/** The levels that shorten step by step; the others are texts of another kind, and no line leads to them. */
const ONE_SCALE: ReadonlySet<string> = new Set(['original', 'summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5']);

/** `cells` share data set, book and amount; `bases` are the base model's, at whatever levels it was asked; `ranks` are all of the study's. */
export function levelsChart(
  cells: readonly Cell[],
  bases: readonly Cell[],
  measure: Measure,
  ranks: readonly number[],
  size: ChartSize,
): string {
  const { dataset = '', book = 'open' } = cells[0] ?? {};
  const levels = distinct(cells.map(({ level }) => level)).sort((a, b) => levelOrder(a) - levelOrder(b));
  const lines = groupBy(
    [...cells].sort((a, b) => a.rank - b.rank),
    ({ rank }) => String(rank),
  );
  return linesChart(
    {
      label: `${dataset}, ${bookName(book)}: score over level, one line for each rank`,
      measure,
      bases: basePoints(bases, levels),
      series: [...lines.values()].map((line) => {
        const rank = line[0]?.rank ?? 0;
        const points = line.map((cell) => ({
          x: levels.indexOf(cell.level),
          cell,
          name: `${shortLevel(cell.level)}, rank ${rank}`,
          apart: !ONE_SCALE.has(cell.level),
        }));
        return { name: `rank ${rank}`, style: seriesStyle(ranks.indexOf(rank)), points };
      }),
      x: {
        label: 'Level of the text',
        domain: [-0.4, levels.length - 0.6],
        ticks: [...levels.keys()],
        tickFormat: (i: number) => shortLevel(levels[i] ?? 'none'),
      },
    },
    size,
  );
}

/** The base model at the charted levels that shorten step by step; where it was asked at none of them, across the chart. */
function basePoints(bases: readonly Cell[], levels: readonly Cell['level'][]): BasePoint[] {
  const here = bases.filter(({ level }) => levels.includes(level) && ONE_SCALE.has(level));
  const shown = here.length > 0 ? here : bases.slice(0, 1);
  return shown.map((cell) => ({ x: Math.max(0, levels.indexOf(cell.level)), cell }));
}
