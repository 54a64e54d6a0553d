/** Binary files that are whole or absent: written piece by piece beside their place, flushed, renamed, the folder flushed. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError, messageOf } from '../core/errors.js';

/** Appends bytes to the file being written. */
export type Write = (bytes: Uint8Array) => void;

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space and run again',
  EDQUOT: 'the disk quota is used up: free some space and run again',
  EACCES: 'no permission: choose a folder you may write to',
  EPERM: 'no permission: choose a folder you may write to',
  EROFS: 'the disk is read-only: choose another folder',
  ENOENT: 'its folder does not exist: make it first',
};

/** Writes a file so that a kill at any instant leaves the old content or the new; throws UserError where the disk refuses. */
export function writeAtomically(path: string, fill: (write: Write) => void): void {
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFlushed(temporary, fill);
    renameSync(temporary, path);
    flushFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    const advice = ADVICE[(error as NodeJS.ErrnoException).code ?? ''];
    throw advice === undefined
      ? error
      : new UserError(`could not write ${path}: ${advice}`, { cause: messageOf(error) });
  }
}

function writeFlushed(path: string, fill: (write: Write) => void): void {
  const file = openSync(path, 'wx');
  try {
    fill((bytes) => writeAll(file, bytes));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** One call of write may take less than it was given, and never more than 2 GiB. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30));
  }
}

/** Makes a rename in the folder last; where folders cannot be opened (Windows) they cannot be flushed. */
export function flushFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(folder);
  } catch {
    return; // some file systems do not flush folders
  } finally {
    closeSync(folder);
  }
}
