/** Files of records whose names hold the hash of their content: written once when a study is planned, read by every run. */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { RunConflictError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { readJsonLines } from '../files/json-lines.js';

/** The records, and the SHA-256 of the file. Throws RunConflictError where the file is another than its name says, UserError naming a damaged line. */
export function readContentFile<T>(
  path: string,
  schema: z.ZodType<T>,
): { readonly records: T[]; readonly hash: string } {
  const hash = sha256(readFileSync(path));
  if (!path.includes(hash.slice(0, 12)))
    throw new RunConflictError(`${path} was changed since the study was planned: remove it and run the study again`);
  return { records: readJsonLines(path, schema), hash };
}
