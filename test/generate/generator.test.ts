/** Generation: whatever is computed together, in whatever portions, every prompt is answered as it is alone. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { Generator, type GeneratorOptions, type Prompt } from '../../src/generate/generator.js';
import { bytesPerToken } from '../../src/generate/key-value-cache.js';
import { placeInRows } from '../../src/generate/answer-batch.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';
import { noTokenizer } from '../models/support/plain-tokenizer.js';

const FOLDER = new URL('../golden/decoder/qwen2', import.meta.url).pathname;
const config = readModelConfig(FOLDER);
const weights = openSafetensors(`${FOLDER}/model.safetensors`);
const tokenizer = noTokenizer;

const random = new Random(7, 'prompts');
const tokens = (count: number): number[] => Array.from({ length: count }, () => random.below(config.vocabSize));
const head = tokens(5);
const texts = [12, 30, 9].map(tokens);
/** Three groups that share a text each, questions of unequal length, and four prompts that share the head alone. */
const PROMPTS: readonly Prompt[] = [
  ...texts.flatMap((text, group) =>
    [3, 1, 7, 2].map((length, i) => ({
      id: `${group}/${i}`,
      group: String(group),
      tokens: [...head, ...text, ...tokens(length)],
    })),
  ),
  ...[4, 1, 9, 2].map((length, i) => ({ id: `loose/${i}`, group: `own/${i}`, tokens: [...head, ...tokens(length)] })),
];

async function answers(prompts: readonly Prompt[], given: Partial<GeneratorOptions> = {}, temperature = 0) {
  const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
  const values = ({ name }: { name: string }): Float32Array => weights.read(name);
  const generator = await Generator.create({
    ...{ engine, config: { ...config, eosTokenIds: [3, 5, 8] }, tokenizer, training: { kind: 'none' }, values },
    ...given,
  });
  const settings = { maxNewTokens: 24, temperature, seed: 1, stop: [] };
  const told: string[] = [];
  const made = await generator.generate(prompts, settings, (done, fresh) => {
    told.push(...fresh.map(({ generation }) => generation.id));
    expect(done).toBe(told.length);
  });
  await generator.dispose();
  expect(told.sort()).toEqual(prompts.map(({ id }) => id).sort());
  return made.map(({ id, tokens: said, finish }) => ({ id, said, finish }));
}

const WAYS: readonly (readonly [says: string, options: Partial<GeneratorOptions>])[] = [
  ['all at once', {}],
  ['few prompt tokens at once', { batchTokens: 24 }],
  ['rows in chunks', { chunkTokens: 4 }],
  ['a cache that holds one row', { cacheBytes: 1 }],
  ['a cache that holds a few rows', { cacheBytes: 300 * bytesPerToken(config) }],
];

describe('answers made together', () => {
  it('differ in length and end, so that rows finish at different steps', async () => {
    const made = await answers(PROMPTS);
    expect(new Set(made.map(({ said }) => said.length)).size).toBeGreaterThan(3);
    expect(new Set(made.map(({ finish }) => finish))).toEqual(new Set(['stop', 'length']));
  });

  it.each(WAYS)(
    'are those of each prompt alone: %s',
    async (_, options) => {
      const alone = [];
      for (const prompt of PROMPTS) alone.push(...(await answers([prompt])));
      expect(await answers(PROMPTS, options)).toEqual(alone);
    },
    60_000,
  );

  it('are drawn from a stream of their own at a temperature', async () => {
    const together = await answers(PROMPTS, {}, 1);
    expect(await answers([...PROMPTS].reverse(), { batchTokens: 24 }, 1)).toEqual([...together].reverse());
  });
});

describe('rows', () => {
  const placeable = PROMPTS.map(({ group, tokens: all }, index) => ({ index, group, tokens: all }));

  it('hold the common beginning once, then each group its own', () => {
    const { head: shared, rows } = placeInRows(placeable, 2048);
    expect(shared).toEqual(head);
    expect(rows.map(({ prompt, branches }) => [prompt.length, branches.length])).toEqual([
      [4 + 1 + 9 + 2, 4],
      [9 + 13, 4],
      [12 + 13, 4],
      [30 + 13, 4],
    ]);
  });

  it('place every token of every prompt once, whatever their limit', () => {
    for (const limit of [8, 20, 40, 2048]) {
      const { head: shared, rows } = placeInRows(placeable, limit);
      const rebuilt = rows.flatMap(({ prompt, branches }) =>
        branches.map(({ index, number }) => {
          const seen = prompt.filter(({ branch }) => branch === 0 || branch === number);
          expect(seen.map(({ position }) => position)).toEqual(seen.map((__, i) => shared.length + i));
          return { index, tokens: [...shared, ...seen.map(({ id }) => id)] };
        }),
      );
      const sorted = rebuilt.sort((a, b) => a.index - b.index);
      expect(sorted).toEqual(placeable.map(({ index, tokens: all }) => ({ index, tokens: all })));
    }
  });
});
