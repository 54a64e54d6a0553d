/** Verdicts kept as JSON lines while they are given, so that judging goes on where it was cut off. */
import { appendFile, copyFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { hashJson } from '../core/hash.js';
import type { Verdict } from '../core/records.js';
import type { Judge, JudgeInput } from './judge.js';
import { parseJsonLines } from './jsonl.js';

const entry = z.object({
  key: z.string(),
  status: z.enum(['scored', 'unscored']),
  score: z.number().min(1).max(5).nullable(),
  correct: z.boolean().nullable(),
  reason: z.string(),
});

/** What a verdict depends on: the judge's identity and all that it reads, as a SHA-256. */
export function verdictKey(judge: Judge, input: JudgeInput): string {
  return hashJson({ judge: judge.identity, input });
}

/**
 * A file of verdicts that only grows. A torn last line (a kill while writing) is cut off, with a copy of the file kept beside it
 * as `.bad`; a broken line in the middle is refused with its number. One process may write it at a time.
 */
export class VerdictLog {
  readonly #verdicts = new Map<string, Verdict>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly path: string,
    /** Whether a torn last line was cut off on opening. */
    readonly repaired: boolean,
  ) {}

  /** Opens a log, reading what it holds; a file that is absent is made with the first verdict. Throws UserErrors on broken lines. */
  static async open(path: string): Promise<VerdictLog> {
    await mkdir(dirname(path), { recursive: true });
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) {
      await copyFile(path, `${path}.bad`);
      await truncate(path, whole);
    }
    const log = new VerdictLog(path, whole < bytes.length);
    const lines = parseJsonLines(bytes.subarray(0, whole).toString('utf8'), entry, path);
    for (const { value } of lines) log.#verdicts.set(value.key, verdictOf(value));
    return log;
  }

  /** The verdict kept under a key. An unscored one is not kept back: it is asked for again. */
  get(key: string): Verdict | undefined {
    const kept = this.#verdicts.get(key);
    return kept?.status === 'scored' ? kept : undefined;
  }

  /** Keeps a verdict; on return its line is in the file. */
  async add(key: string, verdict: Verdict): Promise<void> {
    this.#verdicts.set(key, verdict);
    const { status, reason } = verdict;
    const marks =
      status === 'scored' ? { score: verdict.score, correct: verdict.correct } : { score: null, correct: null };
    const line = `${JSON.stringify({ key, status, ...marks, reason })}\n`;
    this.#writing = this.#writing.then(() => appendFile(this.path, line));
    await this.#writing;
  }
}

function verdictOf({ status, score, correct, reason }: z.infer<typeof entry>): Verdict {
  return status === 'scored' && score !== null
    ? { status, score, correct: correct ?? false, reason }
    : { status: 'unscored', reason };
}
