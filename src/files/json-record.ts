/** One JSON record checked where it is read: the value, or a sentence that names its field. */
import type { z } from 'zod';
import { messageOf } from '../core/errors.js';
import { isObject } from '../core/json.js';

/** A value, or what was wrong with it. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Uint8Array): Parsed<unknown> {
  try {
    return { value: JSON.parse(utf8.decode(bytes)) };
  } catch (error) {
    return { problem: `not valid JSON (${messageOf(error)})` };
  }
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

/** The JSON object that UTF-8 bytes hold, with or without a byte order mark, where a schema accepts it. */
export function parseRecord<T>(bytes: Uint8Array, schema: z.ZodType<T>): Parsed<T> {
  const parsed = parseJson(bytes);
  return 'problem' in parsed ? parsed : checkRecord(parsed.value, schema);
}
