/** Plain records (JSONL, JSON, CSV, Parquet): columns for id, text, question and answers, found by usual names or named by a mapping. */
import type { Level } from '../../core/levels.js';
import { isFamiliarLevel } from '../../core/levels.js';
import type { Item, Question } from '../../core/records.js';
import { check, idText } from '../schema.js';
import { noteIgnored, readTexts, type ColumnMapping, type ReadContext, type RecordFormat } from './format.js';
import { readQuestion, readQuestions } from './items.js';

/** Usual names of each part, the first present one is taken. */
const USUAL = {
  id: ['id', '_id', 'item', 'doc_id', 'document_id', 'original_id'],
  text: ['text', 'original', 'document', 'context', 'article', 'passage', 'content', 'body'],
  question: ['question', 'prompt', 'query'],
  answer: ['answers', 'answer', 'target', 'reference', 'label'],
  type: ['type', 'question_type', 'category'],
  date: ['date', 'question_date'],
} as const satisfies Record<Exclude<keyof ColumnMapping, 'levels'>, readonly string[]>;

type Part = keyof typeof USUAL;
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
function columnOf(record: Fields, part: Part, columns: ColumnMapping): string | undefined {
  return columns[part] ?? USUAL[part].find((name) => Object.hasOwn(record, name));
}

function usedColumns(record: Fields, columns: ColumnMapping): string[] {
  return (Object.keys(USUAL) as Part[]).flatMap((part) => columnOf(record, part, columns) ?? []);
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

/** Questions of the record's `questions` array, or the one of its question and answer columns, or none. */
function readRowQuestions(record: Fields, context: ReadContext): Question[] {
  if (Array.isArray(record['questions'])) return readQuestions(record['questions'], ['questions'], context);
  const column = (part: Part) => columnOf(record, part, context.columns);
  const [prompt, answer, type, date] = [column('question'), column('answer'), column('type'), column('date')];
  if (prompt === undefined && answer === undefined) return [];
  const entry = {
    prompt: prompt === undefined ? undefined : record[prompt],
    answers: answer === undefined ? undefined : answerCell(record[answer]),
    ...(type !== undefined && record[type] !== '' && { type: record[type] }),
    ...(date !== undefined && record[date] !== '' && { date: record[date] }),
  };
  const names = { prompt: prompt ?? 'question', answers: answer ?? 'answer' };
  const question = readQuestion(entry, 0, [], context, names);
  return question ? [question] : [];
}

/** A cell that is a JSON array of answers, as CSV keeps them, parsed; anything else as it is. */
function answerCell(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*\[\s*"/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
