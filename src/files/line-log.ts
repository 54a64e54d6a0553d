/** A file of JSON lines that only grows while work goes on, so that it can be gone on with after a kill at any byte. */
import { appendFile, copyFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { parseJsonLines } from './json-lines.js';

/**
 * What such a file holds, and a way to add to it. A torn last line (a kill while writing) is cut off, with a copy of the file kept
 * beside it as `.bad`; a broken line in the middle is refused with its number. One process may write it at a time.
 */
export class LineLog<T> {
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly path: string,
    /** What it held on opening, oldest first. */
    readonly held: readonly T[],
    /** Whether a torn last line was cut off on opening. */
    readonly repaired: boolean,
  ) {}

  /** Opens a log, reading what it holds; a file that is absent is made with the first line. Throws UserErrors on broken lines. */
  static async open<T>(path: string, schema: z.ZodType<T>): Promise<LineLog<T>> {
    await mkdir(dirname(path), { recursive: true });
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) {
      await copyFile(path, `${path}.bad`);
      await truncate(path, whole);
    }
    const lines = parseJsonLines(bytes.subarray(0, whole).toString('utf8'), schema, path);
    return new LineLog(
      path,
      lines.map(({ value }) => value),
      whole < bytes.length,
    );
  }

  /** Adds a line; on return it is in the file. */
  async add(entry: T): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    this.#writing = this.#writing.then(() => appendFile(this.path, line));
    await this.#writing;
  }
}
