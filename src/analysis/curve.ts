/** The compression curve of a data set: score over token reduction rate, its peak and its knee, by paired comparisons on the same questions. */
import type { Book } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { jointComparisons, type Compare, type Comparison } from './compare.js';
import { armsOf, widestLine } from './lines.js';
import { estimateOf, type Cell } from './group.js';
import { measureOf, type Measure } from './measure.js';

export interface CurvePoint {
  readonly level: Level | 'none';
  readonly cell: Cell;
  /** Macro token reduction rate; null where unknown. */
  readonly trr: number | null;
  /** This level less the best one, its interval joint over all levels; null for the best itself. */
  readonly againstBest: Comparison | null;
  /** The untuned base model at this level where it was asked there, else at the curve's base; null without a base run. */
  readonly base: Cell | null;
  /** This level's adapter less that base. */
  readonly againstBase: Comparison | null;
}

export interface Curve {
  readonly dataset: string;
  readonly book: Book;
  readonly rank: number;
  readonly items: number;
  readonly measure: Measure;
  /** From least to most compressed. */
  readonly points: readonly CurvePoint[];
  /** The untuned base model on the original text (or on the one level it was asked at). */
  readonly base: Cell | null;
  /** The level with the best mean. */
  readonly peak: CurvePoint;
  /** Levels that cannot be told from the peak. */
  readonly tied: readonly CurvePoint[];
  /** The most compressed level, going on from the peak, before any fall is detectable. */
  readonly knee: CurvePoint;
  /** The first level past the knee, whose fall is detectable; null when none falls. */
  readonly firstFall: CurvePoint | null;
  /** The most compressed level up to the knee for which a loss above the tolerance is excluded. */
  readonly safe: CurvePoint;
  /** The loss counted as no loss: 0.2 of the score's 1 to 5, or 5 points of accuracy, unless told otherwise. */
  readonly tolerance: number;
}

export interface CurveOptions {
  /** Largest loss that still counts as none, in the measure's own unit. */
  readonly tolerance?: number;
  readonly measure?: Measure;
  /** Comparisons that hold together with others of the study; default: those of the cells given. */
  readonly compare?: Compare;
}

/** One twentieth of either scale. */
export const DEFAULT_TOLERANCE: Readonly<Record<Measure, number>> = { score: 0.2, accuracy: 0.05 };

/** The compression curve of each data set and book that was run at two levels or more: at the rank and amount with most levels. */
export function compressionCurves(cells: readonly Cell[], options: CurveOptions = {}): Curve[] {
  const compare = options.compare ?? jointComparisons(cells, options);
  return armsOf(cells.filter(({ book }) => book !== 'closed')).flatMap((arm) => {
    const members = widestLine(arm);
    return members.length < 2 ? [] : [curveOf(members, arm, { ...options, compare })];
  });
}

/** The untuned base model's cell of an arm: on the original text where it was asked there. */
export function baseCell(arm: readonly Cell[]): Cell | null {
  const bases = arm.filter(({ rank }) => rank === 0);
  return bases.find(({ level }) => level === 'original') ?? bases[0] ?? null;
}

/** Whether a fall from the best is detectable. */
export function falls(point: CurvePoint): boolean {
  return point.againstBest !== null && point.againstBest.detectable && point.againstBest.high < 0;
}

/** The largest loss against the best that the interval allows; infinite where there is no interval. */
export function possibleLoss({ againstBest }: CurvePoint): number {
  if (againstBest === null) return 0;
  return Number.isNaN(againstBest.low) ? Infinity : Math.max(0, -againstBest.low);
}

function curveOf(line: readonly Cell[], arm: readonly Cell[], options: CurveOptions & { compare: Compare }): Curve {
  const measure = options.measure ?? measureOf(arm.flatMap(({ rows }) => rows));
  const tolerance = options.tolerance ?? DEFAULT_TOLERANCE[measure];
  const base = baseCell(arm);
  const best = bestOf(line, measure);
  const points = [...line].sort(byCompression).map((cell): CurvePoint => {
    const { level, trr } = cell;
    const own = arm.find((other) => other.rank === 0 && other.level === level) ?? base;
    const againstBase = own === null ? null : options.compare(cell, own, measure);
    return {
      level,
      cell,
      trr,
      base: own,
      againstBest: cell === best ? null : options.compare(cell, best, measure),
      againstBase,
    };
  });
  const { dataset, book, rank, items } = best;
  return { dataset, book, rank, items, measure, points, base, tolerance, ...turningPoints(points, tolerance) };
}

function turningPoints(
  points: readonly CurvePoint[],
  tolerance: number,
): Pick<Curve, 'peak' | 'tied' | 'knee' | 'firstFall' | 'safe'> {
  const start = points.findIndex(({ againstBest }) => againstBest === null);
  const peak = points[start] as CurvePoint;
  const onwards = points.slice(start);
  const fall = onwards.findIndex(falls);
  const upToKnee = fall < 0 ? onwards : onwards.slice(0, fall);
  return {
    peak,
    tied: points.filter((point) => point !== peak && !falls(point)),
    knee: upToKnee.at(-1) ?? peak,
    firstFall: onwards[fall] ?? null,
    safe: upToKnee.filter((point) => possibleLoss(point) <= tolerance).at(-1) ?? peak,
  };
}

/** The best mean; of equal means the most compressed. */
function bestOf(line: readonly Cell[], measure: Measure): Cell {
  const byMean = (a: Cell, b: Cell): number => estimateOf(b, measure).mean - estimateOf(a, measure).mean;
  return [...line].sort((a, b) => byMean(a, b) || byCompression(b, a))[0] as Cell;
}

/** By token reduction rate; those without one last, in the order of the cells. */
function byCompression(a: Cell, b: Cell): number {
  if (a.trr !== null && b.trr !== null) return a.trr - b.trr;
  return Number(a.trr === null) - Number(b.trr === null);
}
