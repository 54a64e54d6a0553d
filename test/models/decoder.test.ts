import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { Generator } from '../../src/generate/generator.js';
import { readAdapter } from '../../src/models/adapter/adapter.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import type { ModelConfig } from '../../src/models/model.js';
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
}

const GOLDEN = new URL('../golden/decoder/', import.meta.url).pathname;
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES };
const noTokenizer = {
  encode: () => [],
  encodeBatch: () => [],
  decode: (ids: readonly number[]) => ids.join(' '),
  identity: '',
};

function load(family: string): { golden: Golden; config: ModelConfig; read: (name: string) => Float32Array } {
  const golden = JSON.parse(readFileSync(`${GOLDEN}${family}.json`, 'utf8')) as Golden;
  const weights = openSafetensors(`${GOLDEN}${family}/model.safetensors`);
  return { golden, config: readModelConfig(`${GOLDEN}${family}`), read: (name) => weights.read(name) };
}

describe.each(['qwen2', 'qwen3', 'llama'])('a tiny random %s', (family) => {
  const { golden, config, read } = load(family);

  it('continues prompts as transformers does, all of them in one packed row', async () => {
    const generator = await Generator.create({
      engine,
      config,
      tokenizer: noTokenizer,
      training: { kind: 'none' },
      values: ({ name }) => read(name),
    });
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
