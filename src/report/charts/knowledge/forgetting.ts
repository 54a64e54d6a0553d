/** Recall against forgetting: one point for each adapter, a thin line through the strengths that it was tried at. */
import { chartWords } from '../../../words/charts.js';
import * as Plot from '@observablehq/plot';
import { groupBy } from '../../../core/collections.js';
import type { AdapterVariant } from '../../../analysis/run-summary.js';
import type { Knowledge, KnowledgeCell } from '../../../analysis/knowledge/knowledge.js';
import { adapterName, signed, signedBits } from '../../../analysis/knowledge/words.js';
import { percent, shortLevel } from '../../../analysis/wording.js';
import {
  drawSvg,
  grid,
  horizontalScale,
  INK,
  MARGIN,
  PAPER,
  rightLabels,
  seriesStyle,
  valueAxis,
  valueDomain,
  verticalScale,
  type ChartSize,
  type SeriesStyle,
} from '../frame.js';
import { placeNames, together } from '../place-names.js';
import { floorBeside } from './bounds.js';

/** An adapter as a point. */
export interface Forgetting {
  readonly cell: KnowledgeCell;
  readonly recall: number;
  readonly rise: AdapterVariant['generalRise'];
  /** Weaker and stronger than trained, where it was tried so. */
  readonly strengths: readonly Strength[];
}

export interface Strength {
  /** 1 as trained. */
  readonly scale: number;
  readonly recall: number;
  readonly rise: number;
}

/** More points are not named: pointing at one tells which it is. */
const MOST_NAMED = 16;

/** The drawing. */
export function forgettingChart(points: readonly Forgetting[], knowledge: Knowledge, size: ChartSize): string {
  const { dataset, forms, floor } = knowledge;
  const base = floorBeside(floor?.mean ?? null);
  const recalls = [...points, ...points.flatMap(({ strengths }) => strengths)].map(({ recall }) => recall);
  const domain = valueDomain(
    [...recalls, ...base.values].map((mean) => ({ mean, low: mean, high: mean })),
    'accuracy',
  );
  const across = riseDomain(points);
  const tickFormat = (bits: number): string => signed(bits, across[1] - across[0] < 0.6 ? 2 : 1);
  const styleOf = ({ cell }: Forgetting): SeriesStyle => seriesStyle(forms.indexOf(cell.form));
  const named = [...groupBy(points, ({ cell }) => cell.form)].map(([form, own]) => ({
    ...{ text: form, colour: seriesStyle(forms.indexOf(form)).colour, bold: true },
    value: Math.max(...own.map(({ recall }) => recall)),
  }));
  return drawSvg(chartWords().recallOverLoss(dataset), {
    ...size,
    ...MARGIN,
    x: {
      ...{ domain: [...across], label: chartWords().lossChange, labelAnchor: 'center' },
      ...{ labelArrow: 'none', ticks: size.width < 400 ? 4 : 6, tickFormat },
    },
    y: { ...valueAxis('accuracy', domain), label: chartWords().answeredWithout },
    marks: [
      grid(),
      ...base.marks,
      Plot.ruleX([0], { stroke: INK, strokeOpacity: 0.35 }),
      ...points.flatMap((point) => strengthMarks(point, styleOf(point))),
      ...points.flatMap((point) => pointMarks(point, styleOf(point))),
      ...names(points, { domain, across, size }),
      ...rightLabels([...named, ...base.labels], domain, size),
    ],
    color: { type: 'identity' },
    symbol: { type: 'identity' },
  });
}

function riseDomain(points: readonly Forgetting[]): [number, number] {
  const rises = points.flatMap(({ rise, strengths }) => [
    rise.mean,
    rise.low,
    rise.high,
    ...strengths.map((s) => s.rise),
  ]);
  const known = [0, ...rises.filter((rise) => !Number.isNaN(rise))];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = 0.06 * (high - low || 1);
  return [low - room, high + room];
}

function strengthMarks({ cell, strengths }: Forgetting, { colour }: SeriesStyle): Plot.Markish[] {
  if (strengths.length < 2) return [];
  const line = [...strengths].sort((a, b) => a.scale - b.scale);
  const title = ({ scale, recall, rise }: Strength): string =>
    `${chartWords().atStrength(adapterName(cell), percent(scale, 0), percent(recall))}\n${signedBits(rise)}`;
  return [
    Plot.line(line, { x: 'rise', y: 'recall', stroke: colour, strokeWidth: 1, strokeOpacity: 0.7 }),
    Plot.dot(
      line.filter(({ scale }) => scale !== 1),
      { x: 'rise', y: 'recall', r: 2.5, stroke: colour, fill: PAPER, title },
    ),
  ];
}

function pointMarks(point: Forgetting, { colour, symbol }: SeriesStyle): Plot.Markish[] {
  const { cell, recall, rise } = point;
  const words = chartWords();
  const interval = Number.isNaN(rise.low) ? [] : [words.interval(signed(rise.low, 2), signed(rise.high, 2))];
  const title = [words.point(adapterName(cell), percent(recall)), signedBits(rise.mean), ...interval].join('\n');
  return [
    Plot.ruleY([recall], {
      ...{ x1: Number.isNaN(rise.low) ? rise.mean : rise.low, x2: Number.isNaN(rise.high) ? rise.mean : rise.high },
      ...{ stroke: colour, strokeWidth: 1.25, strokeOpacity: 0.4 },
    }),
    Plot.dot([rise.mean], {
      ...{ x: (x: number) => x, y: () => recall, r: 4.5, symbol, fill: colour, stroke: colour, title: () => title },
    }),
  ];
}

interface Space {
  readonly domain: readonly [number, number];
  readonly across: readonly [number, number];
  readonly size: ChartSize;
}

/** Levels and ranks beside the points, where there are few. */
function names(points: readonly Forgetting[], { domain, across, size }: Space): Plot.Markish[] {
  if (points.length > MOST_NAMED) return [];
  const [right, down] = [horizontalScale(across, size), verticalScale(domain, size)];
  const named = together(
    points.map(({ cell, recall, rise }) => {
      const y = down(recall);
      const text = `${shortLevel(cell.level)} r${cell.rank}`;
      return { text, x: right(rise.mean), y, top: y, bottom: y, at: { x: rise.mean, y: recall } };
    }),
  );
  const bounds = { left: MARGIN.marginLeft, right: size.width - MARGIN.marginRight, top: 14 };
  const places = placeNames(named, { ...bounds, bottom: size.height - MARGIN.marginBottom });
  return named.map(({ text, at }, i) =>
    Plot.text([at], {
      ...{ x: 'x', y: 'y', text: () => text, dx: places[i]?.dx ?? 0, dy: places[i]?.dy ?? 0 },
      ...{ fontSize: 11, fill: INK, stroke: PAPER, strokeWidth: 4 },
    }),
  );
}
