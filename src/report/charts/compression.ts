/** Score over token reduction rate (or over what the text kept): one point for each level, with its interval and its finding against the best. */
import * as Plot from '@observablehq/plot';
import { falls, type Curve, type CurvePoint } from '../../analysis/curve.js';
import { estimateOf } from '../../analysis/group.js';
import { shortLevel } from '../../analysis/wording.js';
import {
  BAD,
  baseLabel,
  baseMarks,
  drawSvg,
  GOOD,
  grid,
  horizontalScale,
  horizontalTicks,
  INK,
  MARGIN,
  PAPER,
  rightLabels,
  titleOf,
  valueAxis,
  valueDomain,
  verticalScale,
  type ChartSize,
} from './frame.js';
import { levelLines } from './level-lines.js';
import { placeNames } from './place-names.js';

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
  const { measure, points } = curve;
  const known = points.filter((point) => valueOn(axis, point) !== null);
  const crowded = axis === 'trr' && isCrowded(known);
  const plotted = known.map((point) => plottedPoint(point, curve, position(valueOn(axis, point) ?? 0, crowded)));
  const { lines } = levelLines(plotted, ({ point }) => point.level);
  const bases = plotted.flatMap(({ x, point: { base } }) => (base === null ? [] : [{ x, cell: base }]));
  const domain = valueDomain([...known.map(({ cell }) => cell), ...bases.map(({ cell }) => cell)], measure);
  const xDomain = withRoom(plotted.map(({ x }) => x));
  return drawSvg(`${curve.dataset}: score over ${axis === 'trr' ? 'token reduction rate' : 'answers kept'}`, {
    ...size,
    ...MARGIN,
    x: horizontalAxis(axis, crowded, xDomain, size),
    y: valueAxis(measure, domain),
    marks: [
      grid(),
      ...baseMarks(
        levelLines(bases, ({ cell }) => cell.level),
        measure,
      ),
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
  const places = placeNames(
    plotted.map(({ name, x, mean, low, high }) => ({
      ...{ text: name, x: across(x), y: down(mean), top: down(high), bottom: down(low) },
    })),
    {
      left: MARGIN.marginLeft,
      right: size.width - MARGIN.marginRight + 6,
      top: 14,
      bottom: size.height - MARGIN.marginBottom,
    },
  );
  return plotted.map((datum, i) =>
    Plot.text([datum], {
      ...{ x: 'x', y: 'mean', text: 'name', dx: places[i]?.dx ?? 0, dy: places[i]?.dy ?? 0 },
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

/** Whether most levels lie so close to 100 % that a linear axis would pile them up. */
function isCrowded(points: readonly CurvePoint[]): boolean {
  return points.filter(({ trr }) => (trr ?? 0) > 0.9).length >= 3;
}

/** On a crowded axis points are placed by the logarithm of the tokens left. */
function position(trr: number, crowded: boolean): number {
  return crowded ? -Math.log10(Math.max(1e-4, 1 - trr)) : trr;
}

const CROWDED_TICKS = [-1, 0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

function horizontalAxis(
  axis: CompressionAxis,
  crowded: boolean,
  domain: readonly [number, number],
  size: ChartSize,
): Plot.ScaleOptions {
  const shared = { domain, labelAnchor: 'center', labelArrow: 'none', ticks: horizontalTicks(size) } as const;
  if (crowded) return { ...shared, ...crowdedTicks(domain, size) };
  const label = axis === 'retention' ? 'Answers still found in the text' : 'Tokens saved (macro TRR)';
  return { ...shared, label, tickFormat: (x: number) => `${minusPercent(x)} %` };
}

function crowdedTicks(domain: readonly [number, number], size: ChartSize): Plot.ScaleOptions {
  const across = horizontalScale(domain, size);
  let last = -Infinity;
  const ticks = CROWDED_TICKS.map((trr) => ({ trr, x: position(trr, true) })).filter(({ x }) => {
    const fits = x >= domain[0] && x <= domain[1] && across(x) - last > 42;
    if (fits) last = across(x);
    return fits;
  });
  return {
    label: 'Tokens saved (macro TRR); axis: log of tokens left',
    ticks: ticks.map(({ x }) => x),
    tickFormat: (x: number) => `${minusPercent(ticks.find((tick) => tick.x === x)?.trr ?? 0, true)} %`,
  };
}

function minusPercent(share: number, fine = false): string {
  const digits = fine ? String(Number((100 * Math.abs(share)).toFixed(1))) : Math.abs(100 * share).toFixed(0);
  return share < 0 && digits !== '0' ? `−${digits}` : digits;
}
