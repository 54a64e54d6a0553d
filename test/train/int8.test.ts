/** Training with the frozen base in integers of eight bits against training in f32 on the same weights. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TARGET_MODULES, type TrainSettings } from '../../src/core/settings.js';
import type { Engine } from '../../src/engine/engine.js';
import { hasEightBitProducts } from '../../src/engine/eight-bits.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { referenceEngine } from '../../src/engine/reference.js';
import { FAMILIES } from '../../src/models/families/families.js';
import { roundedWeights } from '../../src/models/formats/quantise.js';
import { headRowsOf, INT8_RECIPE, type Int8Recipe } from '../../src/models/graph/int8-weights.js';
import { pack, type PackedRow } from '../../src/models/graph/packing.js';
import type { LoadedModel } from '../../src/models/model.js';
import { modelModules } from '../../src/models/modules.js';
import type { Keep } from '../../src/models/graph/training-graph.js';
import { finetune } from '../../src/train/finetune.js';
import { factorsOf, orthonormal } from '../../src/train/int8-values.js';
import { Trainer, loraInitialiser } from '../../src/train/trainer.js';
import { TINY_SETTINGS, tinyModel, tinySamples, wideModel } from './tiny-model.js';

const isExact = hasEightBitProducts() === true;
if (!isExact) console.warn('SKIPPED: training in integers of eight bits, for which this processor has no VNNI or AMX');

const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES };
/** So many items, each as a row. */
const rowsOf = (items: number): PackedRow[] => {
  const samples = tinySamples(items);
  return Array.from({ length: items }, (_, i) => pack(samples.filter(({ item }) => item === String(i))));
};
const rows = rowsOf(5);
const manyRows = rowsOf(40);
const root = mkdtempSync(join(tmpdir(), 'lightmem-int8-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** What is computed otherwise than by default: everything kept, by ONNX Runtime, directions found on five items. */
interface TrainerChanges {
  readonly keep?: Keep;
  readonly on?: Engine;
  readonly batch?: readonly PackedRow[];
}

const trainerOf = (
  model: LoadedModel,
  int8?: Int8Recipe,
  { keep = 'everything', on = engine, batch = rows }: TrainerChanges = {},
): Promise<Trainer> =>
  Trainer.create({
    engine: on,
    config: model.config,
    training: { kind: 'lora', lora, ...(int8 && { int8 }) },
    initial: loraInitialiser(model.weights, 3),
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions: 64,
    calibration: batch,
    keep,
  });

function copied(from: Trainer, to: Trainer): void {
  for (const [name, values] of to.trained) values.set(from.trained.get(name) ?? []);
}

interface Likeness {
  readonly name: string;
  readonly cosine: number;
  /** Length of the one over that of the other. */
  readonly ratio: number;
}

function likeness(name: string, found: Float32Array, expected: Float32Array): Likeness {
  let [product, own, other] = [0, 0, 0];
  expected.forEach((value, i) => {
    const each = found[i] ?? NaN;
    product += each * value;
    own += each * each;
    other += value * value;
  });
  return { name, cosine: product / Math.sqrt(own * other), ratio: Math.sqrt(own / other) };
}

/** How alike gradients are, and the losses of f32 and of integers. */
interface Compared {
  readonly all: readonly Likeness[];
  readonly losses: readonly [number, number];
}

/** Gradients of all rows after ten steps in f32, by both. */
async function likenesses(
  model: LoadedModel,
  recipe: Int8Recipe = INT8_RECIPE,
  { learningRate = 1e-2, batch = rows, ...changes }: TrainerChanges & { readonly learningRate?: number } = {},
): Promise<Compared> {
  const [float, coded] = [
    await trainerOf(model, undefined, { batch }),
    await trainerOf(model, recipe, { batch, ...changes }),
  ];
  for (let step = 0; step < 10; step++) await float.step([[batch[step % batch.length] ?? fail()]], learningRate, 0);
  copied(float, coded);
  const [expected, found] = [await float.accumulate([batch]), await coded.accumulate([batch])];
  const all = [...expected.gradients].map(([name, gradient]) =>
    likeness(name, found.gradients.get(name) ?? new Float32Array(), gradient),
  );
  await Promise.all([float.dispose(), coded.dispose()]);
  return { all, losses: [expected.loss, found.loss] };
}

function fail(): never {
  throw new Error('no such row');
}

/** The least cosine of all gradients, and by how much lengths and the loss are others, printed for the log. */
function furthest(title: string, { all, losses }: Compared): { cosine: number; ratio: number; loss: number } {
  const cosine = Math.min(...all.map((each) => each.cosine));
  const ratio = Math.max(...all.map((each) => Math.abs(each.ratio - 1)));
  const loss = Math.abs(losses[1] / losses[0] - 1);
  console.info(
    `${title}: ${all.length} gradients, least cosine ${cosine.toFixed(4)}, lengths within ${(100 * ratio).toFixed(1)} %, loss within ${(100 * loss).toFixed(2)} %`,
  );
  expect(all).toHaveLength(28);
  expect(cosine).toBeLessThan(1 - 1e-9);
  expect(loss).toBeLessThan(0.01);
  return { cosine, ratio, loss };
}

describe.skipIf(!isExact).each(Object.keys(FAMILIES))('a %s computed in int8', (family) => {
  it('has the gradients of f32, 256 columns wide and over 40 items', async () => {
    const compared = await likenesses(wideModel(family), INT8_RECIPE, { learningRate: 3e-3, batch: manyRows });
    const { cosine, ratio } = furthest(`${family}, 256 columns`, compared);
    expect(cosine).toBeGreaterThan(0.99);
    expect(ratio).toBeLessThan(0.02);
  });

  it('has nearly them with 32 columns, over which and five items less is evened out', async () => {
    const { cosine, ratio } = furthest(`${family}, 32 columns`, await likenesses(tinyModel(family)));
    expect(cosine).toBeGreaterThan(0.99);
    expect(ratio).toBeLessThan(0.05);
  });
});

describe.skipIf(!isExact)('computing in int8', () => {
  const llama = tinyModel('llama');
  it('gives the same gradients where layers are computed again', async () => {
    const whole = { ...INT8_RECIPE, halved: false };
    const [kept, again] = [await likenesses(llama, whole), await likenesses(llama, whole, { keep: 'layer-inputs' })];
    expect(again.losses).toEqual(kept.losses);
    for (const [i, { cosine }] of again.all.entries()) expect(cosine).toBeCloseTo(kept.all[i]?.cosine ?? NaN, 5);
  });

  it('gives the same loss and nearly the same gradients where what is kept is kept in half precision', async () => {
    const [half, whole] = [
      await trainerOf(llama, INT8_RECIPE),
      await trainerOf(llama, { ...INT8_RECIPE, halved: false }),
    ];
    const [found, expected] = [await half.accumulate([rows]), await whole.accumulate([rows])];
    expect(found.loss).toBe(expected.loss);
    const learnt = [...expected.gradients].filter(([name]) => name.includes('lora_B'));
    const cosines = learnt.map(([name, each]) => likeness(name, found.gradients.get(name) ?? fail(), each).cosine);
    expect(Math.min(...cosines)).toBeGreaterThan(0.9999);
    expect(Math.min(...cosines)).toBeLessThan(1);
    await Promise.all([half.dispose(), whole.dispose()]);
  });

  it.each([
    ['no directions', { ...INT8_RECIPE, directions: 0 }],
    ['the head in f32', { ...INT8_RECIPE, headRows: 0 }],
    ['the head in pieces', { ...INT8_RECIPE, headRows: 16 }],
    ['nothing turned', { ...INT8_RECIPE, block: 1, backBlock: 1 }],
    [
      'rows scaled alone',
      { ...INT8_RECIPE, block: 1, backBlock: 1, directions: 0, levelling: 0, halved: false, headRows: 0 },
    ],
  ])('goes with parts of its recipe left out: %s', async (_, recipe) => {
    const cosines = (await likenesses(llama, recipe)).all.map(({ cosine }) => cosine);
    expect(Math.min(...cosines)).toBeGreaterThan(0.97);
    expect(Math.max(...cosines)).toBeLessThan(1 - 1e-9);
  });

  it.each([INT8_RECIPE.headRows, 16])(
    'gives the gradients of the plain interpreter, %s rows of the head to a piece',
    async (headRows) => {
      const recipe = { ...INT8_RECIPE, headRows };
      const [ours, plain] = [await trainerOf(llama, recipe), await trainerOf(llama, recipe, { on: referenceEngine() })];
      const row = [rows[0] ?? fail()];
      const [found, expected] = [await ours.accumulate([row]), await plain.accumulate([row])];
      expect(found.loss).toBeCloseTo(expected.loss, 5);
      for (const [name, gradient] of expected.gradients)
        if (name.includes('lora_B'))
          expect(likeness(name, found.gradients.get(name) ?? fail(), gradient).cosine, name).toBeGreaterThan(0.999);
      await Promise.all([ours.dispose(), plain.dispose()]);
    },
  );

  const settings: TrainSettings = { ...TINY_SETTINGS, compute: 'int8-anyway' };
  const train = (folder: string, own: TrainSettings = settings, stopAfter = Infinity): ReturnType<typeof finetune> => {
    const abort = new AbortController();
    return finetune({
      ...{ model: tinyModel(), samples: tinySamples(8), settings: own, folder: join(root, folder), threads: 1 },
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step >= stopAfter) abort.abort(new Error('stopped'));
      },
    });
  };
  const bytes = (folder: string): string =>
    readFileSync(join(root, folder, 'adapter/adapter_model.safetensors')).toString('base64');

  it('gives the same bits each time, other ones than f32, and learns', async () => {
    const { firstLoss, lastLoss } = await train('once');
    await train('again');
    await train('float', TINY_SETTINGS);
    expect(lastLoss).toBeLessThan(firstLoss);
    expect(bytes('again')).toBe(bytes('once'));
    expect(bytes('float')).not.toBe(bytes('once'));
  });

  it('stopped and run again ends with the bits of a run that was not', async () => {
    await expect(train('stopped', settings, 5)).rejects.toThrow('stopped');
    await train('stopped');
    expect(bytes('stopped')).toBe(bytes('once'));
  });

  it('is made of what a base in NF4 stands for', async () => {
    const model = tinyModel();
    await train('nf4', { ...settings, quantisation: 'nf4' });
    await finetune({
      ...{ model: { ...model, weights: roundedWeights(model, 'nf4') }, samples: tinySamples(8), settings },
      ...{ folder: join(root, 'rounded'), threads: 1 },
    });
    expect(bytes('nf4')).toBe(bytes('rounded'));
    expect(bytes('nf4')).not.toBe(bytes('once'));
  });
});

