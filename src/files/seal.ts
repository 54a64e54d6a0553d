/** JSON records that carry a check of what they hold, so that a byte that a disk changed is seen though it is still JSON. */
import { z } from 'zod';
import { sha256 } from '../core/hash.js';
import { isObject } from '../core/json.js';

/** Digits of a hash in a record: one change in 2^48 is missed. */
const DIGITS = 12;

const checkOf = (text: string): string => sha256(text).slice(0, DIGITS);

/** A record as JSON of one line, its check behind its own fields; no field of it may be named `check`. */
export function sealedText(record: object): string {
  const text = JSON.stringify(record);
  const check = `"check":${JSON.stringify(checkOf(text))}}`;
  return text === '{}' ? `{${check}` : `${text.slice(0, -1)},${check}`;
}

/** The schema of a record that may carry such a check, which then must fit. */
export function sealed<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z
    .unknown()
    .transform((value, context) => {
      if (!isObject(value) || !('check' in value)) return value;
      const { check, ...record } = value;
      if (check !== checkOf(JSON.stringify(record)))
        context.addIssue({ code: 'custom', message: 'it was changed since it was written: remove it and run again' });
      return record;
    })
    .pipe(schema);
}
