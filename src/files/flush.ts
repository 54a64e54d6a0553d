/** Making what was written last through a power loss: files, and the folders that hold their names. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf, writeError } from './disk-error.js';

/** What systems say of folders that cannot be flushed. */
const UNFLUSHABLE: ReadonlySet<string> = new Set(['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP', 'EBADF']);

/** Makes the names in a folder last; a system that cannot open or flush folders (Windows) is let be, a disk error is thrown. */
export function flushFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(folder);
  } catch (error) {
    if (!UNFLUSHABLE.has(codeOf(error) ?? '')) throw error;
  } finally {
    closeSync(folder);
  }
}

/** Makes a folder and those above it where they are absent, so that their names last. Throws UserError where the disk refuses. */
export function makeFolder(path: string): void {
  const first = madeFolders(path);
  if (first === undefined) return;
  const top = dirname(first);
  for (let made = dirname(path); ; made = dirname(made)) {
    flushFolder(made);
    if (made === top || made === dirname(made)) return;
  }
}

/** The topmost folder that had to be made. Node says ENOENT of a read-only disk here; the refusal itself comes from making one folder. */
function madeFolders(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    throw writeError(path, codeOf(error) === 'ENOENT' ? refusalOf(resolve(path), error) : error);
  }
}

function refusalOf(path: string, error: unknown): unknown {
  let absent = path;
  while (dirname(absent) !== absent && !existsSync(dirname(absent))) absent = dirname(absent);
  try {
    mkdirSync(absent);
    return error;
  } catch (refusal) {
    return refusal;
  }
}

/** Flushes written files and their folders in the background, one after the other, so that a slow disk never holds up the work. */
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
