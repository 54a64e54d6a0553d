/** Score over token reduction rate (or over what the text kept): one point for each level, with its interval and its finding against the best. */
import * as Plot from '@observablehq/plot';
import { falls, type Curve, type CurvePoint } from '../../analysis/curve.js';
import { estimateOf } from '../../analysis/group.js';
import { shortLevel } from '../../analysis/words.js';
import {
  BAD,
  baseMarks,
  drawSvg,
  GOOD,
  grid,
  INK,
  PAPER,
  titleOf,
  valueAxis,
  valueDomain,
  type ChartSize,
} from './frame.js';

/** What the horizontal axis counts. */
export type CompressionAxis = 'trr' | 'retention';

interface PlottedPoint {
  readonly point: CurvePoint;
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly name: string;
  readonly above: boolean;
}

const MARGIN = { marginLeft: 52, marginRight: 24, marginTop: 30, marginBottom: 44 };

/** The chart of a curve; levels whose axis value is unknown are left out. */
export function compressionChart(curve: Curve, size: ChartSize, axis: CompressionAxis = 'trr'): string {
  const { measure, base, points } = curve;
  const known = points.filter((point) => valueOn(axis, point) !== null);
  const crowded = axis === 'trr' && isCrowded(known);
  const cells = [...known.map(({ cell }) => cell), ...(base === null ? [] : [base])];
  const plotted = place(known, curve, axis, crowded, size);
  const fluent = plotted.filter(({ point }) => point.level !== 'ext');
  return drawSvg(`${curve.dataset}: score over ${axis === 'trr' ? 'token reduction rate' : 'answers kept'}`, {
    ...size,
    ...MARGIN,
    x: horizontalAxis(axis, crowded, plotted),
    y: valueAxis(measure, valueDomain(cells, measure)),
    marks: [
      grid(),
      ...baseMarks(base, measure),
      Plot.line(fluent, { x: 'x', y: 'mean', stroke: INK, strokeOpacity: 0.3, sort: 'x' }),
      Plot.ruleX(plotted, { x: 'x', y1: 'low', y2: 'high', stroke: colourOf, strokeWidth: 1.75 }),
      Plot.dot(plotted, {
        ...{ x: 'x', y: 'mean', r: 5, stroke: colourOf, strokeWidth: 1.75, symbol: symbolOf },
        fill: ({ point }: PlottedPoint) => (point.cell.truncated > 0 ? PAPER : colourOf({ point })),
        title: ({ point, name }: PlottedPoint) => titleOf(point.cell, measure, name),
      }),
      ...[true, false].map((above) =>
        Plot.text(
          plotted.filter((p) => p.above === above),
          {
            ...{ x: 'x', y: above ? 'high' : 'low', text: 'name', dy: above ? -9 : 10, fontWeight: 600 },
            ...{ fill: INK, stroke: PAPER, strokeWidth: 4 },
          },
        ),
      ),
    ],
    color: { type: 'identity' },
    symbol: { type: 'identity' },
  });
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

function place(
  points: readonly CurvePoint[],
  { measure }: Curve,
  axis: CompressionAxis,
  crowded: boolean,
  { width }: ChartSize,
): PlottedPoint[] {
  const xs = points.map((point) => position(valueOn(axis, point) ?? 0, crowded));
  const perPixel = (Math.max(...xs) - Math.min(...xs)) / (width - MARGIN.marginLeft - MARGIN.marginRight);
  const order = [...points.keys()].sort((a, b) => (xs[a] ?? 0) - (xs[b] ?? 0));
  let previous: PlottedPoint | undefined;
  return order.map((i) => {
    const point = points[i] as CurvePoint;
    const x = xs[i] ?? 0;
    const { mean, low, high } = estimateOf(point.cell, measure);
    const near = previous !== undefined && (x - previous.x) / perPixel < 40;
    const above: boolean = near ? !(previous?.above ?? false) : true;
    const ends = Number.isNaN(low) ? { low: mean, high: mean } : { low, high };
    previous = { point, x, mean, ...ends, name: shortLevel(point.level), above };
    return previous;
  });
}

const CROWDED_TICKS = [-1, 0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

function horizontalAxis(axis: CompressionAxis, crowded: boolean, plotted: readonly PlottedPoint[]): Plot.ScaleOptions {
  const xs = plotted.map(({ x }) => x);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const room = 0.05 * (high - low || 1);
  const shared = { domain: [low - room, high + room], labelAnchor: 'center', labelArrow: 'none' } as const;
  if (axis === 'retention') {
    return {
      ...shared,
      label: 'Answers still found in the text',
      ticks: 5,
      tickFormat: (x: number) => `${Math.round(100 * x)} %`,
    };
  }
  if (!crowded) {
    return {
      ...shared,
      label: 'Tokens saved (macro TRR)',
      ticks: 6,
      tickFormat: (x: number) => `${minusPercent(x)} %`,
    };
  }
  const ticks = CROWDED_TICKS.map((trr) => ({ trr, x: position(trr, true) })).filter(
    ({ x }) => x >= low - room && x <= high + room,
  );
  const label = 'Tokens saved (macro TRR), spaced by the logarithm of the tokens left';
  return {
    ...{ ...shared, label, ticks: ticks.map(({ x }) => x) },
    tickFormat: (x: number) => `${minusPercent(ticks.find((tick) => tick.x === x)?.trr ?? 0, true)} %`,
  };
}

function minusPercent(share: number, fine = false): string {
  const digits = fine ? String(Number((100 * Math.abs(share)).toFixed(1))) : Math.abs(100 * share).toFixed(0);
  return share < 0 && digits !== '0' ? `−${digits}` : digits;
}
