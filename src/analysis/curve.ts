/** The compression curve of a data set: score over token reduction rate, what each level loses, and how far compression may go, by paired comparisons. */
import type { Book } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { excludesLoss, jointComparisons, type Compare, type Comparison } from './compare.js';
import { armsOf, basesOf, byCompression, cutsOf, widestLine } from './lines.js';
import { estimateOf, type Cell } from './group.js';
import { measureOfCells, type Measure } from './measure.js';

/**
 * What is known of a level's loss against the reference: `kept` (a loss above the tolerance is excluded), `lost` (it is shown), or `open`.
 */
export type LevelOutcome = 'reference' | 'kept' | 'lost' | 'open';

export interface CurvePoint {
  readonly level: Level | 'none';
  readonly cell: Cell;
  /** Macro token reduction rate; null where unknown. */
  readonly trr: number | null;
  /** This level less the reference; null for the reference itself. */
  readonly againstReference: Comparison | null;
  readonly outcome: LevelOutcome;
  /** This level less the one with the best mean; null for that one. */
  readonly againstBest: Comparison | null;
  /** The untuned base model at this level where it was asked there, else at the curve's base; null without a base run. */
  readonly base: Cell | null;
  /** This level's adapter less the base model reading the same text; null where that was not asked. */
  readonly againstBase: Comparison | null;
}

/** Two neighbouring levels whose scores can be told apart. */
export interface CurveStep {
  readonly from: CurvePoint;
  readonly to: CurvePoint;
  /** The more compressed less the other. */
  readonly comparison: Comparison;
}

/** A curve's levels in two groups whose means can be told apart. */
export interface CurveSplit {
  readonly less: readonly CurvePoint[];
  readonly more: readonly CurvePoint[];
  /** The mean of the more compressed levels less that of the others. */
  readonly comparison: Comparison;
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
  /** Levels that cannot be told from it. */
  readonly tied: readonly CurvePoint[];
  /** What losses are counted from: the original, or the best of the levels that score detectably above it. */
  readonly reference: CurvePoint;
  /** Levels that score detectably above the original. */
  readonly raised: readonly CurvePoint[];
  /** Going on from the reference towards more compression, the last level before the first that is not `kept`. */
  readonly chosen: CurvePoint;
  /** That first one; null where all are kept. */
  readonly stop: CurvePoint | null;
  readonly steps: readonly CurveStep[];
  /** Of the ways to cut the curve in two, the one that is told most clearly; null where none can be. */
  readonly split: CurveSplit | null;
  /** The loss that is allowed: 0.2 of the score's 1 to 5, or 5 points of accuracy, unless told otherwise. */
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
  const bases = basesOf(arm);
  return bases.find(({ level }) => level === 'original') ?? bases[0] ?? null;
}

/** Whether a fall from the best is detectable. */
export function falls(point: CurvePoint): boolean {
  return point.againstBest !== null && point.againstBest.detectable && point.againstBest.high < 0;
}

function curveOf(line: readonly Cell[], arm: readonly Cell[], options: CurveOptions & { compare: Compare }): Curve {
  const measure = options.measure ?? measureOfCells(arm);
  const tolerance = options.tolerance ?? DEFAULT_TOLERANCE[measure];
  const base = baseCell(arm);
  const ordered = [...line].sort(byCompression);
  const compare = (a: Cell, b: Cell): Comparison => options.compare(a, b, measure);
  const best = bestOf(line, measure);
  const { reference, raised } = referenceOf(ordered, measure, compare);
  const points = ordered.map((cell): CurvePoint => {
    const own = basesOf(arm).find((other) => other.level === cell.level) ?? null;
    const againstReference = cell === reference ? null : compare(cell, reference);
    return {
      ...{ level: cell.level, cell, trr: cell.trr, againstReference, base: own ?? base },
      outcome: outcomeOf(againstReference, tolerance),
      againstBest: cell === best ? null : compare(cell, best),
      againstBase: own === null ? null : compare(cell, own),
    };
  });
  const { dataset, book, rank, items } = best;
  return {
    ...{ dataset, book, rank, items, measure, points, base, tolerance },
    ...{ peak: pointOf(points, best), tied: points.filter((point) => point.cell !== best && !falls(point)) },
    ...{ reference: pointOf(points, reference), raised: raised.map((cell) => pointOf(points, cell)) },
    ...sequence(points, reference),
    steps: stepsOf(points, compare),
    split: splitOf(points, (more, less) => options.compare(more, less, measure)),
  };
}

/** The original (or the least compressed level), unless others score detectably above it: then the best of those. */
function referenceOf(
  ordered: readonly Cell[],
  measure: Measure,
  compare: (a: Cell, b: Cell) => Comparison,
): { reference: Cell; raised: Cell[] } {
  const first = (ordered.find(({ level }) => level === 'original') ?? ordered[0]) as Cell;
  const raised = ordered.filter((cell) => {
    const { detectable, difference } = compare(cell, first);
    return cell !== first && detectable && difference > 0;
  });
  return { reference: raised.length === 0 ? first : bestOf(raised, measure), raised };
}

function outcomeOf(againstReference: Comparison | null, tolerance: number): LevelOutcome {
  if (againstReference === null) return 'reference';
  if (excludesLoss(againstReference, tolerance)) return 'kept';
  return againstReference.detectable && againstReference.high < -tolerance ? 'lost' : 'open';
}

/** Level after level from the reference, until one fails: what is tested in an order fixed beforehand needs no correction for number. */
function sequence(points: readonly CurvePoint[], reference: Cell): Pick<Curve, 'chosen' | 'stop'> {
  const start = points.findIndex(({ cell }) => cell === reference);
  const onwards = points.slice(start + 1).filter(({ trr }) => trr !== null);
  const failed = onwards.findIndex(({ outcome }) => outcome !== 'kept');
  const passed = failed < 0 ? onwards : onwards.slice(0, failed);
  return { chosen: passed.at(-1) ?? (points[start] as CurvePoint), stop: onwards[failed] ?? null };
}

function stepsOf(points: readonly CurvePoint[], compare: (a: Cell, b: Cell) => Comparison): CurveStep[] {
  return points.slice(1).flatMap((to, i) => {
    const from = points[i] as CurvePoint;
    const comparison = compare(to.cell, from.cell);
    return comparison.detectable ? [{ from, to, comparison }] : [];
  });
}

function splitOf(
  points: readonly CurvePoint[],
  compare: (more: readonly Cell[], less: readonly Cell[]) => Comparison,
): CurveSplit | null {
  const told = cutsOf(points.map(({ cell }) => cell))
    .map(({ less, more }) => ({ less, more, comparison: compare(more, less) }))
    .filter(({ comparison }) => comparison.detectable);
  const clarity = ({ difference, low, high }: Comparison): number => (2 * Math.abs(difference)) / (high - low);
  const [best] = told.sort((a, b) => clarity(b.comparison) - clarity(a.comparison));
  if (best === undefined) return null;
  const own = (cells: readonly Cell[]): CurvePoint[] => cells.map((cell) => pointOf(points, cell));
  return { less: own(best.less), more: own(best.more), comparison: best.comparison };
}

function pointOf(points: readonly CurvePoint[], cell: Cell): CurvePoint {
  return points.find((point) => point.cell === cell) as CurvePoint;
}

/** The best mean; of equal means the most compressed. */
function bestOf(line: readonly Cell[], measure: Measure): Cell {
  const byMean = (a: Cell, b: Cell): number => estimateOf(b, measure).mean - estimateOf(a, measure).mean;
  return [...line].sort((a, b) => byMean(a, b) || byCompression(b, a))[0] as Cell;
}
