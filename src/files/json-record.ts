/** One JSON record checked where it is read: the value, or a sentence that names its field. */
import type { z } from 'zod';
import { messageOf } from '../core/errors.js';
import { isObject } from '../core/json.js';
import { JsonFault, readJson } from './json-reader.js';
import { plainNumbers, SourceNumber } from './source-number.js';

/** A value, or what was wrong with it. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Uint8Array, spelt: readonly string[]): Parsed<unknown> {
  try {
    const text = utf8.decode(bytes);
    return { value: spelt.length === 0 ? JSON.parse(text) : withSpelling(readJson(text), spelt) };
  } catch (error) {
    return { problem: `not valid JSON (${reasonOf(bytes) ?? messageOf(error)})` };
  }
}

/** A record whose numbers in some fields are the text that the file has for them (`1.50`), and plain numbers everywhere else. */
export function withSpelling(record: unknown, fields: readonly string[]): unknown {
  if (!isObject(record)) return plainNumbers(record);
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      fields.includes(name) ? spelling(value) : plainNumbers(value),
    ]),
  );
}

function spelling(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => (typeof each === 'number' ? String(each) : spelling(each)));
  return value instanceof SourceNumber ? value.source : plainNumbers(value);
}

/** What is wrong with bytes as JSON, in words that say what to do; undefined where they are no text. */
function reasonOf(bytes: Uint8Array): string | undefined {
  try {
    readJson(utf8.decode(bytes));
  } catch (error) {
    if (error instanceof JsonFault) return `${error.what}: ${error.fix}`;
  }
  return undefined;
}

/** A JSON object that a schema accepts, as the schema gives it back. */
export function checkRecord<T>(value: unknown, schema: z.ZodType<T>): Parsed<T> {
  if (!isObject(value)) return { problem: 'not a JSON object: give one object with named fields' };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => {
    const given = path.reduce<unknown>(inner, value);
    if (path.length === 0) return message;
    return `field "${path.join('.')}" ${given === undefined ? 'is missing' : `is wrong: ${message}`}`;
  });
  return { problem: issues.join('; ') };
}

function inner(value: unknown, key: PropertyKey): unknown {
  if (Array.isArray(value)) return (value as unknown[])[Number(key)];
  return isObject(value) ? value[String(key)] : undefined;
}

/** The JSON object that UTF-8 bytes hold, with or without a byte order mark, where a schema accepts it; numbers in the fields `spelt` are text. */
export function parseRecord<T>(bytes: Uint8Array, schema: z.ZodType<T>, spelt: readonly string[] = []): Parsed<T> {
  const parsed = parseJson(bytes, spelt);
  return 'problem' in parsed ? parsed : checkRecord(parsed.value, schema);
}
