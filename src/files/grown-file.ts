/** Files that grow at their end and are cut back to what is whole. */
import { appendFileSync, truncateSync } from 'node:fs';
import { writeError } from './disk-error.js';

/** Adds to a file, which is made where absent; on return it is there. Throws UserError where the disk refuses, when a part may be there. */
export function addToFile(path: string, content: string | Uint8Array): void {
  try {
    appendFileSync(path, content);
  } catch (error) {
    throw writeError(path, error);
  }
}

/** Cuts a file to its first bytes. Throws UserError where the disk refuses. */
export function cutFile(path: string, bytes: number): void {
  try {
    truncateSync(path, bytes);
  } catch (error) {
    throw writeError(path, error);
  }
}
