/** Plain records (JSONL, JSON, CSV, Parquet): columns for id, text, question and answers, found by usual names or named by a mapping. */
import type { Level } from '../../core/levels.js';
import { isFamiliarLevel } from '../../core/levels.js';
import type { Item, Question } from '../../core/records.js';
import { check, idText } from '../schema.js';
import {
  COLUMN_PARTS,
  noteIgnored,
  readTexts,
  type ColumnMapping,
  type ColumnPart,
  type ReadContext,
  type RecordFormat,
} from './format.js';
import { readCell } from './list-cell.js';
import { readQuestion, readQuestions } from './questions.js';

/** Usual names of each part, the first present one is taken; capitals, blanks, dashes and underscores make no other name. */
const USUAL: Readonly<Record<ColumnPart, readonly string[]>> = {
  id: ['id', '_id', 'item', 'doc_id', 'document_id', 'original_id', 'uid', 'uuid', 'guid'],
  text: [
    ...['text', 'original', 'document', 'context', 'article', 'passage', 'content', 'body'],
    ...[
      'contexts',
      'paragraph',
      'page_content',
      'source_text',
      'document_text',
      'full_text',
      'doc',
      'story',
      'transcript',
    ],
  ],
  question: [...['question', 'prompt', 'query', 'instruction', 'input', 'user_input', 'problem', 'question_text', 'q']],
  answer: [
    ...['answers', 'answer', 'target', 'reference', 'completion', 'response', 'output', 'ideal', 'gold'],
    ...[
      'gold_answer',
      'gold_answers',
      'ground_truth',
      'ground_truths',
      'expected',
      'expected_answer',
      'expected_output',
    ],
    ...['correct_answer', 'reference_answer', 'solution', 'chosen', 'answer_text', 'label', 'a'],
  ],
  type: ['type', 'question_type', 'category'],
  date: ['date', 'question_date'],
  subject: [],
  testPrompt: ['testPrompt', 'test_prompt'],
  paraphrases: ['paraphrases'],
};

/** A text may be empty under these names, as in data where some questions have no text. */
const MAY_BE_EMPTY = new Set(['context', 'contexts', 'passage']);

type Fields = Readonly<Record<string, unknown>>;

export const plain: RecordFormat = {
  name: 'plain',
  joinsRows: true,
  matches: (record) => columnOf(record, 'text', {}) !== undefined || columnOf(record, 'question', {}) !== undefined,
  read(record, context): Item | undefined {
    const before = context.log.countOf('item');
    const id = readId(record, context);
    const levels = levelColumns(record, context.columns);
    const texts = readTexts(withWholeTexts(record, levels, context), levels, 'plain', context);
    const questions = readRowQuestions(record, context);
    const used = new Set([...usedColumns(record, context.columns), ...levels.map(([, name]) => name), 'questions']);
    noteOthers(record, used, context);
    noteIgnored(record, used, context);
    if (id === undefined || !texts || context.log.countOf('item') > before) return undefined;
    return { id, dataset: context.dataset, texts, questions };
  },
};

/** A name without what is written in many ways. */
const bare = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');

/** The column a part is kept in: the mapping's, else the first usual name the record has. */
function columnOf(record: Fields, part: ColumnPart, columns: ColumnMapping): string | undefined {
  if (columns[part] !== undefined) return columns[part];
  const exact = USUAL[part].find((name) => Object.hasOwn(record, name));
  if (exact !== undefined || USUAL[part].length === 0) return exact;
  const names = new Map(Object.keys(record).map((name) => [bare(name), name]));
  return USUAL[part].flatMap((name) => names.get(bare(name)) ?? [])[0];
}

function usedColumns(record: Fields, columns: ColumnMapping): string[] {
  return COLUMN_PARTS.flatMap((part) => columnOf(record, part, columns) ?? []);
}

/** The record's id; empty where there is no id column, to be filled when rows are joined. */
function readId(record: Fields, context: ReadContext): string | undefined {
  const column = columnOf(record, 'id', context.columns);
  if (column === undefined) return '';
  return check(idText, record[column], context, { scope: 'item', path: [column] });
}

function levelColumns(record: Fields, columns: ColumnMapping): (readonly [Level, string])[] {
  const text = columnOf(record, 'text', columns);
  const named = Object.entries(columns.levels ?? {});
  const taken = new Set([text, ...named.map(([, name]) => name)]);
  const own = Object.keys(record).filter((name) => isFamiliarLevel(name) && !taken.has(name) && name !== 'original');
  const isQuestionOnly = text === undefined || (columns.text === undefined && isWithoutText(text, record[text]));
  return [
    ...(isQuestionOnly ? [] : [['original', text] as const]),
    ...named,
    ...own.map((name) => [name, name] as const),
  ];
}

