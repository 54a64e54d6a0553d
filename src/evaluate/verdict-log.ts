/** Verdicts kept as JSON lines while they are given, so that judging goes on where it was cut off. */
import { z } from 'zod';
import { hashJson } from '../core/hash.js';
import type { Verdict } from '../core/records.js';
import type { Judge, JudgeInput } from './judges/contract.js';
import { LineLog } from '../files/line-log.js';

const entry = z.object({
  key: z.string(),
  status: z.enum(['scored', 'unscored']),
  score: z.number().min(1).max(5).nullable(),
  correct: z.boolean().nullable(),
  reason: z.string(),
});

type Entry = z.infer<typeof entry>;

/** What a verdict depends on: the judge's identity and all that it reads, as a SHA-256. */
export function verdictKey(judge: Judge, input: JudgeInput): string {
  return hashJson({ judge: judge.identity, input });
}

/** A log of verdicts by their keys. */
export class VerdictLog {
  readonly #verdicts: Map<string, Verdict>;

  private constructor(readonly log: LineLog<Entry>) {
    this.#verdicts = new Map(log.held.map((held) => [held.key, verdictOf(held)]));
  }

  /** Opens a log, reading what it holds; a file that is absent is made with the first verdict. Throws UserErrors on broken lines. */
  static async open(path: string): Promise<VerdictLog> {
    return new VerdictLog(await LineLog.open(path, entry));
  }

  /** Whether a torn last line was cut off on opening. */
  get repaired(): boolean {
    return this.log.repaired;
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
    await this.log.add({ key, status, ...marks, reason });
  }
}

function verdictOf({ status, score, correct, reason }: Entry): Verdict {
  return status === 'scored' && score !== null
    ? { status, score, correct: correct ?? false, reason }
    : { status: 'unscored', reason };
}
