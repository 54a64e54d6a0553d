/** Files that are whole or absent: written beside their place, flushed, renamed, the folder flushed. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { codeOf, writeError } from './disk-error.js';
import { flushFolder, makeFolder } from './flush.js';
import { removeQuietly, scratchPath } from './scratch.js';

/** What a file holds: text (as UTF-8), bytes, or pieces of either, taken one at a time. */
export type Content = string | Uint8Array | Iterable<string | Uint8Array>;

export interface WriteWholeOptions {
  /**
   * Wait until the disk has it (default), so that it lasts through a power loss. Without, a kill still leaves the file whole or
   * absent and a call takes some 0.1 ms; a power loss may take or damage it: for what is checked on reading and can be made again.
   */
  readonly flush?: boolean;
}

/**
 * Writes a file so that a kill at any instant leaves the old content or the new, never a part; makes its folder where it is absent.
 * Throws UserError with what to do where the disk refuses (full, read-only, no permission …), and whatever the pieces throw.
 */
export function writeWhole(path: string, content: Content, { flush = true }: WriteWholeOptions = {}): void {
  const place = resolve(path);
  const scratch = scratchPath(place);
  try {
    writeNew(scratch, content, flush);
    renameSync(scratch, place);
    if (flush) flushFolder(dirname(place));
  } catch (error) {
    removeQuietly(scratch);
    throw writeError(path, error);
  }
}

function writeNew(path: string, content: Content, flush: boolean): void {
  const file = openNew(path, flush);
  try {
    for (const piece of piecesOf(content)) writeAll(file, typeof piece === 'string' ? Buffer.from(piece) : piece);
    if (flush) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Most files find their folder there, so it is made only where that fails. */
function openNew(path: string, flush: boolean): number {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    if (flush) makeFolder(dirname(path));
    else mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'wx');
  }
}

function piecesOf(content: Content): Iterable<string | Uint8Array> {
  return typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
}

/** One call of write may take less than it was given, and never more than 2 GiB. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30));
  }
}
