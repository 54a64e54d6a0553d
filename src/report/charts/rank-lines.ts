/** Score over an ordered quantity, one line for each rank, with intervals, shapes and labels at the lines' ends; the base model dashed. */
import * as Plot from '@observablehq/plot';
import { estimateOf, type Cell } from '../../analysis/group.js';
import type { Measure } from '../../analysis/measure.js';
import {
  baseLabel,
  baseMarks,
  drawSvg,
  grid,
  MARGIN,
  PAPER,
  rightLabels,
  titleOf,
  valueAxis,
  valueDomain,
  type BasePoints,
  type ChartSize,
  type RightLabel,
  type SeriesStyle,
} from './frame.js';

export interface LineSeries {
  readonly name: string;
  readonly style: SeriesStyle;
  readonly points: readonly LinePoint[];
  /** Those that lines join; default: all, by one line. */
  readonly lines?: readonly (readonly LinePoint[])[];
}

export interface LinePoint {
  readonly x: number;
  readonly cell: Cell;
  readonly name: string;
}

export interface LinesChart {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly measure: Measure;
  readonly series: readonly LineSeries[];
  /** The untuned base model at each place it was asked at. */
  readonly bases: BasePoints;
  readonly x: {
    /** Null where the names of ticks take its room. */
    readonly label: string | null;
    readonly domain: readonly [number, number];
    readonly ticks: readonly number[];
    readonly tickFormat: (x: number) => string;
  };
}

/** Pixels between series at one place, so that their intervals do not hide each other. */
const DODGE = 7;

/** Draws the chart. */
export function linesChart(chart: LinesChart, size: ChartSize): string {
  const { measure, series, bases, x } = chart;
  const basePoints = [...bases.lines.flat(), ...bases.lone];
  const cells = [...series.flatMap(({ points }) => points), ...basePoints].map(({ cell }) => cell);
  const domain = valueDomain(cells, measure);
  return drawSvg(chart.label, {
    ...size,
    ...MARGIN,
    x: { ...x, domain: [...x.domain], ticks: [...x.ticks], labelAnchor: 'center', labelArrow: 'none' },
    y: valueAxis(measure, domain),
    marks: [
      grid(),
      ...baseMarks(bases, measure),
      ...series.flatMap((one, i) => seriesMarks(one, measure, DODGE * (i - (series.length - 1) / 2))),
      ...rightLabels(
        [...series.flatMap((one) => nameOf(one, measure)), ...baseLabel(basePoints, measure)],
        domain,
        size,
      ),
    ],
    color: { type: 'identity' },
  });
}

function seriesMarks({ points, lines = [points], style }: LineSeries, measure: Measure, dx: number): Plot.Markish[] {
  const data = points.map((point) => ({ ...point, ...ends(point.cell, measure) }));
  const { colour, symbol } = style;
  return [
    ...lines.map((line) =>
      Plot.line(
        data.filter((_, i) => line.includes(points[i] as LinePoint)),
        { x: 'x', y: 'mean', stroke: colour, strokeWidth: 1.75, dx, sort: 'x' },
      ),
    ),
    Plot.ruleX(data, { x: 'x', y1: 'low', y2: 'high', stroke: colour, strokeWidth: 1.25, strokeOpacity: 0.75, dx }),
    Plot.dot(data, {
      ...{ x: 'x', y: 'mean', r: 4.5, symbol, stroke: colour, strokeWidth: 1.5, dx },
      fill: ({ cell }: { cell: Cell }) => (cell.truncated > 0 ? PAPER : colour),
      title: ({ cell, name }: { cell: Cell; name: string }) => titleOf(cell, measure, name),
    }),
  ];
}

function ends(cell: Cell, measure: Measure): { mean: number; low: number; high: number } {
  const { mean, low, high } = estimateOf(cell, measure);
  return Number.isNaN(low) ? { mean, low: mean, high: mean } : { mean, low, high };
}

/** A series' name wants the height of its last joined point. */
function nameOf({ name, style, points, lines = [points] }: LineSeries, measure: Measure): RightLabel[] {
  const joined = lines.flat();
  const last = [...(joined.length > 0 ? joined : points)].sort((a, b) => a.x - b.x).at(-1);
  if (last === undefined) return [];
  return [{ text: name, colour: style.colour, value: ends(last.cell, measure).mean, bold: true }];
}
