/** Training on a quantised base against f32 training on the weights it stands for. */
import { describe, expect, it } from 'vitest';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import type { WeightSource } from '../../src/models/model.js';
import type { Keep } from '../../src/models/graph/training-graph.js';
import { pack } from '../../src/models/graph/packing.js';
import { roundedWeights, type QuantisedFormat } from '../../src/models/formats/quantise.js';
import { Trainer, loraInitialiser } from '../../src/train/trainer.js';
import { tinyModel, tinySamples } from './tiny-model.js';

const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES };
const samples = tinySamples(5);
const rows = Array.from({ length: 5 }, (_, i) => pack(samples.filter(({ item }) => item === String(i))));

async function losses(
  family: string,
  weights: WeightSource,
  quantisation: QuantisedFormat | 'none',
  keep: Keep = 'everything',
): Promise<number[]> {
  const trainer = await Trainer.create({
    engine,
    config: tinyModel(family).config,
    training: { kind: 'lora', lora, quantisation },
    initial: loraInitialiser(weights, 3, quantisation),
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions: 64,
    keep,
  });
  const found: number[] = [];
  for (let step = 0; step < 20; step++) found.push((await trainer.step([[rows[step % 5] ?? fail()]], 1e-2, 0)).loss);
  found.push(await trainer.evaluate([rows]));
  await trainer.dispose();
  return found;
}

function fail(): never {
  throw new Error('no such row');
}

function largestRelative(found: readonly number[], expected: readonly number[]): number {
  expect(found).toHaveLength(expected.length);
  return Math.max(...found.map((loss, i) => Math.abs(loss / (expected[i] ?? NaN) - 1)));
}

describe.each(['f16', 'nf4', 'int4', 'int8'] as const)('a base in %s', (format) => {
  it.each(['qwen2', 'llama'])('trains a %s as its dequantised weights train in f32', async (family) => {
    const model = tinyModel(family);
    const { weights } = model;
    const expected = await losses(family, roundedWeights(model, format), 'none');
    const plain = await losses(family, weights, 'none');
    const found = await losses(family, weights, format);
    const difference = largestRelative(found, expected);
    console.info(
      `${family}, ${format}: 20 losses and one of held-out rows differ by at most ${difference.toExponential(1)}; from the unquantised base's by ${largestRelative(found, plain).toExponential(1)}`,
    );
    expect(difference).toBeLessThan(1e-3);
    expect(largestRelative(found, plain)).toBeGreaterThan(format === 'int8' || format === 'f16' ? 1e-5 : 1e-3);
    expect(largestRelative(await losses(family, weights, format, 'layer-inputs'), expected)).toBeLessThan(1e-3);
  });
});
