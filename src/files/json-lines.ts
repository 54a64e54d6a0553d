/** JSON lines read with messages that name file, line and field, and written. */
import type { z } from 'zod';
import { UserError, UserErrors } from '../core/errors.js';
import { fileChunks } from './file-range.js';
import { JsonFault, readJson } from './json-reader.js';
import { checkRecord, parseRecord, withSpelling, type Parsed } from './json-record.js';
import { isBlank, LineSplitter, withoutMark, type Line } from './lines.js';

/** One line that was read: where it stood, and what it holds. */
export interface JsonLine<T> {
  readonly line: number;
  readonly value: T;
}

export interface TextOptions {
  /** Fields whose numbers are the text that the file has for them, e.g. `1.50`; default none. */
  readonly spelt?: readonly string[];
}

export interface JsonLinesOptions {
  /** Pass over a last line that no newline ends and that is no record, as a kill while writing leaves it; default false. */
  readonly toleratesTorn?: boolean;
}

/** Problems told at once; more are counted. */
const MOST_PROBLEMS = 5;

/** All records of a file. Throws UserError where it cannot be opened and UserErrors naming line and field of the first broken ones. */
export function readJsonLines<T>(path: string, schema: z.ZodType<T>, options: JsonLinesOptions = {}): T[] {
  const lines = [...parsedLines(fileChunks(path), schema)];
  const last = lines.at(-1);
  if (options.toleratesTorn === true && last?.isEnded === false && 'problem' in last) lines.pop();
  return valuesOf(lines, path).map(({ value }) => value);
}

/** Parses JSON lines, or one JSON array (its entries then count as lines); throws UserErrors naming line and field. */
export function parseJsonLines<T>(
  text: string,
  schema: z.ZodType<T>,
  file: string,
  { spelt = [] }: TextOptions = {},
): JsonLine<T>[] {
  const isArray = /^\ufeff?\s*\[/.test(text);
  if (isArray) return valuesOf(parsedEntries(text, schema, file, spelt), file);
  return valuesOf([...parsedLines([Buffer.from(text)], schema, spelt)], file);
}

/** Records as JSON lines, each with its newline. */
export function* jsonLines(values: Iterable<object>): Generator<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`;
}

/** Throws UserErrors where an id occurs twice, naming both lines. */
export function refuseDuplicates<T>(rows: readonly JsonLine<T>[], id: (value: T) => string, file: string): void {
  const seen = new Map<string, number>();
  const problems = rows.flatMap(({ line, value }) => {
    const first = seen.get(id(value));
    if (first === undefined) seen.set(id(value), line);
    return first === undefined
      ? []
      : [`line ${line}: id "${id(value)}" already stands on line ${first}: make ids unique`];
  });
  if (problems.length > 0) throw new UserErrors(`${file} holds ids twice:`, shortened(problems));
}

/** A line of a stream, as a record. */
export type ParsedLine<T> = Parsed<T> & Pick<Line, 'line' | 'end' | 'isEnded'>;

/** The lines of a stream that are not blank, one in memory at a time, each as a record or with what is wrong with it. */
export function* parsedLines<T>(
  chunks: Iterable<Buffer>,
  schema: z.ZodType<T>,
  spelt: readonly string[] = [],
): Generator<ParsedLine<T>> {
  const splitter = new LineSplitter();
  for (const chunk of chunks) for (const line of splitter.push(chunk)) yield* parsedLine(line, schema, spelt);
  for (const line of splitter.rest()) yield* parsedLine(line, schema, spelt);
}

function* parsedLine<T>(
  { line, bytes, end, isEnded }: Line,
  schema: z.ZodType<T>,
  spelt: readonly string[],
): Generator<ParsedLine<T>> {
  const text = line === 1 && bytes !== undefined ? withoutMark(bytes) : bytes;
  if (text === undefined || isBlank(text)) return;
  yield { line, end, isEnded, ...parseRecord(text, schema, spelt) };
}

/** The entries of an array, the first being line 1. */
function parsedEntries<T>(
  text: string,
  schema: z.ZodType<T>,
  file: string,
  spelt: readonly string[],
): NumberedRecord<T>[] {
  return wholeArray(text.replace(/^\ufeff/, ''), file).map((entry, i) => ({
    line: i + 1,
    ...checkRecord(withSpelling(entry, spelt), schema),
  }));
}

function wholeArray(text: string, file: string): unknown[] {
  try {
    const value = readJson(text);
    if (Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const line = text.slice(0, error.offset).split('\n').length;
    throw new UserError(`${file}:${line}: is not valid JSON: ${error.what}: ${error.fix}`);
  }
  throw new UserError(`${file} is no JSON array: give an array of objects or one object a line`);
}

type NumberedRecord<T> = Parsed<T> & { readonly line: number };

function valuesOf<T>(records: readonly NumberedRecord<T>[], file: string): JsonLine<T>[] {
  const problems = records.flatMap((each) => ('problem' in each ? [`line ${each.line}: ${each.problem}`] : []));
  if (problems.length > 0) throw unreadable(file, problems);
  return records.flatMap((each) => ('value' in each ? [{ line: each.line, value: each.value }] : []));
}

function unreadable(file: string, problems: readonly string[]): UserErrors {
  return new UserErrors(`${file} cannot be read:`, shortened(problems));
}

function shortened(problems: readonly string[]): string[] {
  const more = problems.length - MOST_PROBLEMS;
  return [...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
}
