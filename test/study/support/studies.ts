/** Small studies for tests, and a scratch folder that goes when the test file ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { StudyInput } from '../../../src/study/config.js';

/** A folder of this test file. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lightmem study ü '));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Two items trained, two asked, one level, one rank: the least that is a study. */
export function leastStudy(model: string, changes: Partial<StudyInput> = {}): StudyInput {
  return {
    name: 'least',
    model,
    datasets: { articles: { world: { kind: 'articles', seed: 1 }, items: 4, testItems: 2 } },
    grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2] }],
    train: { epochs: 4, maxSteps: 24, batchTokens: 64, checkpointEverySteps: 10, learningRate: 1e-2 },
    evaluate: { maxNewTokens: 4 },
    executor: { kind: 'inline' },
    ...changes,
  };
}
