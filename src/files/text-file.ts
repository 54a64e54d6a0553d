/** Text files of a study: whole or absent, on the disk before the call returns. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from './atomic-file.js';

/** Writes beside the place, flushes, renames, flushes the folder, which is made where absent; throws UserError where the disk refuses. */
export function writeDurably(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeAtomically(path, (write) => write(Buffer.from(text)));
}
