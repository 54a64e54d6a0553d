/** The two ways to read a judged answer as a number: its score from 1 to 5, or whether it is correct. */
import type { Row } from '../core/records.js';

/** `score`: the judge's 1 to 5. `accuracy`: the share of correct answers, 0 to 1. */
export type Measure = 'score' | 'accuracy';

/** A row's value by a measure; null where the row is unscored. */
export function valueOf(row: Row, measure: Measure): number | null {
  if (row.status === 'unscored') return null;
  if (measure === 'score') return row.score;
  return row.correct === null ? null : Number(row.correct);
}

/** Judges that say right or wrong and nothing between, and those that grade, by what rows call them: `exact`, `llm (qwen-plus)`. */
const TWO_WAY = /^(?:exact|yes-no)(?: \(|$)/;
const GRADING = /^(?:lexical|llm)(?: \(|$)/;

/**
 * The measure of one judge's rows, the same in every study: accuracy for `exact` and `yes-no`, the score for `lexical` and `llm`; for
 * a judge that is not ours, accuracy where every verdict is one of the scale's two ends.
 */
export function measureOf(rows: readonly Row[]): Measure {
  return measureOfCells([{ rows }]);
}

/** The measure of several cells' rows, all of one judge. */
export function measureOfCells(cells: readonly { readonly rows: readonly Row[] }[]): Measure {
  const judge = cells.find(({ rows }) => rows.length > 0)?.rows[0]?.judge ?? '';
  if (TWO_WAY.test(judge)) return 'accuracy';
  if (GRADING.test(judge)) return 'score';
  const isEnd = ({ score }: Row): boolean => score === null || score === 1 || score === 5;
  return cells.every(({ rows }) => rows.every(isEnd)) ? 'accuracy' : 'score';
}

/** From the least to the greatest value there is. */
export function rangeOf(measure: Measure): readonly [number, number] {
  return measure === 'score' ? [1, 5] : [0, 1];
}
