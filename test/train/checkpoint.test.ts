/** Checkpoints: what is restored, and that a damaged one leaves the trainer as it was. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { openSafetensors, writeSafetensors } from '../../src/models/formats/safetensors.js';
import { pack } from '../../src/models/graph/packing.js';
import { resumeCheckpoint, saveCheckpoint } from '../../src/train/checkpoint.js';
import { Trainer, loraInitialiser } from '../../src/train/trainer.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-checkpoint-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const model = tinyModel();
const rows = [pack(tinySamples(2).slice(0, 3))];
const counters = z.object({ seen: z.int() });
const expected = { identity: 'one', counters };

function trainer(): Promise<Trainer> {
  return Trainer.create({
    engine: onnxRuntimeEngine({ device: 'cpu', threads: 1 }),
    config: model.config,
    training: { kind: 'lora', lora: TINY_SETTINGS.lora },
    initial: loraInitialiser(model.weights, 1),
    optimiser: TINY_SETTINGS,
    positions: 64,
  });
}

const stateOf = ({ trained, optimiser }: Trainer) => structuredClone([trained, optimiser.moments, optimiser.steps]);

/** A trainer two steps on, its state, and a folder that holds it as a checkpoint. */
async function saved(name: string): Promise<{ folder: string; state: unknown }> {
  const folder = join(root, name);
  const under = await trainer();
  for (let i = 0; i < 2; i++) await under.step([rows], 0.01, 1);
  const weights = new Map([...under.trained].map(([key, values]) => [key, values.map((each) => each + 1)]));
  await saveCheckpoint(folder, under, { step: 2, identity: 'one', counters: { seen: 7 }, weights });
  await under.dispose();
  return { folder, state: stateOf(under) };
}

const TENSORS = 'step-00000002/state.safetensors';

it('restores weights, moments, steps and counters, and gives the weights that were kept beside them', async () => {
  const { folder, state } = await saved('whole');
  const under = await trainer();
  const resumed = await resumeCheckpoint(folder, under, expected);
  await under.dispose();
  expect(stateOf(under)).toEqual(state);
  expect(resumed).toMatchObject({ step: 2, identity: 'one', counters: { seen: 7 } });
  const name = [...under.trained.keys()].at(-1) ?? '';
  expect(resumed?.weights?.get(name)).toEqual(under.trained.get(name)?.map((each) => each + 1));
});

type Tensors = { name: string; shape: readonly number[]; data: Float32Array }[];

it.each([
  ['a tensor is missing', (tensors: Tensors) => tensors.slice(0, -3)],
  ['second moments are missing', (tensors: Tensors) => tensors.filter(({ name }) => !name.endsWith('#second'))],
  [
    'a tensor is too short',
    (tensors: Tensors) =>
      tensors.map((each, i) => (i < tensors.length - 3 ? each : { ...each, shape: [1], data: each.data.slice(0, 1) })),
  ],
])('leaves the trainer as it was where %s', async (what, damage) => {
  const { folder } = await saved(what);
  const file = openSafetensors(join(folder, TENSORS));
  const tensors = file.names.map((name) => ({ name, shape: file.shape(name), data: file.read(name) }));
  writeSafetensors(join(folder, TENSORS), damage(tensors));
  const under = await trainer();
  const before = stateOf(under);
  expect(await resumeCheckpoint(folder, under, expected)).toBeUndefined();
  await under.dispose();
  expect(stateOf(under)).toEqual(before);
});

it.each([
  ['counters are missing', { step: 2, identity: 'one' }],
  ['a counter is no number', { step: 2, identity: 'one', counters: { seen: '7' } }],
  ['the step is none', { step: -2, identity: 'one', counters: { seen: 7 } }],
  ['it is of another training', { step: 2, identity: 'two', counters: { seen: 7 } }],
])('is not gone on from where %s', async (what, state) => {
  const { folder } = await saved(what);
  writeFileSync(join(folder, 'step-00000002/state.json'), JSON.stringify(state));
  const under = await trainer();
  const before = stateOf(under);
  expect(await resumeCheckpoint(folder, under, expected)).toBeUndefined();
  await under.dispose();
  expect(stateOf(under)).toEqual(before);
  expect(readFileSync(join(folder, TENSORS)).length).toBeGreaterThan(0);
});
