import { expect, it } from 'vitest';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import type { ParameterValues } from '../../src/models/graph/model-tensors.js';
import type { Training } from '../../src/models/graph/network.js';
import { hardLabel, pack, type PackedRow } from '../../src/models/graph/packing.js';
import { globalNorm } from '../../src/train/optimiser.js';
import { Trainer, dropoutMask, loraInitialiser } from '../../src/train/trainer.js';
import { Random } from '../../src/core/random.js';
import { tinyModel, tinySamples } from './tiny-model.js';

const model = tinyModel();
const lora: Extract<Training, { kind: 'lora' }> = {
  kind: 'lora',
  lora: { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES },
};

/** LoRA with a B that is not zero, so that every matrix has a gradient. */
const started: ParameterValues = (parameter) => {
  const values = loraInitialiser(model.weights, 1)(parameter);
  if (!parameter.name.endsWith('lora_B.weight')) return values;
  const random = new Random(2, parameter.name);
  return Float32Array.from(values as Float32Array, () => 0.1 * random.normal());
};

function trainer(training: Training = lora, initial: ParameterValues = started, positions = 64): Promise<Trainer> {
  return Trainer.create({
    engine: onnxRuntimeEngine({ device: 'cpu', threads: 1 }),
    config: model.config,
    training,
    initial,
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions,
  });
}

const together = (rows: readonly PackedRow[], size: number): PackedRow[][] =>
  Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));

it.each([
  [2, 64],
  [5, 2500],
  [8, 10_000],
])(
  'gives packed questions the loss and the gradients of the samples apart, trunks in %i pieces',
  async (pieces, positions) => {
    const samples = tinySamples(4);
    const items = [0, 1, 2, 3].map((i) => pack(samples.filter((sample) => sample.item === String(i))));
    const apart = samples.map((sample) => pack([sample]));
    const engine = await trainer(lora, started, positions);
    expect(engine.chunks).toBe(pieces);
    const packed = await engine.accumulate([items]);
    const single = await engine.accumulate(together(apart, 5));
    await engine.dispose();
    expect(packed.loss).toBeCloseTo(single.loss, 5);
    let compared = 0;
    for (const [name, gradient] of packed.gradients) {
      const other = single.gradients.get(name) ?? new Float32Array();
      const difference = gradient.map((value, i) => value - (other[i] ?? NaN));
      expect(globalNorm([difference]) / globalNorm([other])).toBeLessThan(1e-5);
      compared++;
    }
    expect(compared).toBe(28);
  },
);

it('gives micro-batches the gradients of the whole batch', async () => {
  const rows = tinySamples(6).map((sample) => pack([sample]));
  const engine = await trainer();
  const whole = await engine.accumulate([rows]);
  const parts = await engine.accumulate(together(rows, 4));
  await engine.dispose();
  expect(parts.loss).toBeCloseTo(whole.loss, 5);
  for (const [name, gradient] of whole.gradients) {
    const other = parts.gradients.get(name) ?? new Float32Array();
    expect(globalNorm([gradient.map((value, i) => value - (other[i] ?? NaN))]) / globalNorm([gradient])).toBeLessThan(
      1e-5,
    );
  }
});

it.each([
  ['an adapter', { kind: 'lora', lora: { ...lora.lora, rank: 16, alpha: 32 } }],
  ['all weights', { kind: 'all' }],
] as [string, Training][])('learns one batch by heart: %s', async (_, training) => {
  const row = pack(tinySamples(1));
  const engine = await trainer(
    training,
    training.kind === 'lora' ? loraInitialiser(model.weights, 1) : ({ name }) => model.weights.read(name),
  );
  const first = (await engine.step([[row]], 0.01, 1)).loss;
  for (let i = 0; i < 300; i++) await engine.step([[row]], 0.01, 1);
  const last = (await engine.step([[row]], 0.01, 1)).loss;
  await engine.dispose();
  expect(first).toBeGreaterThan(2);
  // Behind a frozen head and final norm, logits of this random model cannot grow without bound.
  expect(last).toBeLessThan(training.kind === 'lora' ? 0.2 : 0.05);
});

it('leaves the parameters alone when the gradient is not finite', async () => {
  const engine = await trainer();
  const name = 'model.layers.0.mlp.up_proj.lora_A.weight';
  const before = engine.trained.get(name)?.slice();
  const bad = pack([{ id: 'bad', prompt: [4, 5], answer: [6], labels: [hardLabel(6, Infinity)] }]);
  const { loss } = await engine.step([[bad]], 0.1, 1);
  expect(Number.isFinite(loss)).toBe(false);
  expect(engine.trained.get(name)).toEqual(before);
  await engine.dispose();
});

it('draws dropout masks that keep the expected value and can be drawn again', () => {
  const mask = dropoutMask(100_001, 0.25, new Random(1, 'x'));
  const kept = mask.filter((each) => each > 0);
  expect(kept.length / mask.length).toBeCloseTo(0.75, 2);
  expect(new Set(kept).size).toBe(1);
  expect(kept[0]).toBeCloseTo(4 / 3);
  expect(dropoutMask(100_001, 0.25, new Random(1, 'x'))).toEqual(mask);
});
