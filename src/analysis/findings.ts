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
import { findingWords } from '../words/findings.js';
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
  const words = findingWords();
  const numbers = words.correlations(minus(retention, 2), minus(trr, 2));
  if (!differ) return words.nothingToExplain(numbers);
  const few = words.few(numbers, levels);
  const closer = Math.abs(retention) > Math.abs(trr) + 0.05;
  const farther = Math.abs(trr) > Math.abs(retention) + 0.05;
  if (closer) return words.withRetention(few);
  return farther ? words.withLength(few) : words.withBoth(few);
}

/** The finding of score over amount; `cells` share data set, book and level, and `compare` counts the study's other comparisons. */
export function amountFinding(
  cells: readonly Cell[],
  measure: Measure,
  compare: Compare = jointComparisons(cells, { measure }),
): string {
  const lines = amountLines(cells).sort((a, b) => (a[0]?.rank ?? 0) - (b[0]?.rank ?? 0));
  if (cells[0]?.book === 'closed')
    return sentenceCase(findingWords().sentence(lines.map((line) => recallWords(line, measure))));
  const changes = lines.map((line) => changeWords(line, measure, compare));
  const moved = changes.filter(({ detectable }) => detectable);
  if (moved.length === 0) {
    const amounts = distinct(lines.flat().map(({ items }) => items)).sort((a, b) => a - b);
    return findingWords().noChange(whole(amounts.at(-1) ?? 0), whole(amounts[0] ?? 0));
  }
  return sentenceCase(findingWords().sentence(moved.map(({ words }) => words)));
}

/** The finding of score over level by rank. */
export function rankFinding(choices: readonly RankChoice[]): string {
  const apart = choices.flatMap(({ level, measure, apart }) =>
    apart.map(({ higher, lower, comparison }) =>
      findingWords().rankAbove({
        level: shortLevel(level),
        higher,
        lower,
        by: gap(comparison.difference, measure),
      }),
    ),
  );
  if (apart.length > 0) return sentenceCase(findingWords().noOthers(apart));
  const ranks = distinct(choices.flatMap(({ candidates }) => candidates.map(({ rank }) => rank)));
  return findingWords().noRanks(listed(ranks.sort((a, b) => a - b).map(whole)));
}

function recallWords(line: readonly Cell[], measure: Measure): string {
  const [first, last] = [line[0] as Cell, line.at(-1) as Cell];
  const share = (cell: Cell): string => amount(estimateOf(cell, measure).mean, measure);
  return findingWords().recall({
    ...{ rank: first.rank, first: share(first), items: counted(first.items, 'item') },
    ...{ last: share(last), most: whole(last.items) },
  });
}

function changeWords(
  line: readonly Cell[],
  measure: Measure,
  compare: Compare,
): { words: string; detectable: boolean } {
  const [first, last] = [line[0] as Cell, line.at(-1) as Cell];
  const { difference, detectable } = compare(last, first, measure);
  return {
    detectable,
    words: findingWords().change({
      ...{ rank: first.rank, most: whole(last.items), fewest: whole(first.items) },
      ...{ lowers: difference < 0, by: gap(difference, measure) },
    }),
  };
}
