/** Answers to judge as JSON lines, whoever made them, and verdicts as JSON lines. */
import { z } from 'zod';
import type { Verdict } from '../core/records.js';
import type { JudgeInput } from './judges/judge.js';
import { parseJsonLines, refuseDuplicates } from '../files/json-lines.js';

const name = z.union([z.string(), z.number()], { error: 'give text or a number' });

const line = z.object({
  id: name,
  question: z.string(),
  reference: name.transform(String),
  answer: z.string(),
  answers: z.array(z.string()).optional(),
  type: z.string().optional(),
  subject: z.string().optional(),
  abstention: z.boolean().optional(),
  item: name.optional(),
  score: z.number().nullable().optional(),
  model: z.string().optional(),
});

/** One answer of a file. */
export interface FileAnswer {
  /** As it stands in the file. */
  readonly id: string | number;
  /** The item it belongs to, for intervals; the id where the file names none. */
  readonly item: string;
  readonly input: JudgeInput;
  /** A score from 1 to 5 that someone gave it before; null where there is none. */
  readonly recorded: number | null;
  /** The model that answered; null where the file names none. */
  readonly model: string | null;
}

/**
 * Reads answers: `id`, `question`, `reference`, `answer`; and where known `answers` (all accepted ones), `type`, `subject`,
 * `abstention`, `item`, `model` (who answered), and `score`, an earlier verdict to compare with. Throws UserErrors naming file, line and field.
 */
export function parseAnswers(text: string, file: string): FileAnswer[] {
  const rows = parseJsonLines(text, line, file);
  refuseDuplicates(rows, ({ id }) => String(id), file);
  return rows.map(({ value }) => fileAnswer(value));
}

/** One verdict as a line: `id`, `score` (null when unscored), `status`, `reason`, and the judge where several judged. */
export function verdictLine(id: string | number, verdict: Verdict, judge?: string): string {
  const score = verdict.status === 'scored' ? verdict.score : null;
  const { status, reason } = verdict;
  return `${JSON.stringify({ id, ...(judge !== undefined && { judge }), score, status, reason })}\n`;
}

function fileAnswer(value: z.infer<typeof line>): FileAnswer {
  const { id, question, reference, answer, type = 'fact', subject, abstention = false, item = id } = value;
  const answers = [...new Set([reference, ...(value.answers ?? [])])];
  const score = value.score ?? 0;
  return {
    id,
    item: String(item),
    input: { question, type, reference, answers, answer, abstention, ...(subject !== undefined && { subject }) },
    recorded: score >= 1 && score <= 5 ? score : null,
    model: value.model ?? null,
  };
}