describe('an output head', () => {
  it.each([
    ['SmolLM2', 49152, 256],
    ['Qwen2.5', 151936, 128],
    ['Llama 2', 32000, 256],
    ['Gemma 2', 256000, 256],
    ['a tiny one', 100, 100],
    ['one that few pieces fill', 50257, undefined],
  ])('is cut into equal pieces that are worth their scales: %s', (_, vocabSize, rows) => {
    const head = { ...modelModules(tinyModel('llama').config).head, vocabSize };
    expect(headRowsOf(head, INT8_RECIPE)).toBe(rows);
    expect(headRowsOf(head, { ...INT8_RECIPE, headRows: 0 })).toBeUndefined();
  });
});

describe('directions', () => {
  it('are orthonormal, and zeros where a sketch spans fewer', () => {
    const found = orthonormal(Float32Array.of(3, 1, 6, 0, 1, 0, 4, 2, 8), 3);
    const product = (a: number, b: number): number =>
      [0, 1, 2].reduce((sum, i) => sum + (found[3 * a + i] ?? NaN) * (found[3 * b + i] ?? NaN), 0);
    expect(product(0, 0)).toBeCloseTo(1, 6);
    expect(product(1, 1)).toBeCloseTo(1, 6);
    expect(product(0, 1)).toBeCloseTo(0, 6);
    expect([...found.slice(6)]).toEqual([0, 0, 0]);
  });
});

describe('factors', () => {
  it('bring the roots of columns to a power, and leave columns of nothing finite', () => {
    expect([...factorsOf(Float32Array.of(1, 4, 9), { levelling: 0.5 })].map((each) => each.toFixed(4))).toEqual(
      [2 / 1, 2 / 2, 2 / 3].map((ratio) => Math.sqrt(ratio).toFixed(4)),
    );
    expect([...factorsOf(Float32Array.of(0, 0), { levelling: 0.3 })]).toEqual([1, 1]);
    expect([...factorsOf(Float32Array.of(0, 4), { levelling: 1 })]).toEqual([1000, 0.5]);
  });
});
