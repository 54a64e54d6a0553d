/** How the items' token reduction rates spread at each level: a row of bars for each, what grew set apart by colour. */
import * as Plot from '@observablehq/plot';
import { shortLevel } from '../../analysis/words.js';
import type { AuditedLevel } from '../data.js';
import { BAD, drawSvg, FAINT, GOOD, INK, type ChartSize } from './frame.js';

const ROW = 46;

/** Levels without items to compare are left out. */
export function distributionChart(levels: readonly AuditedLevel[], { width }: Pick<ChartSize, 'width'>): string {
  const shown = levels.filter(({ level, distribution }) => level !== 'original' && distribution.n > 0);
  const bars = shown.flatMap(({ level, distribution: { histogram } }) =>
    histogram.map(({ start, end, count }) => ({
      level: shortLevel(level),
      start,
      end,
      share: count / Math.max(1, ...histogram.map((bin) => bin.count)),
      count,
    })),
  );
  const medians = shown.map(({ level, distribution: { quantiles } }) => ({
    level: shortLevel(level),
    x: quantiles?.median ?? 0,
  }));
  const low = Math.min(0, ...bars.filter(({ count }) => count > 0).map(({ start }) => start));
  return drawSvg('How the token reduction rates of the items spread at each level', {
    width,
    height: ROW * shown.length + 62,
    marginLeft: 56,
    marginRight: 20,
    marginTop: 8,
    marginBottom: 42,
    x: {
      domain: [Math.max(-2.05, low), 1],
      label: 'Tokens saved, per item (TRR)',
      ...{ labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
      tickFormat: (x: number) => `${x < -0.001 ? '−' : ''}${Math.abs(100 * x).toFixed(0)} %`,
    },
    y: { axis: null, domain: [0, 1] },
    fy: { domain: shown.map(({ level }) => shortLevel(level)), label: null, padding: 0.12 },
    marks: [
      Plot.ruleY([0], { stroke: FAINT }),
      Plot.rectY(bars, {
        ...{ x1: 'start', x2: 'end', y: 'share', fy: 'level', insetLeft: 0.5, insetRight: 0.5, clip: true },
        fill: ({ end }: { end: number }) => (end <= 1e-9 ? BAD : GOOD),
        title: ({ count, start, end }: { count: number; start: number; end: number }) =>
          `${count} items from ${(100 * start).toFixed(0)} % to ${(100 * end).toFixed(0)} %`,
      }),
      Plot.ruleX([0], { stroke: INK, strokeOpacity: 0.5 }),
      Plot.tickX(medians, { x: 'x', fy: 'level', stroke: INK, strokeWidth: 1.5 }),
      Plot.axisFy({ anchor: 'left', tickSize: 0, fontWeight: 600 }),
    ],
    color: { type: 'identity' },
  });
}
