/** One optimiser step of a model of Qwen2.5-3B's shape with random weights in NF4, in a process of its own, so that its peak memory is its own. */
import { readFileSync } from 'node:fs';
import { Random } from '../../src/core/random.js';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { INT8_RECIPE } from '../../src/models/graph/int8-weights.js';
import { roundedWeights } from '../../src/models/formats/quantise.js';
import { pack } from '../../src/models/graph/packing.js';
import { modelParameters } from '../../src/models/modules.js';
import type { WeightSource } from '../../src/models/model.js';
import { Trainer, loraInitialiser } from '../../src/train/trainer.js';
import { QWEN_3B } from '../support/shapes.js';

export interface ShapeSide {
  readonly parameters: number;
  readonly loss: number;
  /** From the start of the process until the base is there. */
  readonly openSeconds: number;
  /** Of the second step. */
  readonly stepSeconds: number;
}

export interface ShapeWorkload {
  readonly tokens: number;
  readonly rank: number;
  /** Layers of the shape that are there. */
  readonly layers: number;
  readonly threads: number;
  /** Whether the base is computed in integers of eight bits, made of what NF4 stands for. */
  readonly int8: boolean;
}

const work = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ShapeWorkload;
const { tokens, rank } = work;
const config = { ...QWEN_3B, layers: work.layers };

/** A million normal numbers, from which every weight takes its own from another place. */
const random = new Random(0, 'weights');
const POOL = Float32Array.from({ length: 1 << 20 }, () => 0.02 * random.normal());
const shapes = new Map<string, readonly number[]>();
const weights: WeightSource = {
  names: [],
  shape: (name) => shapes.get(name) ?? [],
  read: (name) => {
    const size = weights.shape(name).reduce((a, b) => a * b, 1);
    if (name.endsWith('norm.weight')) return new Float32Array(size).fill(1);
    const values = new Float32Array(size);
    for (let start = 0, turn = name.length; start < size; start += POOL.length, turn += 7)
      values.set(POOL.subarray(0, Math.min(POOL.length, size - start)), start);
    return values;
  },
};
for (const { name, shape } of modelParameters(config)) shapes.set(name, shape);
const parameters = [...shapes.values()].reduce((total, shape) => total + shape.reduce((a, b) => a * b, 1), 0);
const lora = { rank, alpha: 2 * rank, rslora: false, dropout: 0, targets: [...TARGET_MODULES] };
const draw = (count: number): number[] => Array.from({ length: count }, () => random.below(config.vocabSize));
const context = draw(tokens - 8 * 24 + 8);
const questions = Array.from({ length: 8 }, (_, i) => ({
  id: String(i),
  prompt: [...context, ...draw(16)],
  answer: draw(8),
}));
const batch = [pack(questions)];
const trainer = await Trainer.create({
  engine: onnxRuntimeEngine({ device: 'cpu', threads: work.threads }),
  config,
  training: { kind: 'lora', lora, quantisation: 'nf4', ...(work.int8 && { int8: INT8_RECIPE }) },
  initial: loraInitialiser(weights, 0, 'nf4', roundedWeights({ config, weights }, 'nf4')),
  calibration: batch,
  optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
  positions: tokens,
  keep: 'layer-inputs',
});
const openSeconds = performance.now() / 1000;
process.stderr.write(`ours: base made after ${openSeconds.toFixed(0)} s\n`);
await trainer.step([batch], 1e-4, 0);
const started = performance.now();
const { loss } = await trainer.step([batch], 1e-4, 0);
const side: ShapeSide = { parameters, loss, openSeconds, stepSeconds: (performance.now() - started) / 1000 };
process.stdout.write(JSON.stringify(side));
await trainer.dispose();
