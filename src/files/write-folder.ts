/** Folders that are whole or absent: filled under a name beside their place, then renamed. */
import { existsSync, renameSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { writeError } from './disk-error.js';
import { flushFolder, makeFolder } from './flush.js';
import { removeQuietly, scratchPath } from './scratch.js';

/**
 * Writes a folder that takes the place of the one that is there, if any: a kill at any instant leaves the old one, the new one, or
 * for an instant none, never a part of either. `fill` writes the files (with `writeWhole`, which flushes them) into the folder it is
 * given. Throws UserError with what to do where the disk refuses, and whatever `fill` throws; the old folder is then untouched.
 */
export function writeFolder(path: string, fill: (scratch: string) => void): void {
  const place = resolve(path);
  const scratch = scratchPath(place);
  try {
    makeFolder(scratch);
    fill(scratch);
    swap(scratch, place);
  } catch (error) {
    throw named(writeError(path, error), scratch, place);
  } finally {
    removeQuietly(scratch);
  }
}

/** A refusal that speaks of the place, not of what is written beside it. */
function named(error: unknown, scratch: string, place: string): unknown {
  if (!(error instanceof UserError) || !error.message.includes(scratch)) return error;
  return new UserError(error.message.replaceAll(scratch, place), { cause: error.cause });
}

/** A folder cannot be renamed onto one that holds files, and removing takes many steps: the old one is moved aside in one. */
function swap(scratch: string, place: string): void {
  const aside = existsSync(place) ? scratchPath(place) : undefined;
  if (aside !== undefined) renameSync(place, aside);
  renameSync(scratch, place);
  flushFolder(dirname(place));
  if (aside !== undefined) removeQuietly(aside);
}
