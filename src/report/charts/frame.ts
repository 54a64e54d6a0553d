/** What all charts share: size, colours, axes, labels that do not overlap, and drawing a plot to SVG text. */
import { createRequire } from 'node:module';
import * as Plot from '@observablehq/plot';
import type * as Linkedom from 'linkedom';
import { distinct } from '../../core/collections.js';
import type { Cell } from '../../analysis/group.js';
import { estimateOf } from '../../analysis/group.js';
import { rangeOf, type Measure } from '../../analysis/measure.js';
import { amount } from '../../analysis/wording.js';
import { chartWords } from '../../words/charts.js';
import { spokenLanguage } from '../../words/language.js';
import type { MeanEstimate } from '../../core/statistics.js';
import { visibleText } from '../../text/visible.js';
import type { LevelLines } from './level-lines.js';

/** Width of a drawing in CSS pixels; charts are drawn once for wide and once for narrow screens. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

export const WIDE: ChartSize = { width: 520, height: 330 };
export const NARROW: ChartSize = { width: 348, height: 300 };

/** Colours by role, as variables that the page sets for light and dark; the fallbacks serve a chart on its own. */
export const INK = 'currentColor';
export const FAINT = 'var(--grid, #d9d9d9)';
export const MUTED = 'var(--muted, #666)';
export const PAPER = 'var(--paper, white)';
export const GOOD = 'var(--good, #0067a5)';
export const BAD = 'var(--bad, #c2500b)';

/** Colours and shapes of series, in the order of ranks: told apart by colour-blind eyes, and without colour by shape (Okabe and Ito, 2008). */
const SERIES_COLOURS = [
  'var(--series-1, #0072b2)',
  'var(--series-2, #d55e00)',
  'var(--series-3, #009e73)',
  'var(--series-4, #aa4499)',
  'var(--series-5, #9a7d0a)',
  'var(--series-6, #4b4b4b)',
];
const SERIES_SYMBOLS = ['circle', 'square', 'triangle', 'diamond', 'wye', 'star'] as const;

export interface SeriesStyle {
  readonly colour: string;
  readonly symbol: (typeof SERIES_SYMBOLS)[number];
}

/** The style of the series at a position, repeating after six. */
export function seriesStyle(position: number): SeriesStyle {
  const at = position % SERIES_COLOURS.length;
  return { colour: SERIES_COLOURS[at] ?? INK, symbol: SERIES_SYMBOLS[at] ?? 'circle' };
}

const CLASS = 'chart';

/** For a chart in a file of its own: faces that systems have for Chinese. */
const CHINESE_FACES = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif";

/** A document to draw in, of a library that is loaded when the first chart is drawn, for most commands draw none. */
function newDocument(): Document {
  const { DOMParser } = createRequire(import.meta.url)('linkedom') as typeof Linkedom;
  return new DOMParser().parseFromString('<svg/>', 'image/svg+xml') as unknown as Document;
}

/** Draws a plot to SVG text that can stand in a page or in a file of its own. */
export function drawSvg(label: string, options: Plot.PlotOptions): string {
  const svg = Plot.plot({ document: newDocument(), className: CLASS, ...options });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', visibleText(label, '\ufffd'));
  svg.setAttribute('font-size', '12');
  if (spokenLanguage() === 'zh') svg.setAttribute('font-family', CHINESE_FACES);
  svg.querySelector('style')?.remove();
  return rounded(svg.outerHTML);
}

/** Coordinates to a hundredth of a pixel, so that drawings are small and the same on every machine. */
function rounded(svg: string): string {
  return svg.replace(/-?\d+\.\d{3,}/gu, (digits) => String(Number(Number(digits).toFixed(2))));
}

/** An estimate with the ends of its interval, NaN where there is none. */
export type Ends = Pick<MeanEstimate, 'mean' | 'low' | 'high'>;

/** A value axis that holds every interval, with a little room. */
export function valueDomain(estimates: readonly Ends[], measure: Measure): [number, number] {
  const ends = estimates.flatMap(({ mean, low, high }) => [mean, low, high].filter((value) => !Number.isNaN(value)));
  const [least, most] = rangeOf(measure);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const room = Math.max(0.08 * (high - low), 0.01 * (most - least));
  if (measure === 'score') return [Math.max(least, low - room), Math.min(most, high + room)];
  return [low < 0.4 ? 0 : Math.max(0, low - room), high > 0.75 ? 1 : Math.min(1, high + room)];
}

/** Axis options for a measure. */
export function valueAxis(measure: Measure, domain: readonly [number, number]): Plot.ScaleOptions {
  return {
    domain,
    label: measure === 'score' ? chartWords().meanScore : chartWords().correctAnswers,
    labelArrow: 'none',
    ticks: 5,
    tickFormat: (value: number) => tick(value, measure, domain),
  };
}

function tick(value: number, measure: Measure, [low, high]: readonly [number, number]): string {
  if (measure === 'score') return value.toFixed(high - low < 1 ? 2 : 1);
  return chartWords().percent((100 * value).toFixed(high - low < 0.05 ? 1 : 0));
}

/** Room around a drawing for axes, and on the right for the names of lines. */
export const MARGIN = { marginLeft: 52, marginRight: 80, marginTop: 30, marginBottom: 44 };

/** Number of ticks that a horizontal axis has room for. */
export function horizontalTicks({ width }: ChartSize): number {
  return Math.floor((width - MARGIN.marginLeft - MARGIN.marginRight) / 62);
}

