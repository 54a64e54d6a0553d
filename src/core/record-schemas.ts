/** Schemas of the records that lie on disk: what is read back is checked, field by field, before anything is made of it. */
import { z } from 'zod';
import type { Level } from './levels.js';
import { questionRecord } from './question.js';
import { TEXT_CONTROLS, TEXT_GROUPS, type AnswerRecord, type Item, type Row } from './records.js';

const finish = z.enum(['stop', 'length']).nullable();
const book = z.enum(['open', 'closed', 'text']);

const levelText = z.object({ text: z.string(), method: z.string(), provenance: z.record(z.string(), z.json()) });

/** One item with its texts and questions, as a study's data file holds it. */
export const itemRecord: z.ZodType<Item> = z.object({
  id: z.string(),
  dataset: z.string(),
  texts: z.record(z.string(), levelText),
  questions: z.array(questionRecord),
});

/** One answer, as `answers.jsonl` holds it. */
export const answerRecord: z.ZodType<AnswerRecord> = z.object({
  item: z.string(),
  question: z.string(),
  type: z.string(),
  prompt: z.string(),
  reference: z.string(),
  answers: z.array(z.string()),
  subject: z.string().nullable(),
  answer: z.string().nullable(),
  finish,
  failure: z.string().nullable(),
  abstention: z.boolean(),
  contextTruncated: z.boolean(),
  bits: z.number().nullable(),
  reworded: z.boolean().exactOptional(),
});

/** One judged answer, as `rows.jsonl` holds it. */
export const rowRecord: z.ZodType<Row> = z.object({
  run: z.string(),
  dataset: z.string(),
  book,
  level: z.custom<Level | 'none'>((value) => typeof value === 'string', { error: 'use a level, or none' }),
  rank: z.number().int().min(0),
  scale: z.number(),
  items: z.number().int().min(0),
  seed: z.number().int(),
  item: z.string(),
  question: z.string(),
  type: z.string(),
  judge: z.string(),
  status: z.enum(['scored', 'unscored']),
  score: z.number().min(1).max(5).nullable(),
  correct: z.boolean().nullable(),
  abstention: z.boolean(),
  contextTruncated: z.boolean(),
  trr: z.number().nullable(),
  retention: z.number().nullable(),
  bits: z.number().nullable(),
  prompt: z.string(),
  reference: z.string(),
  answer: z.string(),
  finish,
  reason: z.string(),
  reworded: z.boolean().nullable().default(null),
  form: z.string().nullable().default(null),
  exposures: z.number().int().min(0).nullable().default(null),
  control: z.enum(TEXT_CONTROLS).nullable().default(null),
  group: z.enum(TEXT_GROUPS).nullable().default(null),
});
