/** Loss over the steps of trainings: a line each in its rank's colour, named by what it was trained on; dots are losses on held-out items. */
import * as Plot from '@observablehq/plot';
import { groupBy } from '../../core/collections.js';
import { chartWords } from '../../words/charts.js';
import { numberWords } from '../../words/numbers.js';
import type { LossCurve, LossPoint } from '../data.js';
import {
  drawSvg,
  FAINT,
  horizontalScale,
  INK,
  MARGIN,
  PAPER,
  seriesStyle,
  verticalScale,
  type ChartSize,
} from './frame.js';
import { roomyPlaces } from './place-names.js';

export interface TrainingLine {
  /** What it was trained on, e.g. `L2`, `64 items`. */
  readonly place: string;
  readonly rank: number;
  readonly curve: LossCurve;
}

export interface LossChart {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly lines: readonly TrainingLine[];
  /** All of the study's, so that a rank looks the same in every chart. */
  readonly ranks: readonly number[];
}

/** Even steps would press small losses flat where the largest is this many times the smallest. */
const WIDE_RANGE = 15;
/** Smaller losses are drawn at this height: an answer's token then has a probability of 99 % or more. */
const LEAST = 0.01;
const LOG_TICKS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];

/** Draws the chart. */
export function lossChart({ label, lines, ranks }: LossChart, size: ChartSize): string {
  const height = heights(lines);
  const ticks = LOG_TICKS.filter((tick) => tick >= height.domain[0] && tick <= height.domain[1]);
  return drawSvg(label, {
    ...size,
    ...MARGIN,
    x: { label: chartWords().step, domain: [0, lastStep(lines)], labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
    y: {
      ...{ domain: height.domain, type: height.isLog ? 'log' : 'linear', ticks: height.isLog ? ticks : 5 },
      ...{ label: chartWords().loss, labelArrow: 'none', tickFormat: (value: number) => String(value) },
    },
    marks: [
      Plot.gridY(height.isLog ? ticks : undefined, { stroke: FAINT, strokeOpacity: 1, ticks: 5 }),
      ...lines.flatMap((line) => lineMarks(line, colourOf(line.rank, ranks))),
      ...names(lines, height, size),
      ...rankNames(lines, ranks),
    ],
    color: { type: 'identity' },
  });
}

/** The vertical axis: logarithmic where losses range widely. */
interface Heights {
  readonly isLog: boolean;
  readonly domain: readonly [number, number];
}

function heights(lines: readonly TrainingLine[]): Heights {
  const losses = lines.flatMap(({ curve }) => [...curve.trained, ...curve.heldOut].map(shownLoss));
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  if (high > WIDE_RANGE * low) return { isLog: true, domain: [low / 1.15, high * 1.15] };
  const room = 0.08 * (high - low || high);
  return { isLog: false, domain: [Math.max(0, low - room), high + room] };
}

function lineMarks({ curve, place, rank }: TrainingLine, stroke: string): Plot.Markish[] {
  const at = { x: 'step', y: shownLoss } as const;
  const { parts, rank: rankName } = numberWords();
  const title = parts(place, rankName(rank));
  return [
    Plot.line(curve.trained, { ...at, stroke, strokeWidth: 1.5, strokeOpacity: 0.85, title: () => title }),
    Plot.dot(curve.heldOut, { ...at, stroke, r: 2.5, title: () => chartWords().heldOut(title) }),
  ];
}

/** One name for each place, where the longest of its lines ends and there is room. */
function names(lines: readonly TrainingLine[], { isLog, domain }: Heights, size: ChartSize): Plot.Markish[] {
  const scaled = (loss: number): number => (isLog ? Math.log(loss) : loss);
  const down = verticalScale([scaled(domain[0]), scaled(domain[1])], size);
  const across = horizontalScale([0, lastStep(lines)], size);
  const ends = [...groupBy(lines, ({ place }) => place)].map(([text, own]) => {
    const last = own.flatMap(({ curve }) => curve.trained.at(-1) ?? []).sort((a, b) => b.step - a.step);
    const end = last[0] ?? { step: 0, loss: LEAST };
    const tops = last.map((point) => down(scaled(shownLoss(point))));
    const y = down(scaled(shownLoss(end)));
    return { text, end, x: across(end.step), y, top: Math.min(...tops), bottom: Math.max(...tops) };
  });
  const bounds = { left: MARGIN.marginLeft, right: size.width, top: 24, bottom: size.height - MARGIN.marginBottom };
  const places = roomyPlaces(ends, bounds);
  return ends.flatMap(({ text, end }, i) => {
    const place = places[i];
    if (place === null || place === undefined) return [];
    return [
      Plot.text([end], {
        ...{ x: 'step', y: shownLoss, text: () => text, ...place },
        ...{ fill: INK, fontWeight: 600, stroke: PAPER, strokeWidth: 4 },
      }),
    ];
  });
}

/** The ranks in their colours along the top, where there are several. */
function rankNames(lines: readonly TrainingLine[], ranks: readonly number[]): Plot.Markish[] {
  const own = ranks.filter((rank) => lines.some((line) => line.rank === rank));
  if (own.length < 2) return [];
  return own.map((rank, i) =>
    Plot.text([numberWords().rank(rank)], {
      ...{ frameAnchor: 'top-right', textAnchor: 'end', dx: 72 - 62 * (own.length - 1 - i), dy: -23 },
      ...{ fill: colourOf(rank, ranks), fontWeight: 600, text: (name: string) => name },
    }),
  );
}

function colourOf(rank: number, ranks: readonly number[]): string {
  return seriesStyle(ranks.indexOf(rank)).colour;
}

function lastStep(lines: readonly TrainingLine[]): number {
  return Math.max(...lines.map(({ curve }) => curve.trained.at(-1)?.step ?? 0));
}

function shownLoss({ loss }: LossPoint): number {
  return Math.max(LEAST, loss);
}
