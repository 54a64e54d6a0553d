/** Small files that are whole or absent: written beside their place and renamed at once, flushed to the disk in the background. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError, messageOf } from '../core/errors.js';

/**
 * Writes a file so that a kill at any instant leaves the old content or the new, never a part; makes its folder. It is
 * synchronous, so that no answer is in memory alone once the call returns; small writes go to the system's cache and take
 * some 0.1 ms. Surviving a power loss takes a `Flusher` too, and readers that check what they read.
 */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeNew(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw explained(error, path, text);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The error on the way here says more than that its leftover cannot be removed.
  }
}

function writeNew(path: string, text: string): void {
  const file = openNew(path);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  } finally {
    closeSync(file);
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'wx');
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space and run again',
  EDQUOT: 'the disk quota is used up: free some space and run again',
  EACCES: 'no permission: choose a folder you may write to',
  EPERM: 'no permission: choose a folder you may write to',
  EROFS: 'the disk is read-only: choose another folder',
  EMFILE: 'too many open files: raise `ulimit -n` or lower the concurrency',
  ENOTDIR: 'a part of the path is a file: choose another folder',
  EEXIST: 'a part of the path is a file: choose another folder',
  EISDIR: 'it is a folder: name a file',
};

function explained(error: unknown, path: string, text: string): unknown {
  const advice = ADVICE[codeOf(error) ?? ''];
  if (advice === undefined) return error;
  const bytes = Buffer.byteLength(text);
  return new UserError(`could not write ${path} (${bytes} bytes): ${advice}; what was finished is kept`, {
    cause: messageOf(error),
  });
}

/** The system's code of an error (`ENOENT` …), where it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** What systems say of folders that cannot be flushed. */
const UNFLUSHABLE: ReadonlySet<string> = new Set(['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP', 'EBADF']);

/** Flushes written files and their folders one after the other, so that a slow disk never holds up the work. */
export class Flusher {
  readonly #files = new Set<string>();
  #running: Promise<void> | undefined;
  #error: Error | undefined;

  /** Has a file flushed soon. */
  add(path: string): void {
    this.#files.add(path);
    this.#running ??= this.#run();
  }

  /** Waits until every file added so far is on the disk; throws what a disk said against it. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
  }

  async #run(): Promise<void> {
    while (this.#files.size > 0) {
      const batch = [...this.#files];
      this.#files.clear();
      await this.#flushAll(batch).catch((error: unknown) => {
        this.#error ??= error instanceof Error ? error : new Error(String(error));
      });
    }
    this.#running = undefined;
  }

  async #flushAll(paths: readonly string[]): Promise<void> {
    for (const path of paths) await flush(path);
    for (const folder of new Set(paths.map((path) => dirname(path)))) await flush(folder);
  }
}

/** A file or folder that is gone, or a folder on a system that does not flush folders, is passed over; a disk error is not. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch (error) {
    if (!UNFLUSHABLE.has(codeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
