/** What a figure shows, in one sentence: its finding, not its axes. */
import { distinct } from '../core/collections.js';
import { sampleRankCorrelation } from 'simple-statistics';
import { jointComparisons, type Compare } from './compare.js';
import { amountLines } from './lines.js';
import { falls, type Curve } from './curve.js';
import { decisionSentence } from './curve-sentences.js';
import { estimateOf, type Cell } from './group.js';
import type { Measure } from './measure.js';
import type { RankChoice } from './rank.js';
import { amount, counted, gap, listed, minus, sentenceCase, shortLevel, whole } from './wording.js';

/** The finding of score over compression: what the verdict says of it. */
export function curveFinding(curve: Curve): string {
  return sentenceCase(decisionSentence(curve));
}

/** How the levels' scores go with what their texts kept, and with their TRR. */
export interface RetentionCorrelation {
  /** Spearman's rank correlations. */
  readonly retention: number;
  readonly trr: number;
  readonly levels: number;
  /** Whether any levels can be told apart: else there is nothing to explain. */
  readonly differ: boolean;
}

/** Null below four levels whose texts kept different shares. */
export function retentionCorrelation(curve: Curve): RetentionCorrelation | null {
  const { points, measure, split } = curve;
  const known = points.filter(({ cell, trr }) => cell.retention !== null && trr !== null);
  if (distinct(known.map(({ cell }) => cell.retention)).length < 4) return null;
  const scores = known.map(({ cell }) => estimateOf(cell, measure).mean);
  const correlation = (values: number[]): number => sampleRankCorrelation(values, scores);
  return {
    retention: correlation(known.map(({ cell }) => cell.retention ?? 0)),
    trr: correlation(known.map(({ trr }) => trr ?? 0)),
    levels: known.length,
    differ: split !== null || points.some(falls),
  };
}

/** The finding of score over answers kept: a few levels describe, and prove nothing. */
export function retentionFinding({ retention, trr, levels, differ }: RetentionCorrelation): string {
  const numbers = `rank correlation ${minus(retention, 2)} with answers kept, ${minus(trr, 2)} with tokens saved`;
  if (!differ)
    return `The levels' scores cannot be told apart, so there is nothing that their texts could explain (${numbers}).`;
  const few = `${numbers}; ${levels} levels are too few to prove it`;
  const closer = Math.abs(retention) > Math.abs(trr) + 0.05;
  const farther = Math.abs(trr) > Math.abs(retention) + 0.05;
  if (closer) return `Here scores go with what a text keeps more than with its length: ${few}.`;
  if (farther) return `Here scores go with length more than with the answers kept: ${few}.`;
  return `Here scores go about as much with answers kept as with length: ${few}.`;
}

/** The finding of score over amount; `cells` share data set, book and level, and `compare` counts the study's other comparisons. */
export function amountFinding(
  cells: readonly Cell[],
  measure: Measure,
  compare: Compare = jointComparisons(cells, { measure }),
): string {
  const lines = amountLines(cells).sort((a, b) => (a[0]?.rank ?? 0) - (b[0]?.rank ?? 0));
  if (cells[0]?.book === 'closed')
    return `${sentenceCase(lines.map((line) => recallWords(line, measure)).join('; '))}.`;
  const changes = lines.map((line) => changeWords(line, measure, compare));
  const moved = changes.filter(({ detectable }) => detectable);
  if (moved.length === 0) {
    const amounts = distinct(lines.flat().map(({ items }) => items)).sort((a, b) => a - b);
    return `Training on ${whole(amounts.at(-1) ?? 0)} items in place of ${whole(amounts[0] ?? 0)} makes no detectable difference.`;
  }
  return `${sentenceCase(moved.map(({ words }) => words).join('; '))}.`;
}

/** The finding of score over level by rank. */
export function rankFinding(choices: readonly RankChoice[]): string {
  const apart = choices.flatMap(({ level, measure, apart }) =>
    apart.map(
      ({ higher, lower, comparison }) =>
        `at ${shortLevel(level)} rank ${higher} scores above rank ${lower} by ${gap(comparison.difference, measure)}`,
    ),
  );
  if (apart.length > 0) return `${sentenceCase(apart.join('; '))}; no other ranks can be told apart.`;
  const ranks = distinct(choices.flatMap(({ candidates }) => candidates.map(({ rank }) => rank)));
  return `At no level can ranks ${listed(ranks.sort((a, b) => a - b).map(whole))} be told apart.`;
}

function recallWords(line: readonly Cell[], measure: Measure): string {
  const [first, last] = [line[0] as Cell, line.at(-1) as Cell];
  const share = (cell: Cell): string => amount(estimateOf(cell, measure).mean, measure);
  return `rank ${first.rank} recalls ${share(first)} after ${counted(first.items, 'item')}, ${share(last)} after ${whole(last.items)}`;
}

function changeWords(
  line: readonly Cell[],
  measure: Measure,
  compare: Compare,
): { words: string; detectable: boolean } {
  const [first, last] = [line[0] as Cell, line.at(-1) as Cell];
  const { difference, detectable } = compare(last, first, measure);
  const direction = difference < 0 ? 'lowers' : 'raises';
  return {
    detectable,
    words: `at rank ${first.rank}, ${whole(last.items)} items in place of ${whole(first.items)} ${direction} the score by ${gap(difference, measure)}`,
  };
}
