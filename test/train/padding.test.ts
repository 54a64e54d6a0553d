/** How much of what is computed in training is padding, on real articles at every level and at several sizes of micro-batch. */
import { beforeAll, describe, expect, it } from 'vitest';
import { STUDY_LEVELS, type Level } from '../../src/core/levels.js';
import { Random } from '../../src/core/random.js';
import type { Item } from '../../src/core/records.js';
import { loadAll } from '../../src/data/load.js';
import { PromptRenderer, type TokenSample } from '../../src/models/text/prompt.js';
import { trainingSamples } from '../../src/core/samples.js';
import { areaOf } from '../../src/train/batches.js';
import { planSteps } from '../../src/train/batch-plan.js';
import { qwen } from '../audit/support/qwen.js';
import { wikiUpdatePath } from '../models/support/dev-files.js';

const path = wikiUpdatePath();
const LEVELS: readonly (Level | 'none')[] = [...STUDY_LEVELS, 'none'];
const BATCH_TOKENS = [512, 1024, 2048, 4096];

/** Share of all computed tokens of two epochs that are padding. */
function share(samples: readonly TokenSample[], batchTokens: number): number {
  const batches = planSteps(samples, { epochs: 2, accumulation: 1, batchTokens, seed: 3 }).flatMap(
    (step) => step.batches,
  );
  const tokens = batches.flat().reduce((sum, row) => sum + row.ids.length, 0);
  const computed = batches.reduce((sum, batch) => sum + areaOf(batch), 0);
  return 1 - tokens / computed;
}

it('stays under 5 % where lengths differ as they may, and every sample is trained on once an epoch', () => {
  const random = new Random(9, 'lengths');
  const draw = (n: number): number[] => Array.from({ length: n }, () => random.below(1000));
  const samples = Array.from({ length: 60 }, (_, i) => {
    const prompt = draw(20 + random.below(880));
    return { id: `${i}/0`, item: String(i), prompt, answer: draw(4), contextTruncated: false };
  });
  for (const batchTokens of BATCH_TOKENS) expect(share(samples, batchTokens)).toBeLessThan(0.05);
  const steps = planSteps(samples, { epochs: 1, accumulation: 3, batchTokens: 4096, seed: 3 });
  const seen = steps.flatMap((step) => step.batches.flat().flatMap((row) => row.samples));
  expect(seen.sort()).toEqual(samples.map(({ id }) => id).sort());
});

describe.skipIf(path === undefined)('padding on WikiUpdate', () => {
  let items: readonly Item[];
  beforeAll(async () => {
    ({ items } = await loadAll(path ?? ''));
  });

  it.each(LEVELS)('stays under 5 % at level %s', { timeout: 120_000 }, (level) => {
    const samples = new PromptRenderer(qwen()).tokenize(trainingSamples(items, level), 1024);
    const shares = BATCH_TOKENS.map((size) => share(samples, size));
    console.info(
      `${level}: ${shares.map((each, i) => `${(100 * each).toFixed(2)} % of ${BATCH_TOKENS[i]}`).join(', ')}`,
    );
    for (const each of shares) expect(each).toBeLessThan(0.05);
    expect(items.length).toBe(150);
  });
});
