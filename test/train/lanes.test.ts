import { afterAll, expect, it } from 'vitest';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { laneEngine } from '../../src/engine/lanes.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { pack } from '../../src/models/graph/packing.js';
import { INT8_RECIPE } from '../../src/models/graph/int8-weights.js';
import { Trainer, loraInitialiser, type TrainerOptions } from '../../src/train/trainer.js';
import { tinyModel, tinySamples } from './tiny-model.js';

const model = tinyModel();
const maker = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const lanes = laneEngine({ lanes: 2 });
afterAll(() => lanes.close());

const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0.1, targets: TARGET_MODULES };

/** Micro-batches of all lengths, an odd number of them. */
const rows = tinySamples(16).map((sample) => pack([sample]));
const batches = [rows.slice(0, 1), rows.slice(1, 4), rows.slice(4, 6), rows.slice(6, 11), rows.slice(11, 12)];

function trainer(engine: TrainerOptions['engine'], options: Partial<TrainerOptions> = {}): Promise<Trainer> {
  return Trainer.create({
    ...{ engine, maker, config: model.config, positions: 64, initial: loraInitialiser(model.weights, 1) },
    training: { kind: 'lora', lora },
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    ...options,
  });
}

async function trained(engine: TrainerOptions['engine'], options: Partial<TrainerOptions> = {}) {
  const made = await trainer(engine, options);
  const steps = [];
  for (let step = 0; step < 4; step++) steps.push(await made.step(batches, 1e-2, 1));
  const heldOut = await made.evaluate(batches);
  const weights = new Map([...made.trained].map(([name, values]) => [name, values.slice()]));
  await made.dispose();
  return { steps, heldOut, weights };
}

it.each<[string, Partial<TrainerOptions>]>([
  ['f32', {}],
  ['eight bits', { training: { kind: 'lora', lora, int8: INT8_RECIPE }, calibration: rows.slice(0, 1) }],
])('two lanes come to the bits of one, dropout on: %s', async (_, options) => {
  expect(await trained(lanes, options)).toEqual(await trained(maker, options));
});
