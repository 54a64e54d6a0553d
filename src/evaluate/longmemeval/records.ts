/** LongMemEval's files: references, hypotheses and results, read and written in the benchmark's own forms. */
import { z } from 'zod';
import { parseJsonLines, type JsonLine } from '../../files/json-lines.js';

/** The six question types, in the order in which the benchmark prints them. */
export const QUESTION_TYPES = [
  'single-session-user',
  'single-session-preference',
  'single-session-assistant',
  'multi-session',
  'temporal-reasoning',
  'knowledge-update',
] as const;

export type QuestionType = (typeof QUESTION_TYPES)[number];

const reference = z.object({
  question_id: z.string(),
  question_type: z.enum(QUESTION_TYPES),
  question: z.string(),
  answer: z.union([z.string(), z.number()], { error: 'give text or a number' }).transform(String),
});

const hypothesis = z.object({ question_id: z.string(), hypothesis: z.string() });

const result = z.looseObject({
  question_id: z.string(),
  autoeval_label: z.object({ model: z.string(), label: z.boolean() }),
});

/** A question with its answer; the histories are not read. */
export type Reference = z.infer<typeof reference>;

/** A model's answer to one question. */
export type Hypothesis = z.infer<typeof hypothesis>;

/** A judged hypothesis, as `evaluate_qa.py` writes it. */
export interface EvaluationResult {
  readonly question_id: string;
  readonly hypothesis?: string;
  readonly autoeval_label: { readonly model: string; readonly label: boolean };
}

/** References from a JSON array or JSON lines. Throws UserErrors naming lines and fields. */
export function parseReferences(text: string, file: string): Reference[] {
  return parseJsonLines(text, reference, file).map(({ value }) => value);
}

/** Hypotheses from JSON lines or an array. Throws UserErrors naming lines and fields. */
export function parseHypotheses(text: string, file: string): JsonLine<Hypothesis>[] {
  return parseJsonLines(text, hypothesis, file);
}

/** Results from JSON lines or an array. Throws UserErrors naming lines and fields. */
export function parseResults(text: string, file: string): EvaluationResult[] {
  return parseJsonLines(text, result, file).map(({ value: { question_id, autoeval_label } }) => ({
    question_id,
    autoeval_label,
  }));
}

/** Hypotheses or results as JSON lines. */
export function toJsonLines(rows: readonly (Hypothesis | EvaluationResult)[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Whether a question has no answer: the benchmark marks it in the id. */
export function isAbstention(questionId: string): boolean {
  return questionId.includes('_abs');
}