/** From a value to its height in pixels from the drawing's top. */
export function verticalScale(
  [low, high]: readonly [number, number],
  { height }: ChartSize,
): (value: number) => number {
  const bottom = height - MARGIN.marginBottom;
  return (value) => bottom - ((value - low) / (high - low)) * (bottom - MARGIN.marginTop);
}

/** From a value to its distance in pixels from the drawing's left edge. */
export function horizontalScale(
  [low, high]: readonly [number, number],
  { width }: ChartSize,
): (value: number) => number {
  const room = width - MARGIN.marginLeft - MARGIN.marginRight;
  return (value) => MARGIN.marginLeft + ((value - low) / (high - low)) * room;
}

export interface RightLabel {
  readonly text: string;
  readonly colour: string;
  /** The value whose height it wants. */
  readonly value: number;
  readonly bold: boolean;
}

/** Names in the right margin, each as near to its value's height as the others let it. */
export function rightLabels(
  labels: readonly RightLabel[],
  domain: readonly [number, number],
  size: ChartSize,
): Plot.Markish[] {
  const pixel = verticalScale(domain, size);
  const wanted = labels.map(({ value }) => pixel(value));
  const placed = spreadOut(wanted, 15, MARGIN.marginTop, size.height - MARGIN.marginBottom);
  return labels.map(({ text, colour, bold }, i) =>
    Plot.text([text], {
      ...{ frameAnchor: 'top-right', textAnchor: 'start', dx: 9, dy: (placed[i] ?? 0) - MARGIN.marginTop - 6 },
      ...{ fill: colour, fontWeight: bold ? 600 : 400, text: (name: string) => name },
    }),
  );
}

/** Positions in pixels as near as possible to the wanted ones, at least `apart` pixels from each other, in their order. */
export function spreadOut(wanted: readonly number[], apart: number, low: number, high: number): number[] {
  const order = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = new Array<number>(wanted.length).fill(0);
  let next = low;
  for (const i of order) {
    placed[i] = Math.max(wanted[i] ?? 0, next);
    next = (placed[i] ?? 0) + apart;
  }
  let limit = high;
  for (const i of [...order].reverse()) {
    placed[i] = Math.min(placed[i] ?? 0, limit);
    limit = (placed[i] ?? 0) - apart;
  }
  return placed;
}

/** The untuned base model, asked at one place of the horizontal axis. */
export interface BasePoint {
  readonly x: number;
  readonly cell: Cell;
}

/** The untuned base model's places, those that a line joins and those that none does. */
export type BasePoints = LevelLines<BasePoint>;

/** The untuned base model, dashed with its interval as a faint band: straight across where it was asked once, else from point to point and crosses at lone ones. */
export function baseMarks({ lines, lone }: BasePoints, measure: Measure): Plot.Markish[] {
  const all = known([...lines.flat(), ...lone], measure);
  const dashed = { stroke: INK, strokeDasharray: '5,4', strokeOpacity: 0.75 } as const;
  const band = { y1: 'low', y2: 'high', fill: INK, fillOpacity: 0.06 } as const;
  if (distinct(all.map(({ cell }) => cell)).length <= 1)
    return [Plot.rectY(all.slice(0, 1), band), Plot.ruleY(all.slice(0, 1), { y: 'mean', ...dashed })];
  const joined = lines.map((line) => known(line, measure));
  return [
    ...joined.map((line) => Plot.areaY(line, { x: 'x', ...band, sort: 'x' })),
    ...joined.map((line) => Plot.line(line, { x: 'x', y: 'mean', ...dashed, sort: 'x' })),
    Plot.dot(known(lone, measure), { x: 'x', y: 'mean', symbol: 'times', r: 3.5, stroke: INK, strokeOpacity: 0.75 }),
  ];
}

/** The base model's name for the right margin, with its mean where there is only one. */
export function baseLabel(bases: readonly BasePoint[], measure: Measure): RightLabel[] {
  const data = known(bases, measure);
  const last = [...data].sort((a, b) => a.x - b.x).at(-1);
  if (last === undefined) return [];
  const single = distinct(data.map(({ cell }) => cell)).length === 1;
  const text = single ? chartWords().baseWith(amount(last.mean, measure)) : chartWords().base;
  return [{ text, colour: MUTED, value: last.mean, bold: false }];
}

function known(bases: readonly BasePoint[], measure: Measure) {
  return bases.flatMap(({ x, cell }) => {
    const { mean, low, high } = estimateOf(cell, measure);
    if (Number.isNaN(mean)) return [];
    return [{ x, cell, mean, low: Number.isNaN(low) ? mean : low, high: Number.isNaN(high) ? mean : high }];
  });
}

/** Faint horizontal lines at the ticks. */
export function grid(): Plot.Markish {
  return Plot.gridY({ stroke: FAINT, strokeOpacity: 1, ticks: 5 });
}

/** What a reader sees when pointing at an estimate. */
export function titleOf(cell: Cell, measure: Measure, name: string): string {
  const unscored = cell.unscored > 0 ? `\n${chartWords().unscored(cell.unscored)}` : '';
  return `${estimateTitle(estimateOf(cell, measure), measure, name)}${unscored}`;
}

/** The same of an estimate by itself. */
export function estimateTitle({ mean, low, high, n, clusters }: MeanEstimate, measure: Measure, name: string): string {
  const words = chartWords();
  const interval = Number.isNaN(low) ? [] : [words.interval(amount(low, measure), amount(high, measure))];
  const lines = [words.point(name, amount(mean, measure)), ...interval, words.answersOnItems(n, clusters)];
  return lines.join('\n');
}
