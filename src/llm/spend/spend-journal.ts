/** A ledger on disk: one line per request as it ends, so that what all runs spent is known, killed ones included. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { fileChunks } from '../../files/file-range.js';
import { makeFolder } from '../../files/flush.js';
import { parsedLines } from '../../files/json-lines.js';
import { appendJsonLine } from '../../files/line-log.js';

const line = z.object({
  date: z.string(),
  model: z.string(),
  /** `answered`, `refused` (by the server, at no cost) or `lost` (the answer never arrived; it may have been charged). */
  end: z.enum(['answered', 'refused', 'lost']),
  promptTokens: z.number(),
  completionTokens: z.number(),
  /** Null without a price. */
  cost: z.number().nullable(),
  /** What was made with it, e.g. the output's name; absent from older lines. */
  output: z.string().optional(),
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
  /** `output` is what lines are written for and summed by; without it, for nothing named, and all are summed. */
  constructor(
    readonly path: string,
    readonly output?: string,
  ) {}

  /** Adds a line, and the folder that it lies in where there is none; a short line appended at once is never torn by another process. Throws UserError where the disk refuses. */
  append(entry: JournalLine): void {
    makeFolder(dirname(this.path));
    appendJsonLine(this.path, { ...entry, output: this.output });
  }

  /** Sums the output's lines, and those that name none; one that was cut by a kill is passed over. */
  totals(): JournalTotals {
    const sum = { requests: 0, lost: 0, promptTokens: 0, completionTokens: 0, cost: 0 };
    if (!existsSync(this.path)) return sum;
    for (const entry of parsedLines(fileChunks(this.path), line)) {
      if ('problem' in entry) continue;
      const { end, promptTokens, completionTokens, cost, output } = entry.value;
      if (this.output !== undefined && output !== undefined && output !== this.output) continue;
      sum.requests++;
      if (end === 'lost') sum.lost++;
      sum.promptTokens += promptTokens;
      sum.completionTokens += completionTokens;
      sum.cost += cost ?? 0;
    }
    return sum;
  }
}
