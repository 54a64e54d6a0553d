/** Files that hold one JSON object. */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { UserError } from '../core/errors.js';
import { readError } from './disk-error.js';
import { parseRecord } from './json-record.js';

/**
 * Reads a JSON object and gives it back as the schema does. Throws UserError naming the file, what is wrong with which field, and
 * `fix`: what to do about it, e.g. `remove the run's folder and run again`.
 */
export function readJsonFile<T>(path: string, schema: z.ZodType<T>, fix: string): T {
  const parsed = parseRecord(readBytes(path), schema);
  if ('problem' in parsed) throw new UserError(`${path} cannot be used: ${parsed.problem}: ${fix}`);
  return parsed.value;
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw readError(path, error);
  }
}

/** A value as the text of a JSON file. */
export function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
