import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { pack, packWithin, packedLength, sharedPrefix, type Packable } from '../../src/models/graph/packing.js';
import { areaOf, epochBatches, packItems, tokensOf } from '../../src/train/batches.js';
import { calibrationBatch, groupingOf, planSteps } from '../../src/train/batch-plan.js';

const sample = (id: string, prompt: number[], answer: number[]): Packable => ({ id, prompt, answer });

/** Articles of uneven length with six questions each, as token ids. */
function articles(count: number): (Packable & { item: string })[] {
  const random = new Random(3, 'articles');
  return Array.from({ length: count }, (_, i) => {
    const context = Array.from({ length: 60 + random.below(400) }, () => random.below(500));
    return Array.from({ length: 6 }, (__, q) => ({
      id: `${i}/${q}`,
      item: String(i),
      prompt: [...context, 600 + q, ...Array.from({ length: 5 + random.below(10) }, () => random.below(500))],
      answer: [q, 2],
    }));
  }).flat();
}

describe('what directions are found on', () => {
  const samples = articles(20).map((each) => ({ ...each, contextTruncated: false }));

  it('is of the items first by name, whatever order samples come in', () => {
    const batch = calibrationBatch(samples, { tokens: 512 });
    expect(tokensOf(batch)).toBeGreaterThanOrEqual(512);
    expect(tokensOf(batch)).toBeLessThan(1024);
    const items = [...new Set(batch.flatMap(({ samples: ids }) => ids.map((id) => id.split('/')[0])))];
    expect(items).toEqual(['0', '1', '10'].slice(0, items.length));
    expect(calibrationBatch(samples.slice(0, 12), { tokens: 256 })).toEqual(calibrationBatch(samples, { tokens: 256 }));
    const reversed = [...samples].sort((a, b) => Number(b.item) - Number(a.item));
    expect(calibrationBatch(reversed, { tokens: 512 })).toEqual(batch);
  });

  it('is all there is where that is less', () => {
    const few = samples.slice(0, 2);
    expect(calibrationBatch(few, { tokens: 5000 }).flatMap(({ samples: ids }) => ids)).toEqual(['0/0', '0/1']);
  });
});

describe('packing', () => {
  it('lays questions out behind the tokens they share', () => {
    const row = pack([sample('a', [1, 2, 3, 4], [7, 0]), sample('b', [1, 2, 5], [8, 9, 0])]);
    expect(row.ids).toEqual([1, 2, 3, 4, 7, 5, 8, 9]);
    expect(row.positions).toEqual([0, 1, 2, 3, 4, 2, 3, 4]);
    expect(row.branch).toEqual([0, 0, 1, 1, 1, 2, 2, 2]);
    expect(row.targets.map(({ at, tokens, sample }) => [at, ...tokens, sample])).toEqual([
      [3, 7, 0],
      [4, 0, 0],
      [5, 8, 1],
      [6, 9, 1],
      [7, 0, 1],
    ]);
  });

  it('leaves at least one token of every prompt to its own branch', () => {
    expect(sharedPrefix([[1, 2, 3]])).toBe(2);
    expect(
      sharedPrefix([
        [1, 2, 3],
        [1, 2, 3],
      ]),
    ).toBe(2);
    expect(
      sharedPrefix([
        [1, 2, 3, 4],
        [1, 2],
      ]),
    ).toBe(1);
    expect(sharedPrefix([[5], [6]])).toBe(0);
  });

  it('splits what is too long by questions and says its length before making it', () => {
    const samples = articles(1);
    const rows = packWithin(samples, 300 + 60);
    expect(rows.flatMap((row) => row.samples)).toEqual(samples.map((each) => each.id));
    expect(packedLength(samples)).toBe(pack(samples).ids.length);
  });
});

