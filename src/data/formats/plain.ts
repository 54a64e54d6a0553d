/** Plain records (JSONL, JSON, CSV, Parquet): columns for id, text, question and answers, found by usual names or named by a mapping. */
import { jsonrepair } from 'jsonrepair';
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
import { readQuestion, readQuestions } from './questions.js';

/** Usual names of each part, the first present one is taken. */
const USUAL = {
  id: ['id', '_id', 'item', 'doc_id', 'document_id', 'original_id'],
  text: ['text', 'original', 'document', 'context', 'article', 'passage', 'content', 'body'],
  question: ['question', 'prompt', 'query'],
  answer: ['answers', 'answer', 'target', 'reference', 'label'],
  type: ['type', 'question_type', 'category'],
  date: ['date', 'question_date'],
  subject: [],
  testPrompt: ['testPrompt', 'test_prompt'],
  paraphrases: ['paraphrases'],
} as const satisfies Record<ColumnPart, readonly string[]>;

type Fields = Readonly<Record<string, unknown>>;

export const plain: RecordFormat = {
  name: 'plain',
  joinsRows: true,
  matches: (record) => columnOf(record, 'text', {}) !== undefined || columnOf(record, 'question', {}) !== undefined,
  read(record, context): Item | undefined {
    const before = context.log.countOf('item');
    const id = readId(record, context);
    const levels = levelColumns(record, context.columns);
    const texts = readTexts(record, levels, 'plain', context);
    const questions = readRowQuestions(record, context);
    const used = new Set([...usedColumns(record, context.columns), ...levels.map(([, name]) => name), 'questions']);
    noteIgnored(record, used, context);
    if (id === undefined || !texts || context.log.countOf('item') > before) return undefined;
    return { id, dataset: context.dataset, texts, questions };
  },
};

/** The column a part is kept in: the mapping's, else the first usual name the record has. */
function columnOf(record: Fields, part: ColumnPart, columns: ColumnMapping): string | undefined {
  return columns[part] ?? USUAL[part].find((name: string) => Object.hasOwn(record, name));
}

function usedColumns(record: Fields, columns: ColumnMapping): string[] {
  return COLUMN_PARTS.flatMap((part) => columnOf(record, part, columns) ?? []);
}

/** The record's id; empty where there is no id column, to be filled when rows are joined. */
function readId(record: Fields, context: ReadContext): string | undefined {
  const column = columnOf(record, 'id', context.columns);
  if (column === undefined) return '';
  return check(idText, record[column], context, 'item', [column]);
}

function levelColumns(record: Fields, columns: ColumnMapping): (readonly [Level, string])[] {
  const text = columnOf(record, 'text', columns);
  const named = Object.entries(columns.levels ?? {});
  const taken = new Set([text, ...named.map(([, name]) => name)]);
  const own = Object.keys(record).filter((name) => isFamiliarLevel(name) && !taken.has(name) && name !== 'original');
  const isQuestionOnly = text === undefined || (columns.text === undefined && record[text] === undefined);
  return [
    ...(isQuestionOnly ? [] : [['original', text] as const]),
    ...named,
    ...own.map((name) => [name, name] as const),
  ];
}

/** Parts that a question may have besides its wording and answers. */
const EXTRA_PARTS = ['type', 'date', 'subject', 'testPrompt', 'paraphrases'] as const satisfies readonly ColumnPart[];

/** Questions of the record's `questions` array, or the one of its question and answer columns, or none. */
function readRowQuestions(record: Fields, context: ReadContext): Question[] {
  if (Array.isArray(record['questions'])) return readQuestions(record['questions'], ['questions'], context);
  const column = (part: ColumnPart) => columnOf(record, part, context.columns);
  const cell = (name: string | undefined) => (name === undefined ? undefined : listCell(record[name]));
  const [prompt, answer] = [column('question'), column('answer')];
  if (prompt === undefined && answer === undefined) return [];
  const extras = EXTRA_PARTS.map((part) => [part, cell(column(part))] as const).filter(([, value]) => !isAbsent(value));
  const entry = {
    ...Object.fromEntries(extras),
    prompt: prompt === undefined ? undefined : record[prompt],
    answers: cell(answer),
  };
  const names = { prompt: prompt ?? 'question', answers: answer ?? 'answer' };
  const question = readQuestion(entry, 0, [], context, names);
  return question ? [question] : [];
}

/** Whether a cell is empty, as in a table where only some rows have a part. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** A cell that is a list of texts as CSV keeps them, written by JSON (`["Paris"]`) or Python (`['Paris']`), read; anything else as it is. */
function listCell(value: unknown): unknown {
  return typeof value === 'string' && LIST.test(value) ? (JSON.parse(jsonrepair(value)) as unknown) : value;
}

const QUOTED = `"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'`;
const LIST = new RegExp(`^\\s*\\[\\s*(?:${QUOTED})(?:\\s*,\\s*(?:${QUOTED}))*\\s*,?\\s*\\]\\s*$`, 's');
