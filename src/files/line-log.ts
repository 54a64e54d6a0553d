/** Files of JSON lines that only grow while work goes on, so that it can be gone on with after a kill at any byte. */
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, copyFile, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { sha256 } from '../core/hash.js';
import { UserErrors } from '../core/errors.js';
import { writeError } from './disk-error.js';
import { fileChunks } from './file-range.js';
import { makeFolder } from './flush.js';
import { addToFile, cutFile } from './grown-file.js';
import { parsedLines, readJsonLines } from './json-lines.js';
import { sealed, sealedText } from './seal.js';

/** Adds a record to a file of JSON lines, which is made where absent; on return it is there. Throws UserError where the disk refuses. */
export function appendJsonLine(path: string, value: object): void {
  addToFile(path, lineOf(value));
}

/**
 * Cuts a file of JSON lines behind the last of its leading records that `keep` accepts, in one step, and gives those. A torn
 * last line goes with the rest; a file that is absent has none. Throws UserErrors naming the line of a broken record before the cut.
 */
export function trimLines<T>(path: string, schema: z.ZodType<T>, keep: (value: T) => boolean): T[] {
  if (!existsSync(path)) return [];
  const kept: T[] = [];
  let end = 0;
  for (const each of parsedLines(fileChunks(path), schema)) {
    if (!each.isEnded) break;
    if ('problem' in each) throw new UserErrors(`${path} cannot be read:`, [`line ${each.line}: ${each.problem}`]);
    if (!keep(each.value)) break;
    kept.push(each.value);
    end = each.end;
  }
  cutFile(path, end);
  return kept;
}

/** What such a file held at some time: it may have grown since. */
export interface LogLines {
  readonly bytes: number;
  /** SHA-256 of these bytes. */
  readonly sha256: string;
}

/** What a file of JSON lines holds; nothing where it is absent. */
export function linesOf(path: string): LogLines {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  return { bytes: bytes.length, sha256: sha256(bytes) };
}

/** Whether a file of JSON lines begins with what it held at some time. */
export function linesHold(path: string, { bytes, sha256: expected }: LogLines): boolean {
  const now = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  return now.length >= bytes && sha256(now.subarray(0, bytes)) === expected;
}

/**
 * What such a file holds, and a way to add to it. A torn last line (a kill while writing) is cut off, with a copy of the file kept
 * beside it as `.bad`; a broken line in the middle is refused with its number, as is one that was changed. One process may write it at
 * a time.
 */
export class LineLog<T extends object> {
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly path: string,
    /** What it held on opening, oldest first. */
    readonly held: readonly T[],
    /** Whether a torn last line was cut off on opening. */
    readonly repaired: boolean,
  ) {}

  /** Opens a log, reading what it holds; a file that is absent is made with the first line. Throws UserErrors on broken lines and on changed ones. */
  static async open<T extends object>(path: string, schema: z.ZodType<T>): Promise<LineLog<T>> {
    makeFolder(dirname(path));
    if (!existsSync(path)) return new LineLog<T>(path, [], false);
    const repaired = await cutTorn(path);
    return new LineLog(path, readJsonLines(path, sealed(schema)), repaired);
  }

  /** Adds a line; on return it is in the file. Throws UserError where the disk refuses. */
  async add(entry: T): Promise<void> {
    await this.addAll([entry]);
  }

  /** Adds lines by one write; on return they are in the file. Throws UserError where the disk refuses. */
  async addAll(entries: readonly T[]): Promise<void> {
    if (entries.length === 0) return;
    this.#writing = this.#writing.then(() =>
      appendFile(this.path, entries.map((entry) => `${sealedText(entry)}\n`).join('')),
    );
    await this.#writing.catch((error: unknown) => {
      throw writeError(this.path, error);
    });
  }
}

/** Cuts off what stands behind the last newline, keeping a copy of the file; whether there was anything. */
async function cutTorn(path: string): Promise<boolean> {
  const bytes = await readFile(path);
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole === bytes.length) return false;
  await copyFile(path, `${path}.bad`);
  cutFile(path, whole);
  return true;
}

const lineOf = (record: object): string => `${JSON.stringify(record)}\n`;