describe('batches', () => {
  it('hold every row once an epoch, under 5 % padding, differently each epoch and alike each time', () => {
    const rows = packItems(articles(200), 2048);
    const first = epochBatches(rows, 2048, 1, 0);
    const ids = (batches: typeof first): string[] => batches.flat().flatMap((row) => row.samples);
    expect([...ids(first)].sort()).toEqual(rows.flatMap((row) => row.samples).sort());
    expect(ids(first)).toEqual(ids(epochBatches(rows, 2048, 1, 0)));
    expect(ids(first)).not.toEqual(ids(epochBatches(rows, 2048, 1, 1)));
    const tokens = first.flat().reduce((total, row) => total + row.ids.length, 0);
    const padded = first.reduce((total, batch) => total + areaOf(batch), 0);
    expect(1 - tokens / padded).toBeLessThan(0.05);
    for (const batch of first)
      expect(batch.length * Math.max(...batch.map((row) => row.ids.length))).toBeLessThanOrEqual(2048);
  });

  it('keep articles whole and mix questions that share no context', () => {
    expect(groupingOf(articles(5))).toBe('items');
    const closed = articles(5).map((each) => ({ ...each, prompt: [1, 2, ...each.prompt.slice(-8)] }));
    expect(groupingOf(closed)).toBe('any');
    const steps = planSteps(closed, { epochs: 3, batchTokens: 200, accumulation: 2, seed: 1 });
    const perEpoch = [0, 1, 2].map((epoch) =>
      steps.filter((step) => step.epoch === epoch).flatMap((step) => step.batches.flat().flatMap((row) => row.samples)),
    );
    for (const seen of perEpoch) expect([...seen].sort()).toEqual(closed.map((each) => each.id).sort());
    expect(perEpoch[0]).not.toEqual(perEpoch[1]);
    expect(planSteps(closed, { epochs: 3, maxSteps: 2, batchTokens: 200, accumulation: 1, seed: 1 })).toHaveLength(2);
  });

  it('are of like length in a step where that is asked for, in an order of steps that is left to chance', () => {
    const samples = articles(300);
    const settings = { epochs: 2, batchTokens: 600, accumulation: 4, seed: 1 };
    const plain = planSteps(samples, settings);
    const grouped = planSteps(samples, { ...settings, groupByLength: true });
    const sizes = (steps: typeof plain) => steps.map(({ batches }) => batches.length);
    expect(sizes(grouped)).toEqual(sizes(plain));
    const idsIn = (steps: typeof plain, epoch: number): string[] =>
      steps
        .filter((step) => step.epoch === epoch)
        .flatMap(({ batches }) => batches.flat().flatMap((row) => row.samples));
    for (const epoch of [0, 1]) expect([...idsIn(grouped, epoch)].sort()).toEqual([...idsIn(plain, epoch)].sort());
    expect(idsIn(grouped, 0)).not.toEqual(idsIn(grouped, 1));
    const spread = (steps: typeof plain): number =>
      steps.reduce((sum, { batches }) => {
        const tokens = batches.map(tokensOf);
        return sum + Math.max(...tokens) - Math.min(...tokens);
      }, 0) / steps.length;
    expect(spread(grouped)).toBeLessThan(spread(plain) / 3);
    expect(grouped.filter(({ epoch }) => epoch === 0).length).toBeGreaterThan(48);
    const first = grouped.filter(({ epoch }) => epoch === 0).map(({ batches }) => tokensOf(batches[0] ?? []));
    expect(first).not.toEqual([...first].sort((x, y) => x - y));
  });

  it('hold rows of one form each, grouped as each form by itself would be', () => {
    const study = articles(6).map((each) => ({ ...each, form: 'study', prompt: [1, 2, 3, ...each.prompt.slice(-8)] }));
    const read = articles(3).map((each) => ({ ...each, id: `read ${each.id}`, form: 'read' }));
    const raw = articles(6).flatMap((each, i) =>
      i % 6 > 0 ? [] : [{ ...each, id: `raw ${each.id}`, form: 'raw', prompt: [1], answer: each.prompt.slice(0, 100) }],
    );
    const mixed = new Random(1, 'mix').shuffle([...study, ...read, ...raw]);
    const rows = planSteps(mixed, { epochs: 2, batchTokens: 700, accumulation: 1, seed: 1 }).flatMap(({ batches }) =>
      batches.flat(),
    );
    const formOf = new Map(mixed.map(({ id, form }) => [id, form]));
    const rowsOf = (form: string) => rows.filter(({ samples }) => formOf.get(samples[0] ?? '') === form);
    for (const { samples } of rows) expect(new Set(samples.map((id) => formOf.get(id))).size).toBe(1);
    expect(rows.flatMap(({ samples }) => samples).sort()).toEqual(mixed.flatMap(({ id }) => [id, id]).sort());
    const itemsOf = (samples: readonly string[]) => new Set(samples.map((id) => /(\d+)\//.exec(id)?.[1]));
    for (const { samples } of rowsOf('read')) expect(itemsOf(samples).size).toBe(1);
    expect(Math.max(...rowsOf('study').map(({ samples }) => itemsOf(samples).size))).toBeGreaterThan(1);
  });

  it('have the head of questions without a context once, as many behind it as a batch holds', () => {
    const closed = articles(40).map((each) => ({ ...each, prompt: [1, 2, 3, 4, 5, ...each.prompt.slice(-8)] }));
    const steps = planSteps(closed, { epochs: 1, batchTokens: 1024, accumulation: 1, seed: 1 });
    for (const step of steps) expect(step.batches.flat()).toHaveLength(1);
    const tokens = steps.flatMap((step) => step.batches.flat()).reduce((total, row) => total + row.ids.length, 0);
    expect(tokens).toBe(steps.length * 5 + closed.length * 9);
  });
});
