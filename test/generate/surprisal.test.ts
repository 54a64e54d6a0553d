import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { SurprisalScorer } from '../../src/generate/surprisal.js';
import { bundledModelPath, loadModel } from '../../src/models/load.js';
import { FAMILIES } from '../../src/models/families/families.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import type { LoadedModel } from '../../src/models/model.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';

const GOLDEN = new URL('../golden/decoder/', import.meta.url).pathname;
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });

/** −ln softmax(logits)[token]. */
function surprise(logits: readonly number[], token: number): number {
  const most = Math.max(...logits);
  return Math.log(logits.reduce((sum, each) => sum + Math.exp(each - most), 0)) + most - (logits[token] ?? NaN);
}

describe.each(Object.keys(FAMILIES))('a tiny random %s', (family) => {
  const golden = JSON.parse(readFileSync(`${GOLDEN}${family}.json`, 'utf8')) as {
    probe: number[][];
    base_logits: number[][];
  };

  it('is surprised by each token as the logits of transformers say', async () => {
    let compared = 0;
    for (const [index, probe] of golden.probe.entries()) {
      const [start = 0, ...rest] = probe;
      const config = { ...readModelConfig(`${GOLDEN}${family}`), bosTokenId: start };
      const weights = openSafetensors(`${GOLDEN}${family}/model.safetensors`);
      const scorer = new SurprisalScorer({ config, weights } as unknown as LoadedModel, engine);
      for (const token of [0, 7, 41]) {
        const [row] = await scorer.surprisal([[...rest, token]]);
        expect(row?.length).toBe(probe.length);
        expect(row?.at(-1)).toBeCloseTo(surprise(golden.base_logits[index] ?? [], token), 3);
        compared++;
      }
      await scorer.dispose();
    }
    console.log(`${family}: ${compared} surprisals compared`);
    expect(compared).toBe(3 * golden.probe.length);
  });
});

describe('the bundled model', () => {
  const model = loadModel(bundledModelPath());

  it('is surprised less by its own language than by the same words in disorder', async () => {
    const scorer = new SurprisalScorer(model, engine);
    const mean = async (text: string): Promise<number> => {
      const [row = []] = await scorer.surprisal([model.tokenizer.encode(text)]);
      return row.reduce((sum, each) => sum + each, 0) / row.length;
    };
    const words = 'She lives in a small house near the old harbour and works as a teacher.';
    expect(await mean(words)).toBeLessThan(await mean(words.split(' ').reverse().join(' ')));
    await scorer.dispose();
  });

  it('takes empty sequences, and refuses ones that are too long', async () => {
    const scorer = new SurprisalScorer(model, engine);
    expect(await scorer.surprisal([[], [5]])).toEqual([[], [expect.any(Number)]]);
    await expect(scorer.surprisal([new Array<number>(scorer.maxTokens + 1).fill(5)])).rejects.toThrow(/too many/);
    await scorer.dispose();
  });
});
