import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { Generator } from '../../src/generate/generator.js';
import { readAdapter } from '../../src/models/adapter/adapter.js';
import { FAMILIES, type FamilyName } from '../../src/models/families/families.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import type { ModelConfig } from '../../src/models/model.js';
import { noTokenizer } from './support/plain-tokenizer.js';
import { pack } from '../../src/models/graph/packing.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';
import { globalNorm } from '../../src/train/optimiser.js';
import { Trainer } from '../../src/train/trainer.js';

interface Golden {
  batches: { prompt: number[]; answer: number[] }[][];
  probe: number[][];
  base_logits: number[][];
  greedy: number[][];
  losses: number[];
  adapter_norm: number;
  adapted_logits: number[][];
  /** Of a family that sees through a window: a text as long as it, and the logits behind it. */
  window?: { ids: number[]; logits: number[] };
}

const GOLDEN = new URL('../golden/decoder/', import.meta.url).pathname;
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES };

function load(family: string, change: Partial<ModelConfig> = {}) {
  const golden = JSON.parse(readFileSync(`${GOLDEN}${family}.json`, 'utf8')) as Golden;
  const weights = openSafetensors(`${GOLDEN}${family}/model.safetensors`);
  const config = { ...readModelConfig(`${GOLDEN}${family}`), ...change };
  const read = (name: string): Float32Array => weights.read(name);
  const generatorOf = () =>
    Generator.create({
      engine,
      config,
      tokenizer: noTokenizer,
      training: { kind: 'none' },
      values: ({ name }) => read(name),
    });
  return { golden, config, read, generatorOf };
}

describe.each(Object.keys(FAMILIES))('a tiny random %s', (family) => {
  const { golden, config, read, generatorOf } = load(family);

  it('continues prompts as transformers does, all of them in one packed row', async () => {
    const generator = await generatorOf();
    const prompts = golden.probe.map((tokens, i) => ({ id: String(i), group: 'one', tokens }));
    const answers = await generator.generate(prompts, { maxNewTokens: 12, temperature: 0, seed: 0, stop: [] });
    await generator.dispose();
    expect(answers.map((answer) => answer.tokens)).toEqual(golden.greedy);
  });

  it.each(['everything', 'layer-inputs'] as const)(
    'follows PEFT step by step, keeping %s for the way back',
    async (keep) => {
      const { tensors } = readAdapter(`${GOLDEN}${family}/adapter`, config, { allowUntrained: true });
      const trainer = await Trainer.create({
        engine,
        config,
        training: { kind: 'lora', lora },
        optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01 },
        positions: 64,
        keep,
        initial: ({ name, module, role }) => {
          const pair = tensors[module];
          if (pair && role === 'lora_A') return pair.a;
          return pair && role === 'lora_B' ? pair.b : read(name);
        },
      });
      const losses: number[] = [];
      for (let step = 0; step < golden.losses.length; step++) {
        const batch = golden.batches[step % golden.batches.length] ?? [];
        const row = pack(batch.map((sample, i) => ({ id: String(i), ...sample })));
        losses.push((await trainer.step([[row]], 1e-2, 0)).loss);
      }
      await trainer.dispose();
      losses.forEach((loss, i) => {
        expect(Math.abs(loss - (golden.losses[i] ?? 0)) / (golden.losses[i] ?? 1)).toBeLessThan(1e-4);
      });
      expect(globalNorm(trainer.trained.values()) / golden.adapter_norm).toBeCloseTo(1, 4);
    },
  );
});

describe.each(Object.keys(FAMILIES).filter((name) => 'sliding_window' in FAMILIES[name as FamilyName].settings))(
  'a tiny %s',
  (family) => {
    it('computes texts as long as its window, which are its longest', async () => {
      const { golden, config, generatorOf } = load(family);
      const { ids, logits } = golden.window ?? { ids: [], logits: [] };
      expect(config.maxPositions).toBe(ids.length);
      const generator = await generatorOf();
      const found = await generator.nextLogits(ids);
      await generator.dispose();
      expect(found.length).toBe(logits.length);
      logits.forEach((logit, i) => expect(found[i]).toBeCloseTo(logit, 4));
    });
  },
);

it.each([{ queryScalar: 12 }, { attentionSoftcap: 1e6 }, { logitSoftcap: 1e6 }])(
  'a tiny gemma2 with %o has other logits: transformers computes with its own',
  async (change) => {
    const { golden, generatorOf } = load('gemma2', change);
    const generator = await generatorOf();
    const [found, expected] = [await generator.nextLogits(golden.window?.ids ?? []), golden.window?.logits ?? []];
    await generator.dispose();
    expect(expected.some((logit, i) => Math.abs(logit - (found[i] ?? NaN)) > 1e-2)).toBe(true);
  },
);
