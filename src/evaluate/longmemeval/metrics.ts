/** LongMemEval's aggregates: those the benchmark's own scripts print, and the same with missing answers counted as wrong. */
import { distinct } from '../../core/collections.js';
import { mean } from '../../core/statistics.js';
import { isAbstention, QUESTION_TYPES, type EvaluationResult, type QuestionType, type Reference } from './records.js';

/** A share of correct answers, 0 to 1, over `n`; null of none. */
export interface Accuracy {
  readonly accuracy: number | null;
  readonly n: number;
}

/** Accuracy by type and over all, abstention questions counted within their types as the benchmark does. */
export interface Aggregates {
  readonly byType: Readonly<Record<QuestionType, Accuracy>>;
  /** Mean of the six types' accuracies; null where a type has no rows (the benchmark prints nan). */
  readonly taskAveraged: number | null;
  readonly overall: Accuracy;
  readonly abstention: Accuracy;
  readonly withoutAbstention: Accuracy;
}

export interface LongMemEvalMetrics {
  /** As published: over the rows there are; a question without a row costs nothing. */
  readonly published: Aggregates;
  /** Over all questions of the reference: one without a row counts as wrong. */
  readonly strict: Aggregates;
  /** Questions of the reference without a row. */
  readonly missing: number;
  /** Rows whose question the reference does not have: left out. */
  readonly unknown: number;
  /** Rows beyond the first of their question: counted as published, the first alone counts strictly. */
  readonly repeated: number;
  /** Names of the judges in the rows. */
  readonly judges: readonly string[];
}

interface Mark {
  readonly id: string;
  readonly type: QuestionType;
  readonly correct: boolean;
}

/** Aggregates of results, whatever judge gave them. */
export function longMemEvalMetrics(
  results: readonly EvaluationResult[],
  references: readonly Reference[],
): LongMemEvalMetrics {
  const types = new Map(references.map(({ question_id, question_type }) => [question_id, question_type]));
  const marks = results.flatMap(({ question_id: id, autoeval_label }): Mark[] => {
    const type = types.get(id);
    return type === undefined ? [] : [{ id, type, correct: autoeval_label.label }];
  });
  const first = new Map(marks.toReversed().map((mark) => [mark.id, mark]));
  const strict = [...types].map(([id, type]) => first.get(id) ?? { id, type, correct: false });
  return {
    published: aggregate(marks),
    strict: aggregate(strict),
    missing: types.size - first.size,
    unknown: results.length - marks.length,
    repeated: marks.length - first.size,
    judges: distinct(results.map(({ autoeval_label }) => autoeval_label.model)),
  };
}

/** The lines `print_qa_metrics.py` prints, character for character. */
export function formatAggregates({ byType, taskAveraged, overall, abstention }: Aggregates): string {
  const types = QUESTION_TYPES.map((type) => `\t${type}: ${rounded(byType[type].accuracy)} (${byType[type].n})`);
  return [
    '',
    'Evaluation results by task:',
    ...types,
    '',
    `Task-averaged Accuracy: ${rounded(taskAveraged)}`,
    `Overall Accuracy: ${rounded(overall.accuracy)}`,
    `Abstention Accuracy: ${rounded(abstention.accuracy)} (${abstention.n})`,
  ].join('\n');
}

/** A share to four digits, ties to even, written as Python does: `0.5`, `1.0`, `nan`. */
export function rounded(share: number | null): string {
  if (share === null) return 'nan';
  const scaled = share * 1e4;
  const down = Math.floor(scaled);
  const isTie = scaled - down === 0.5;
  const whole = isTie ? down + (down % 2) : Math.round(scaled);
  const value = whole / 1e4;
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function aggregate(marks: readonly Mark[]): Aggregates {
  const byType = Object.fromEntries(
    QUESTION_TYPES.map((type) => [type, accuracy(marks.filter((mark) => mark.type === type))]),
  ) as Record<QuestionType, Accuracy>;
  return {
    byType,
    taskAveraged: meanOf(QUESTION_TYPES.map((type) => byType[type].accuracy)),
    overall: accuracy(marks),
    abstention: accuracy(marks.filter(({ id }) => isAbstention(id))),
    withoutAbstention: accuracy(marks.filter(({ id }) => !isAbstention(id))),
  };
}

function accuracy(marks: readonly Mark[]): Accuracy {
  const correct = marks.filter((mark) => mark.correct).length;
  return { accuracy: marks.length === 0 ? null : correct / marks.length, n: marks.length };
}

function meanOf(shares: readonly (number | null)[]): number | null {
  const known = shares.filter((share) => share !== null);
  return known.length < shares.length ? null : mean(known);
}
