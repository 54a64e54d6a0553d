/** A ledger on disk: one line per request as it ends, so that what all runs spent is known, killed ones included. */
import { appendFileSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const line = z.object({
  date: z.string(),
  model: z.string(),
  /** `answered`, `refused` (by the server, at no cost) or `lost` (the answer never arrived; it may have been charged). */
  end: z.enum(['answered', 'refused', 'lost']),
  promptTokens: z.number(),
  completionTokens: z.number(),
  /** Null without a price. */
  cost: z.number().nullable(),
});

export type JournalLine = z.infer<typeof line>;

/** What the lines of a journal amount to. */
export interface JournalTotals {
  readonly requests: number;
  readonly lost: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of the requests that had a price. */
  readonly cost: number;
}

export class SpendJournal {
  constructor(readonly path: string) {}

  /** Adds a line; a short line appended at once is never torn by another process. */
  append(entry: JournalLine): void {
    appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
  }

  /** Sums all lines; one that was cut by a kill is passed over. */
  totals(): JournalTotals {
    const sum = { requests: 0, lost: 0, promptTokens: 0, completionTokens: 0, cost: 0 };
    for (const text of this.#lines()) {
      const entry = parsed(text);
      if (entry === undefined) continue;
      sum.requests++;
      if (entry.end === 'lost') sum.lost++;
      sum.promptTokens += entry.promptTokens;
      sum.completionTokens += entry.completionTokens;
      sum.cost += entry.cost ?? 0;
    }
    return sum;
  }

  #lines(): string[] {
    try {
      return readFileSync(this.path, 'utf8').split('\n');
    } catch {
      return [];
    }
  }
}

function parsed(text: string): JournalLine | undefined {
  if (text === '') return undefined;
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
