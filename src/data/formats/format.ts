/** The contract of a data format: whether a record is of its form, and the item it holds. */
import type { Item, LevelText, LevelTexts, Question } from '../../core/records.js';
import type { Level } from '../../core/levels.js';
import type { CheckContext } from '../schema.js';
import { check, fieldPath, noteOddities, soundText } from '../schema.js';

/** Formats of records; `folder` is a folder of texts. */
export const FORMATS = [
  'wikiupdate',
  'akew',
  'longmemeval',
  'items',
  'alpaca',
  'sharegpt',
  'openai',
  'squad',
  'plain',
  'folder',
] as const;

export type DataFormat = (typeof FORMATS)[number];

/**
 * Parts of a plain record that a column may hold: `answer` one answer or an array of accepted ones, `paraphrases` one further
 * wording or an array of them, the others as in an item and its question.
 */
export const COLUMN_PARTS = [
  'id',
  'text',
  'question',
  'answer',
  'type',
  'date',
  'subject',
  'testPrompt',
  'paraphrases',
] as const;

export type ColumnPart = (typeof COLUMN_PARTS)[number];

/** Names of columns (or fields) that a plain record keeps its parts in; what is absent is found by usual names. */
export type ColumnMapping = Readonly<Partial<Record<ColumnPart, string>>> & {
  /** Columns that hold the text at other levels. */
  readonly levels?: Readonly<Record<string, string>>;
};

export interface ReadContext extends CheckContext {
  readonly dataset: string;
  readonly columns: ColumnMapping;
}

/** One data format: each lives in a file of its own. */
export interface RecordFormat {
  readonly name: DataFormat;
  /** The data set's name, where the format has one. */
  readonly dataset?: string;
  /** Whether following records of the same id add questions to one item. */
  readonly joinsRows?: boolean;
  /** Whether a record looks like this format. */
  matches(record: Readonly<Record<string, unknown>>): boolean;
  /** The record's item, or undefined after telling every problem to the log. */
  read(record: Readonly<Record<string, unknown>>, context: ReadContext): Item | undefined;
}

/** A level's text as recorded in a data file. */
export function recordedText(text: string, format: DataFormat, field: string): LevelText {
  return { text, method: 'recorded', provenance: { format, field } };
}

/** Texts of several levels from the record's fields; undefined when one of them is unsound. */
export function readTexts(
  record: Readonly<Record<string, unknown>>,
  fields: readonly (readonly [Level, string])[],
  format: DataFormat,
  context: ReadContext,
): LevelTexts | undefined {
  const texts: Record<string, LevelText> = {};
  let sound = true;
  for (const [level, field] of fields) {
    const text = check(soundText, record[field], context, { scope: 'item', path: [field] });
    if (text === undefined) sound = false;
    else {
      noteOddities(text, field, context);
      texts[level] = recordedText(text, format, field);
    }
  }
  return sound ? texts : undefined;
}

/** Notes the fields of a record, or of what stands at a path of it, that nothing was read from. */
export function noteIgnored(
  record: Readonly<Record<string, unknown>>,
  used: ReadonlySet<string>,
  { log, place }: ReadContext,
  path: readonly PropertyKey[] = [],
): void {
  const within = path.filter((key) => typeof key === 'string').join('.');
  for (const field of Object.keys(record)) {
    if (used.has(field)) continue;
    const name = `${within === '' ? '' : `${within}.`}${field.slice(0, 60)}`;
    log.note(`field "${name}" is not used`, place, path.length === 0 ? '' : fieldPath([...path, field]));
  }
}

/** Merges questions of one wording: any answer recorded for it counts as right, each question's own first. */
export function mergeAnswers(questions: readonly Question[]): Question[] {
  const byPrompt = new Map<string, Set<string>>();
  for (const { prompt, answers } of questions) {
    const all = byPrompt.get(prompt) ?? new Set<string>();
    for (const answer of answers) all.add(answer);
    byPrompt.set(prompt, all);
  }
  return questions.map((question) => ({
    ...question,
    answers: [...new Set([...question.answers, ...(byPrompt.get(question.prompt) ?? [])])],
  }));
}
