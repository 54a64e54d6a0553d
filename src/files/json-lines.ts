/** Reading lines of JSON, with messages that name file, line and field. */
import type { z } from 'zod';
import { UserError, UserErrors, messageOf } from '../core/errors.js';
import { isObject } from '../core/json.js';

/** One line that was read: where it stood, and what it holds. */
export interface JsonLine<T> {
  readonly line: number;
  readonly value: T;
}

/** Problems told at once; more are counted. */
const MOST_PROBLEMS = 5;

/** Parses JSON lines, or one JSON array (its entries then count as lines); throws UserErrors naming line and field. */
export function parseJsonLines<T>(text: string, schema: z.ZodType<T>, file: string): JsonLine<T>[] {
  const problems: string[] = [];
  const read = entries(text, file).flatMap(({ line, value: parsed }) => {
    const checked = 'problem' in parsed ? parsed : check(parsed.value, schema);
    if ('problem' in checked) problems.push(`line ${line}: ${checked.problem}`);
    return 'problem' in checked ? [] : [{ line, value: checked.value }];
  });
  if (problems.length > 0) throw new UserErrors(`${file} cannot be read:`, shortened(problems));
  return read;
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

/** A value, or what was wrong with it. */
type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** Each line where the file is JSON lines, each entry where it is an array. */
function entries(text: string, file: string): JsonLine<Parsed<unknown>>[] {
  const content = text.replace(/^\ufeff/, '');
  if (content.trimStart().startsWith('['))
    return wholeArray(content, file).map((value, i) => ({ line: i + 1, value: { value } }));
  return content
    .split(/\r?\n/)
    .map((value, i) => ({ line: i + 1, value }))
    .filter(({ value }) => value.trim() !== '')
    .map(({ line, value }) => ({ line, value: parseLine(value) }));
}

function wholeArray(text: string, file: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch (error) {
    throw new UserError(`${file} is not valid JSON: ${messageOf(error)}`);
  }
  throw new UserError(`${file} is no JSON array: give an array of objects or one object a line`);
}

function parseLine(text: string): Parsed<unknown> {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `not valid JSON (${messageOf(error)})` };
  }
}

function check<T>(value: unknown, schema: z.ZodType<T>): Parsed<T> {
  if (!isObject(value)) return { problem: 'not a JSON object: give one object with named fields' };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => {
    const given = path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[String(key)] : undefined), value);
    return `field "${path.join('.')}" ${given === undefined ? 'is missing' : `is wrong: ${message}`}`;
  });
  return { problem: issues.join('; ') };
}

function shortened(problems: readonly string[]): string[] {
  const more = problems.length - MOST_PROBLEMS;
  return [...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
}
