/** Score over an ordered quantity, one line for each rank, with intervals, shapes and labels at the lines' ends; the base model dashed. */
import * as Plot from '@observablehq/plot';
import { estimateOf, type Cell } from '../../analysis/group.js';
import type { Measure } from '../../analysis/measure.js';
import {
  baseMarks,
  drawSvg,
  grid,
  PAPER,
  spreadOut,
  titleOf,
  valueAxis,
  valueDomain,
  type ChartSize,
  type SeriesStyle,
} from './frame.js';

export interface LineSeries {
  readonly name: string;
  readonly style: SeriesStyle;
  readonly points: readonly { readonly x: number; readonly cell: Cell; readonly name: string }[];
}

export interface LinesChart {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly measure: Measure;
  readonly series: readonly LineSeries[];
  readonly base: Cell | null;
  readonly x: {
    readonly label: string;
    readonly domain: readonly [number, number];
    readonly ticks: readonly number[];
    readonly tickFormat: (x: number) => string;
  };
}

const MARGIN = { marginLeft: 52, marginRight: 66, marginTop: 30, marginBottom: 44 };
/** Pixels between series at one place, so that their intervals do not hide each other. */
const DODGE = 7;

/** Draws the chart. */
export function linesChart(chart: LinesChart, size: ChartSize): string {
  const { measure, series, base, x } = chart;
  const cells = [...series.flatMap(({ points }) => points.map(({ cell }) => cell)), ...(base === null ? [] : [base])];
  const domain = valueDomain(cells, measure);
  return drawSvg(chart.label, {
    ...size,
    ...MARGIN,
    x: { ...x, domain: [...x.domain], ticks: [...x.ticks], labelAnchor: 'center', labelArrow: 'none' },
    y: valueAxis(measure, domain),
    marks: [
      grid(),
      ...baseMarks(base, measure),
      ...series.flatMap((one, i) => seriesMarks(one, measure, DODGE * (i - (series.length - 1) / 2))),
      ...endLabels(series, measure, domain, size),
    ],
    color: { type: 'identity' },
  });
}

function seriesMarks({ points, style }: LineSeries, measure: Measure, dx: number): Plot.Markish[] {
  const data = points.map((point) => ({ ...point, ...ends(point.cell, measure) }));
  const { colour, symbol } = style;
  return [
    Plot.line(data, { x: 'x', y: 'mean', stroke: colour, strokeWidth: 1.75, dx, sort: 'x' }),
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

/** Names at the right edge, at the height of each line's last point where there is room. */
function endLabels(
  series: readonly LineSeries[],
  measure: Measure,
  [low, high]: readonly [number, number],
  { height }: ChartSize,
): Plot.Markish[] {
  const bottom = height - MARGIN.marginBottom;
  const pixel = (value: number): number => bottom - ((value - low) / (high - low)) * (bottom - MARGIN.marginTop);
  const lasts = series.map(({ points }) => {
    const last = [...points].sort((a, b) => a.x - b.x).at(-1);
    return pixel(last === undefined ? low : ends(last.cell, measure).mean);
  });
  const placed = spreadOut(lasts, 16, MARGIN.marginTop, bottom);
  return series.map(({ name, style }, i) =>
    Plot.text([name], {
      ...{ frameAnchor: 'top-right', textAnchor: 'start', dx: 12, dy: (placed[i] ?? 0) - MARGIN.marginTop - 6 },
      ...{ fill: style.colour, stroke: PAPER, strokeWidth: 3, fontWeight: 600, text: (text: string) => text },
    }),
  );
}
