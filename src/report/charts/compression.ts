/** Score over token reduction rate (or over what the text kept): one point for each level, with its interval and its finding against the best. */
import { distinct } from '../../core/collections.js';
import * as Plot from '@observablehq/plot';
import { falls, type Curve, type CurvePoint } from '../../analysis/curve.js';
import { estimateOf } from '../../analysis/group.js';
import { shortLevel } from '../../analysis/wording.js';
import { chartWords } from '../../words/charts.js';
import {
  BAD,
  baseLabel,
  baseMarks,
  drawSvg,
  GOOD,
  grid,
  horizontalScale,
  INK,
  MARGIN,
  MUTED,
  PAPER,
  rightLabels,
  titleOf,
  valueAxis,
  valueDomain,
  verticalScale,
  type BasePoint,
  type ChartSize,
} from './frame.js';
import { retentionAxis, trrAxis, type HorizontalAxis } from './horizontal-axis.js';
import { levelLines } from './level-lines.js';
import { placeNames, together } from './place-names.js';

/** What the horizontal axis counts. */
export type CompressionAxis = 'trr' | 'retention';

interface PlottedPoint {
  readonly point: CurvePoint;
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly name: string;
}

/** The chart of a curve; levels whose axis value is unknown are left out. */
export function compressionChart(curve: Curve, size: ChartSize, axis: CompressionAxis = 'trr'): string {
  const { measure, points, dataset } = curve;
  const label = axis === 'trr' ? chartWords().scoreOverTrr(dataset) : chartWords().scoreOverKept(dataset);
  const known = points.filter((point) => valueOn(axis, point) !== null);
  const scale = axis === 'trr' ? trrAxis(known.map(({ trr }) => trr ?? 0)) : retentionAxis();
  const plotted = known.map((point) => plottedPoint(point, curve, scale.position(valueOn(axis, point) ?? 0)));
  const { lines } = levelLines(plotted, ({ point }) => point.level);
  const bases = basesOf(plotted);
  const domain = valueDomain(
    [...known, ...bases].map(({ cell }) => estimateOf(cell, measure)),
    measure,
  );
  const xDomain = withRoom(plotted.map(({ x }) => x));
  return drawSvg(label, {
    ...size,
    ...MARGIN,
    x: { domain: xDomain, labelAnchor: 'center', labelArrow: 'none', ...scale.options(xDomain, size) },
    y: valueAxis(measure, domain),
    marks: [
      grid(),
      ...baseMarks(
        levelLines(
          bases,
          ({ cell }) => cell.level,
          plotted.map(({ point }) => point.level),
        ),
        measure,
      ),
      ...breakMarks(scale),
      ...lines.map((line) => Plot.line(line, { x: 'x', y: 'mean', stroke: INK, strokeOpacity: 0.3, sort: 'x' })),
      Plot.ruleX(plotted, { x: 'x', y1: 'low', y2: 'high', stroke: colourOf, strokeWidth: 1.75 }),
      Plot.dot(plotted, {
        ...{ x: 'x', y: 'mean', r: 5, stroke: colourOf, strokeWidth: 1.75, symbol: symbolOf },
        fill: ({ point }: PlottedPoint) => (point.cell.truncated > 0 ? PAPER : colourOf({ point })),
        title: ({ point, name }: PlottedPoint) => titleOf(point.cell, measure, name),
      }),
      ...names(plotted, domain, xDomain, size),
      ...rightLabels(baseLabel(bases, measure), domain, size),
    ],
    color: { type: 'identity' },
    symbol: { type: 'identity' },
  });
}

/** The untuned base model where it was asked: at each level of its own, or the one place that stands for all. */
function basesOf(plotted: readonly PlottedPoint[]): BasePoint[] {
  const all = plotted.flatMap(({ x, point }) =>
    point.base === null ? [] : [{ x, cell: point.base, level: point.level }],
  );
  if (distinct(all.map(({ cell }) => cell)).length <= 1) return all;
  return all.filter(({ cell, level }) => cell.level === level);
}

/** A short slanted pair of strokes on the axis, where it is broken. */
function breakMarks({ breakAt }: HorizontalAxis): Plot.Markish[] {
  if (breakAt === null) return [];
  return [
    Plot.ruleX([breakAt], { stroke: MUTED, strokeDasharray: '1,3' }),
    Plot.text([breakAt], {
      x: (x: number) => x,
      text: () => '⁄⁄',
      frameAnchor: 'bottom',
      dy: 4,
      fill: MUTED,
      stroke: PAPER,
      strokeWidth: 4,
    }),
  ];
}

function plottedPoint(point: CurvePoint, { measure }: Curve, x: number): PlottedPoint {
  const { mean, low, high } = estimateOf(point.cell, measure);
  const ends = Number.isNaN(low) ? { low: mean, high: mean } : { low, high };
  return { point, x, mean, ...ends, name: shortLevel(point.level) };
}

function names(
  plotted: readonly PlottedPoint[],
  domain: readonly [number, number],
  xDomain: readonly [number, number],
  size: ChartSize,
): Plot.Markish[] {
  const [across, down] = [horizontalScale(xDomain, size), verticalScale(domain, size)];
  const named = together(
    plotted.map(({ name, x, mean, low, high }) => ({
      ...{ text: name, x: across(x), y: down(mean), top: down(high), bottom: down(low), at: { x, mean } },
    })),
  );
  const places = placeNames(named, {
    left: MARGIN.marginLeft,
    right: size.width - MARGIN.marginRight + 6,
    top: 14,
    bottom: size.height - MARGIN.marginBottom,
  });
  return named.map(({ text, at }, i) =>
    Plot.text([at], {
      ...{ x: 'x', y: 'mean', text: () => text, dx: places[i]?.dx ?? 0, dy: places[i]?.dy ?? 0 },
      ...{ fontWeight: 600, fill: INK, stroke: PAPER, strokeWidth: 4 },
    }),
  );
}

function withRoom(xs: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const room = 0.06 * (high - low || 1);
  return [low - room, high + room];
}

function valueOn(axis: CompressionAxis, { trr, cell }: CurvePoint): number | null {
  return axis === 'trr' ? trr : cell.retention;
}

function colourOf({ point }: { readonly point: CurvePoint }): string {
  return falls(point) ? BAD : GOOD;
}

function symbolOf({ point }: PlottedPoint): 'circle' | 'triangle2' {
  return falls(point) ? 'triangle2' : 'circle';
}
