import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HeldOutSettings, TrainSettings } from '../../src/core/settings.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { adapterSource } from '../../src/generate/adapted.js';
import { pack } from '../../src/models/graph/packing.js';
import { finetune } from '../../src/train/finetune.js';
import { EarlyStop, splitByItem } from '../../src/train/held-out.js';
import { Trainer } from '../../src/train/trainer.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-held-out-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const model = tinyModel();
const samples = tinySamples(8);
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const patient: HeldOutSettings = { share: 0.25, everySteps: 2, patience: 2 };
// The samples are random, so that nothing learnt of some helps with others: the held-out loss must rise.
const settings: TrainSettings = {
  ...TINY_SETTINGS,
  lora: { ...TINY_SETTINGS.lora, dropout: 0.2 },
  epochs: 20,
  schedule: 'constant',
  checkpointEverySteps: 3,
};

function train(folder: string, heldOut?: HeldOutSettings, some = samples, stopAfter = Infinity) {
  const abort = new AbortController();
  return finetune({
    model,
    samples: some,
    settings: { ...settings, ...(heldOut && { heldOut }) },
    folder: join(root, folder),
    threads: 1,
    signal: abort.signal,
    onProgress: ({ step }) => {
      if (step >= stopAfter) abort.abort(new Error('stopped'));
    },
  });
}

const bytes = (folder: string, file: string): string => readFileSync(join(root, folder, file)).toString('base64');
const tensors = 'adapter/adapter_model.safetensors';
const metricsOf = (folder: string) =>
  readFileSync(join(root, folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: number; loss: number; heldOutLoss?: number });

/** Mean held-out loss of an adapter on disk, by a trainer of its own. */
async function lossOf(adapter: string, some: typeof samples): Promise<number> {
  const { training, values } = adapterSource(model, adapter);
  const optimiser = { betas: [0.9, 0.999] as const, epsilon: 1e-8, weightDecay: 0 };
  const trainer = await Trainer.create({
    engine,
    config: model.config,
    training,
    initial: values,
    optimiser,
    positions: 64,
    seed: 1,
  });
  const loss = await trainer.evaluate(some.map((sample) => [pack([sample])]));
  await trainer.dispose();
  return loss;
}

describe('held-out items', () => {
  it('are whole items, the same for the same seed, others for another', () => {
    const items = tinySamples(40);
    const { trained, heldOut } = splitByItem(items, 0.25, 3);
    const kept = new Set(heldOut.map(({ item }) => item));
    expect(kept.size).toBe(10);
    expect(trained.length + heldOut.length).toBe(items.length);
    expect(trained.filter(({ item }) => kept.has(item))).toEqual([]);
    expect(
      splitByItem([...items].reverse(), 0.25, 3)
        .heldOut.map(({ item }) => item)
        .sort(),
    ).toEqual(heldOut.map(({ item }) => item).sort());
    expect(splitByItem(items, 0.25, 4).heldOut).not.toEqual(heldOut);
  });

  it('are one at least, and leave one at least', () => {
    const items = tinySamples(3);
    const counts = [0.01, 0.5, 0.99].map((share) => splitByItem(items, share, 0).heldOut.length / 3);
    expect(counts).toEqual([1, 2, 2]);
    expect(() => splitByItem(tinySamples(1), 0.5, 0)).toThrow('give more items, or set heldOut to 0');
  });

  it('change nothing in the training of the others', async () => {
    const { heldOut } = await train('measured', { ...patient, patience: 0 });
    const { trained } = splitByItem(samples, patient.share, settings.seed);
    expect((await train('without', undefined, [...trained])).heldOut).toBeNull();
    expect(bytes('measured', tensors)).toBe(bytes('without', tensors));
    expect(metricsOf('measured').map(({ loss }) => loss)).toEqual(metricsOf('without').map(({ loss }) => loss));
    expect(heldOut).toMatchObject({ items: 2, samples: 6, stoppedEarly: false, isBestKept: false });
    const measured = metricsOf('measured').filter(({ heldOutLoss }) => heldOutLoss !== undefined);
    expect(measured.map(({ step }) => step).slice(0, 3)).toEqual([2, 4, 6]);
    expect(measured.at(-1)?.step).toBe(metricsOf('measured').length);
  });
});

describe('early stop', () => {
  it('ends training after so many measurements without a new best, and hands over the best weights', async () => {
    const { heldOut, steps, adapterPath } = await train('stopped', patient);
    const metrics = metricsOf('stopped');
    const losses = metrics.flatMap(({ step, heldOutLoss }) =>
      heldOutLoss === undefined ? [] : [{ step, heldOutLoss }],
    );
    const best = losses.reduce((a, b) => (b.heldOutLoss < a.heldOutLoss ? b : a));
    expect(steps).toBeLessThan(metricsOf('measured').length);
    expect(steps).toBe(best.step + patient.patience * patient.everySteps);
    expect(heldOut).toEqual({
      ...{ items: 2, samples: 6, bestLoss: best.heldOutLoss, bestStep: best.step },
      ...{ lastLoss: losses.at(-1)?.heldOutLoss, stoppedEarly: true, isBestKept: true },
    });
    // Dropout is off in measuring: a trainer of another seed finds the same loss.
    const again = await lossOf(adapterPath, [...splitByItem(samples, patient.share, settings.seed).heldOut]);
    expect(Math.abs(again - best.heldOutLoss)).toBeLessThan(1e-5);
  });

  it('stopped after any step and run again ends with the bits of a run that was not, dropout on', async () => {
    const { steps } = await train('count', patient);
    let stops = 0;
    for (let stopAfter = 1; stopAfter < steps; stopAfter++) {
      const folder = `interrupted-${stopAfter}`;
      await expect(train(folder, patient, samples, stopAfter)).rejects.toThrow('stopped');
      const { heldOut } = await train(folder, patient);
      expect(heldOut?.stoppedEarly).toBe(true);
      expect(bytes(folder, tensors)).toBe(bytes('stopped', tensors));
      expect(bytes(folder, 'metrics.jsonl')).toBe(bytes('stopped', 'metrics.jsonl'));
      stops++;
    }
    expect(stops).toBe(steps - 1);
    expect(stops).toBeGreaterThan(4);
  });

  it('counts from the best measurement on, ties not counting as better', async () => {
    const stop = new EarlyStop({ share: 0.1, everySteps: 5, patience: 3 });
    const weights = new Map([['w', Float32Array.of(0)]]);
    const over: boolean[] = [];
    for (const [i, loss] of [3, 2, 2, 2.5, 1.5, 1.6, 1.6, 1.7].entries()) {
      weights.get('w')?.fill(i);
      await stop.take(5 * (i + 1), loss, () => Promise.resolve(weights));
      over.push(stop.isOver);
    }
    expect(over).toEqual([false, false, false, false, false, false, false, true]);
    expect(stop.standing).toEqual({ bestLoss: 1.5, bestStep: 25, lastLoss: 1.7, since: 3 });
    expect([...(stop.best.get('w') ?? [])]).toEqual([4]);
    expect([1, 5, 12, 13].map((step) => stop.isDue(step, 13))).toEqual([false, true, false, true]);
  });
});
