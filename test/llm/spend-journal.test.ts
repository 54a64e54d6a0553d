import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Spend, type SentRequest } from '../../src/llm/spend/spend.js';
import { SpendJournal } from '../../src/llm/spend/spend-journal.js';

test('a journal sums what all runs spent, and passes over a line cut by a kill', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lightmem-journal-'));
  const path = join(folder, 'spend.jsonl');
  try {
    expect(new SpendJournal(path).totals()).toMatchObject({ requests: 0 });
    for (let run = 0; run < 2; run++) {
      const journal = new SpendJournal(path);
      const note = (sent: SentRequest): void => journal.append({ date: '2025-01-01T00:00:00Z', model: 'm', ...sent });
      const spend = new Spend({ inputPerMillion: 1000, outputPerMillion: 1000 }, {}, note);
      for (const end of [
        { kind: 'answered', again: false, usage: { promptTokens: 10, completionTokens: 5 }, estimated: false },
        { kind: 'refused', again: false },
        { kind: 'lost', again: true, promptTokens: 7 },
        { kind: 'unsent' },
      ] as const) {
        const reserved = await spend.reserve([{ role: 'user', content: 'x' }], 10);
        if (reserved === null) throw new Error('no limit was set');
        spend.settle(reserved, end);
      }
    }
    await appendFile(path, '{"date":"2025-01-01T00:00:00Z","mod');
    expect(new SpendJournal(path).totals()).toEqual({
      requests: 6,
      lost: 2,
      promptTokens: 20,
      completionTokens: 10,
      cost: 0.03,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
