/** Answers to judge as JSON lines, whoever made them: with what is known of where they belong, so that their rows can be analysed. */
import { basename, extname } from 'node:path';
import { z } from 'zod';
import { answerRecord } from '../core/record-schemas.js';
import type { AnswerRecord, GridPlace } from '../core/records.js';
import { parseJsonLines, refuseDuplicates } from '../files/json-lines.js';

const name = z.union([z.string(), z.number()], { error: 'give text or a number' });
const count = z.number().int().min(0);

/** Where an answer belongs, as far as its line says. */
const place = {
  run: z.string().optional(),
  model: z.string().optional(),
  dataset: z.string().optional(),
  book: z.enum(['open', 'closed', 'text']).optional(),
  level: z.string().optional(),
  rank: count.optional(),
  scale: z.number().optional(),
  items: count.optional(),
  seed: z.number().int().optional(),
};

const plain = z.object({
  ...place,
  id: name,
  question: z.string(),
  reference: name.transform(String),
  answer: z.string().nullable(),
  answers: z.array(z.string()).optional(),
  type: z.string().optional(),
  subject: z.string().optional(),
  abstention: z.boolean().optional(),
  item: name.optional(),
  score: z.number().nullable().optional(),
});

/** An answer record, as a study's runs keep them; its `question` is an id, the wording is `prompt`. */
const recorded = z.looseObject({ prompt: z.string(), ...place, score: z.number().nullable().optional() });

/** One answer of a file. */
export interface FileAnswer {
  /** As it stands in the file; `item/question` of an answer record. */
  readonly id: string | number;
  readonly record: AnswerRecord;
  readonly place: GridPlace;
  /** A score from 1 to 5 that someone gave it before; null where there is none. */
  readonly recorded: number | null;
  /** The model that answered; null where the file names none. */
  readonly model: string | null;
}

/**
 * Reads answers: `id`, `question`, `reference`, `answer`; and where known `answers` (all accepted ones), `type`, `subject`,
 * `abstention`, `item`, `model` (who answered), `run`, `dataset`, `book`, `level`, `rank`, `items`, `seed`, and `score`, an earlier
 * verdict to compare with. Or answer records as a study's runs keep them. Throws UserErrors naming file, line and field.
 */
export function parseAnswers(text: string, file: string): FileAnswer[] {
  const line = z.looseObject({});
  const isRecorded = parseJsonLines(text, line, file).some(({ value }) => 'prompt' in value);
  const answers = isRecorded ? parseRecorded(text, file) : parsePlain(text, file);
  return answers;
}

function parsePlain(text: string, file: string): FileAnswer[] {
  const rows = parseJsonLines(text, plain, file, { spelt: ['id', 'item', 'reference', 'answer', 'answers'] });
  refuseDuplicates(rows, ({ id }) => String(id), file);
  return rows.map(({ value }) => plainAnswer(value, file));
}

function parseRecorded(text: string, file: string): FileAnswer[] {
  const places = parseJsonLines(text, recorded, file);
  return parseJsonLines(text, answerRecord, file).map(({ value: record }, i) => {
    const about = places[i]?.value ?? { prompt: '' };
    const { model = null } = about;
    return {
      id: `${record.item}/${record.question}`,
      record,
      place: placeOf(about, file),
      recorded: scoreOf(about.score),
      model,
    };
  });
}

function plainAnswer(value: z.infer<typeof plain>, file: string): FileAnswer {
  const { id, reference, answer, item = id, model = null } = value;
  const record: AnswerRecord = {
    ...{ item: String(item), question: String(id), type: value.type ?? 'fact', prompt: value.question, reference },
    answers: [...new Set([reference, ...(value.answers ?? [])])],
    subject: value.subject ?? null,
    ...{ answer, finish: null, failure: answer === null ? 'the file has no answer' : null },
    ...{ abstention: value.abstention ?? false, contextTruncated: false, bits: null },
  };
  return { id, record, place: placeOf(value, file), recorded: scoreOf(value.score), model };
}

type PlaceFields = { readonly [K in keyof typeof place]?: z.infer<(typeof place)[K]> };

function placeOf(given: PlaceFields, file: string): GridPlace {
  const { run, model, dataset, book, level, rank = 0, scale = 0, items = 0, seed = 0 } = given;
  return {
    run: run ?? model ?? 'answers',
    dataset: dataset ?? basename(file, extname(file)),
    book: book ?? (level === undefined || level === 'none' ? 'closed' : 'open'),
    level: level ?? 'none',
    ...{ rank, scale, items, seed },
  };
}

function scoreOf(score: number | null | undefined): number | null {
  return typeof score === 'number' && score >= 1 && score <= 5 ? score : null;
}