/** Whether a record has no text where data may have none. */
function isWithoutText(name: string, value: unknown): boolean {
  if (value === undefined) return true;
  return MAY_BE_EMPTY.has(bare(name)) && (value === null || (typeof value === 'string' && value.trim() === ''));
}

/** The record with texts that are given as several parts joined. */
function withWholeTexts(
  record: Fields,
  levels: readonly (readonly [Level, string])[],
  { place, log }: ReadContext,
): Fields {
  const parts = levels.flatMap(([, name]) => {
    const value = record[name];
    return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')
      ? [[name, value] as const]
      : [];
  });
  for (const [name] of parts) log.note('a text of several parts is joined by blank lines', place, name);
  return parts.length === 0
    ? record
    : { ...record, ...Object.fromEntries(parts.map(([name, value]) => [name, value.join('\n\n')])) };
}

/** Notes fields that could be a part which another field was taken for. */
function noteOthers(record: Fields, used: Set<string>, { columns, place, log }: ReadContext): void {
  for (const part of ['text', 'question', 'answer'] as const) {
    const taken = columns[part] === undefined ? columnOf(record, part, columns) : undefined;
    const others = Object.keys(record).filter(
      (name) => !used.has(name) && USUAL[part].some((usual) => bare(usual) === bare(name)),
    );
    for (const name of taken === undefined ? [] : others) {
      log.note(
        `field "${name}" is not used: the ${part} is "${taken}"; --column ${part}=${shellWord(name)} takes it instead`,
        place,
      );
      used.add(name);
    }
  }
}

/** A column's name as it is typed in a shell. */
export function shellWord(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `"${name}"`;
}

/** What to do where records lack a question or an answer that they have the other of: the option to type, with a field that is not used. */
export function columnFix(record: Fields, part: 'question' | 'answer', columns: ColumnMapping): string {
  const used = new Set(usedColumns(record, columns));
  const free = Object.keys(record).filter((name) => !used.has(name) && !isFamiliarLevel(name));
  if (free.length === 0) return `add a field "${part}", or name another with --column ${part}=NAME`;
  return `name the field that holds it: --column ${part}=${shellWord(free[0] ?? '')} (fields not used: ${free.slice(0, 8).join(', ')})`;
}

/** Which of question and answer a record has no field for though it has one for the other. */
export function missingPart(record: Fields, columns: ColumnMapping): 'question' | 'answer' | undefined {
  if ('questions' in record) return undefined;
  const has = (part: ColumnPart): boolean => columnOf(record, part, columns) !== undefined;
  if (has('question') === has('answer')) return undefined;
  return has('question') ? 'answer' : 'question';
}

/** Parts that a question may have besides its wording and answers. */
const EXTRA_PARTS = ['type', 'date', 'subject', 'testPrompt', 'paraphrases'] as const satisfies readonly ColumnPart[];

/** Questions of the record's `questions` array, or the one of its question and answer columns, or none. */
function readRowQuestions(record: Fields, context: ReadContext): Question[] {
  if (Array.isArray(record['questions'])) return readQuestions(record['questions'], ['questions'], context);
  const column = (part: ColumnPart) => columnOf(record, part, context.columns);
  const [prompt, answer] = [column('question'), column('answer')];
  if (prompt === undefined && answer === undefined) return [];
  if (prompt === undefined || answer === undefined) return tellMissing(record, context);
  if (answer === 'completion' && record['label'] === false) {
    context.log.note('an answer that is marked as unwanted (label: false) is left out', context.place, answer);
    return [];
  }
  const extras = EXTRA_PARTS.map((part) => [part, listCell(record[column(part) ?? ''])] as const);
  const entry = {
    ...Object.fromEntries(extras.filter(([, value]) => !isAbsent(value))),
    prompt: record[prompt],
    answers: answersOf(record[answer], answer, context),
  };
  const question = readQuestion(entry, { names: { prompt, answers: answer } }, context);
  return question ? [question] : [];
}

function tellMissing(record: Fields, { columns, place, log }: ReadContext): Question[] {
  const part = missingPart(record, columns) ?? 'answer';
  log.add({ ...place, field: part, what: 'is missing', fix: columnFix(record, part, columns), scope: 'question' });
  return [];
}

/** The answers that a cell holds; that a list was read is noted, for it may be meant as text. */
function answersOf(value: unknown, name: string, { place, log }: ReadContext): unknown {
  const cell = typeof value === 'string' ? readCell(value) : undefined;
  if (cell?.kind !== 'list') return value;
  log.note('a list in one cell is read as answers that are all accepted', place, name);
  return cell.values;
}

function listCell(value: unknown): unknown {
  const cell = typeof value === 'string' ? readCell(value) : undefined;
  return cell?.kind === 'list' ? cell.values : value;
}

/** Whether a cell is empty, as in a table where only some rows have a part. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
