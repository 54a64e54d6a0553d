/** A share or score over an ordered quantity, one line for each series, with intervals, shapes and labels at the lines' ends; the base model dashed. */
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
  type Ends,
  type RightLabel,
  type SeriesStyle,
} from './frame.js';

export interface LineSeries {
  readonly name: string;
  readonly style: SeriesStyle;
  readonly points: readonly LinePoint[];
  /** Those that lines join; default: all, by one line. */
  readonly lines?: readonly (readonly LinePoint[])[];
  /** Whether its lines are dashed; default no. */
  readonly isDashed?: boolean;
}

export interface LinePoint {
  readonly x: number;
  readonly estimate: Ends;
  /** What a reader sees when pointing at it. */
  readonly title: string;
  readonly isHollow?: boolean;
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
    /** Their places, or about how many. */
    readonly ticks: readonly number[] | number;
    readonly tickFormat: (x: number) => string;
    /** Default `linear`. */
    readonly type?: 'linear' | 'log';
  };
  /** Default: the measure's name. */
  readonly valueLabel?: string;
  /** What else is drawn, below the series. */
  readonly beside?: Beside;
}

/** Marks with the values they must have room for, and their names. */
export interface Beside {
  readonly marks: readonly Plot.Markish[];
  readonly values: readonly number[];
  readonly labels: readonly RightLabel[];
}

/** Pixels between series at one place, so that their intervals do not hide each other. */
const DODGE = 7;

/** Draws the chart. */
export function linesChart(chart: LinesChart, size: ChartSize): string {
  const { measure, series, bases, x, beside = { marks: [], values: [], labels: [] } } = chart;
  const basePoints = [...bases.lines.flat(), ...bases.lone];
  const estimates = [
    ...series.flatMap(({ points }) => points.map(({ estimate }) => estimate)),
    ...basePoints.map(({ cell }) => estimateOf(cell, measure)),
    ...beside.values.map((mean) => ({ mean, low: mean, high: mean })),
  ];
  const domain = valueDomain(estimates, measure);
  return drawSvg(chart.label, {
    ...size,
    ...MARGIN,
    x: { ...x, domain: [...x.domain], ticks: ticksOf(x), labelAnchor: 'center', labelArrow: 'none' },
    y: { ...valueAxis(measure, domain), ...(chart.valueLabel !== undefined && { label: chart.valueLabel }) },
    marks: [
      grid(),
      ...baseMarks(bases, measure),
      ...beside.marks,
      ...series.flatMap((one, i) => seriesMarks(one, DODGE * (i - (series.length - 1) / 2))),
      ...rightLabels([...series.flatMap(nameOf), ...baseLabel(basePoints, measure), ...beside.labels], domain, size),
    ],
    color: { type: 'identity' },
  });
}

function ticksOf({ ticks }: LinesChart['x']): number | number[] {
  return typeof ticks === 'number' ? ticks : [...ticks];
}

/** A cell as a point; hollow where contexts were cut. */
export function cellPoint(cell: Cell, measure: Measure, { x, name }: { readonly x: number; readonly name: string }) {
  return {
    ...{ x, cell, estimate: estimateOf(cell, measure), title: titleOf(cell, measure, name) },
    isHollow: cell.truncated > 0,
  };
}

function seriesMarks({ points, lines = [points], style, isDashed = false }: LineSeries, dx: number): Plot.Markish[] {
  const data = points.map((point) => ({ ...point, ...ends(point.estimate) }));
  const { colour, symbol } = style;
  const dash = isDashed ? { strokeDasharray: '2,3' } : {};
  return [
    ...lines.map((line) =>
      Plot.line(
        data.filter((_, i) => line.includes(points[i] as LinePoint)),
        { x: 'x', y: 'mean', stroke: colour, strokeWidth: 1.75, dx, sort: 'x', ...dash },
      ),
    ),
    Plot.ruleX(data, { x: 'x', y1: 'low', y2: 'high', stroke: colour, strokeWidth: 1.25, strokeOpacity: 0.75, dx }),
    Plot.dot(data, {
      ...{ x: 'x', y: 'mean', r: 4.5, symbol, stroke: colour, strokeWidth: 1.5, dx, title: 'title' },
      fill: ({ isHollow = false }: LinePoint) => (isHollow ? PAPER : colour),
    }),
  ];
}

function ends({ mean, low, high }: Ends): Ends {
  return Number.isNaN(low) ? { mean, low: mean, high: mean } : { mean, low, high };
}

/** A series' name wants the height of its last joined point. */
function nameOf({ name, style, points, lines = [points] }: LineSeries): RightLabel[] {
  const joined = lines.flat();
  const last = [...(joined.length > 0 ? joined : points)].sort((a, b) => a.x - b.x).at(-1);
  if (last === undefined) return [];
  return [{ text: name, colour: style.colour, value: ends(last.estimate).mean, bold: true }];
}
