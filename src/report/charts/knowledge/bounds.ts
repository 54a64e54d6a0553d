/** What recall is seen against: what the base answers alone, what it answers when it reads the text, and what the text kept. */
import { chartWords } from '../../../words/charts.js';
import * as Plot from '@observablehq/plot';
import type { Level } from '../../../core/levels.js';
import { percent, shortLevel } from '../../../analysis/wording.js';
import { INK, MUTED } from '../frame.js';
import { levelLines } from '../level-lines.js';
import type { Beside } from '../lines.js';

/** Shares of questions. */
export interface Bounds {
  /** The base without any text; null where it was not asked. */
  readonly floor: number | null;
  readonly levels: readonly LevelBounds[];
}

export interface LevelBounds {
  readonly level: Level;
  /** Share of the answers still found in the text. */
  readonly kept: number | null;
  /** The base that reads the text. */
  readonly read: number | null;
}

/** The base alone, dashed across the chart. */
export function floorBeside(floor: number | null): Beside {
  if (floor === null) return { marks: [], values: [], labels: [] };
  const dashed = { stroke: INK, strokeDasharray: '5,4', strokeOpacity: 0.75 };
  return {
    marks: [Plot.ruleY([floor], dashed)],
    values: [floor],
    labels: [{ text: chartWords().baseWith(percent(floor)), colour: MUTED, value: floor, bold: false }],
  };
}

/** The floor, a bar for what each level kept, joined where levels are steps of one kind, and a cross for the base that reads it. */
export function boundsBeside({ floor, levels }: Bounds): Beside {
  const base = floorBeside(floor);
  const at = (value: (level: LevelBounds) => number | null) =>
    levels.flatMap((each, x) => {
      const y = value(each);
      return y === null ? [] : [{ x, y, level: each.level }];
    });
  const kept = at((each) => each.kept);
  const read = at((each) => each.read);
  const label = (text: string, points: typeof kept) =>
    points.slice(-1).map(({ y }) => ({ text, colour: MUTED, value: y, bold: false }));
  return {
    marks: [...base.marks, ...keptMarks(kept, levels), ...readMarks(read)],
    values: [...base.values, ...[...kept, ...read].map(({ y }) => y)],
    labels: [...label(chartWords().keptInText, kept), ...label(chartWords().baseReads, read), ...base.labels],
  };
}

interface Bound {
  readonly x: number;
  readonly y: number;
  readonly level: Level;
}

/** Half a bar, in steps between levels. */
const HALF_BAR = 0.3;

function keptMarks(kept: readonly Bound[], levels: readonly LevelBounds[]): Plot.Markish[] {
  const charted = levels.map(({ level }) => level);
  const title = ({ level, y }: Bound): string => chartWords().textKeeps(shortLevel(level), percent(y));
  return [
    ...levelLines(kept, ({ level }) => level, charted).lines.map((line) =>
      Plot.line(line, { x: 'x', y: 'y', stroke: INK, strokeOpacity: 0.35 }),
    ),
    Plot.ruleY(kept, {
      ...{ y: 'y', x1: ({ x }: Bound) => x - HALF_BAR, x2: ({ x }: Bound) => x + HALF_BAR },
      ...{ stroke: INK, strokeOpacity: 0.6, strokeWidth: 2, title },
    }),
  ];
}

function readMarks(read: readonly Bound[]): Plot.Markish[] {
  const title = ({ level, y }: Bound): string => chartWords().baseThatReads(shortLevel(level), percent(y));
  return [Plot.dot(read, { x: 'x', y: 'y', symbol: 'times', r: 4, stroke: INK, strokeOpacity: 0.75, title })];
}
