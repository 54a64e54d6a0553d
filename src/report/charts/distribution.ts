/** How the items' token reduction rates spread at each level: a row of bars for each, what grew set apart by colour. */
import * as Plot from '@observablehq/plot';
import { counted, percent, shortLevel } from '../../analysis/wording.js';
import { chartWords } from '../../words/charts.js';
import type { AuditedLevel } from '../data.js';
import { BAD, drawSvg, FAINT, GOOD, INK, type ChartSize } from './frame.js';

const ROW = 46;

/** The lowest rate drawn; what grew even more stands in a bar at the edge. */
const LOWEST = -2.05;

interface Bar {
  readonly level: string;
  readonly from: number;
  readonly to: number;
  /** Of the level's tallest bar. */
  readonly height: number;
  readonly title: string;
}

/** Levels without items to compare are left out. */
export function distributionChart(levels: readonly AuditedLevel[], { width }: Pick<ChartSize, 'width'>): string {
  const shown = levels.filter(({ level, distribution }) => level !== 'original' && distribution.n > 0);
  const bars = shown.flatMap(barsOf);
  const medians = shown.map(({ level, distribution: { quantiles } }) => ({
    level: shortLevel(level),
    x: quantiles?.median ?? 0,
  }));
  const low = Math.min(0, ...bars.map(({ from }) => from));
  return drawSvg(chartWords().spread, {
    width,
    height: ROW * shown.length + 62,
    marginLeft: 56,
    marginRight: 20,
    marginTop: 8,
    marginBottom: 42,
    x: {
      domain: [low, 1],
      label: chartWords().tokensSavedEach,
      ...{ labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
      tickFormat: (x: number) => chartWords().percent(`${x < -0.001 ? '−' : ''}${Math.abs(100 * x).toFixed(0)}`),
    },
    y: { axis: null, domain: [0, 1] },
    fy: { domain: shown.map(({ level }) => shortLevel(level)), label: null, padding: 0.12 },
    marks: [
      Plot.ruleY([0], { stroke: FAINT }),
      Plot.rectY(bars, {
        ...{ x1: 'from', x2: 'to', y: 'height', fy: 'level', insetLeft: 0.5, insetRight: 0.5, title: 'title' },
        fill: ({ to }: Bar) => (to <= 1e-9 ? BAD : GOOD),
      }),
      Plot.ruleX([0], { stroke: INK, strokeOpacity: 0.5 }),
      Plot.tickX(medians, { x: 'x', fy: 'level', stroke: INK, strokeWidth: 1.5 }),
      Plot.axisFy({ anchor: 'left', tickSize: 0, fontWeight: 600 }),
    ],
    color: { type: 'identity' },
  });
}

function barsOf({ level, distribution: { histogram } }: AuditedLevel): Bar[] {
  const tallest = Math.max(1, ...histogram.map(({ count }) => count));
  return histogram
    .filter(({ count }) => count > 0)
    .map(({ start, end, count }) => ({
      level: shortLevel(level),
      from: Math.max(LOWEST, Math.min(start, end - 0.05)),
      to: Math.max(LOWEST + 0.05, end),
      height: count / tallest,
      title: chartWords().from(counted(count, 'item'), percent(start, 0), percent(end, 0)),
    }));
}
