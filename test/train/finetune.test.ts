import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TrainSettings } from '../../src/core/settings.js';
import { readAdapter } from '../../src/models/adapter/adapter.js';
import { finetune } from '../../src/train/finetune.js';
import { NonFiniteLossError } from '../../src/train/loop.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-finetune-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const model = tinyModel();
const samples = tinySamples(8);
const dropout: TrainSettings = { ...TINY_SETTINGS, lora: { ...TINY_SETTINGS.lora, dropout: 0.2 } };

function train(
  folder: string,
  settings: TrainSettings = dropout,
  stopAfter = Infinity,
  threads = 1,
): ReturnType<typeof finetune> {
  const abort = new AbortController();
  return finetune({
    model,
    samples,
    settings,
    folder: join(root, folder),
    threads,
    signal: abort.signal,
    onProgress: ({ step }) => {
      if (step >= stopAfter) abort.abort(new Error('stopped'));
    },
  });
}

const bytes = (folder: string, file: string): string => readFileSync(join(root, folder, file)).toString('base64');

describe('fine-tuning', () => {
  it('lowers the loss and leaves an adapter and no checkpoints', async () => {
    const result = await train('whole');
    expect(result.lastLoss).toBeLessThan(result.firstLoss);
    expect(result.steps).toBeGreaterThan(7);
    expect(readdirSync(join(root, 'whole')).sort()).toEqual(['adapter', 'metrics.jsonl']);
    const { lora, tensors } = readAdapter(result.adapterPath, model.config);
    expect(lora).toEqual({ ...dropout.lora });
    expect(Object.keys(tensors)).toHaveLength(14);
  });

  it('gives the same bits for the same seed, and others for another', async () => {
    await train('again');
    await train('other', { ...dropout, seed: 6 });
    expect(bytes('again', 'adapter/adapter_model.safetensors')).toBe(
      bytes('whole', 'adapter/adapter_model.safetensors'),
    );
    expect(bytes('again', 'metrics.jsonl')).toBe(bytes('whole', 'metrics.jsonl'));
    expect(bytes('other', 'adapter/adapter_model.safetensors')).not.toBe(
      bytes('whole', 'adapter/adapter_model.safetensors'),
    );
  });

  it('writes a checkpoint where it is stopped, though none was due', async () => {
    const rarely = { ...dropout, checkpointEverySteps: 0 };
    await expect(train('interrupted', rarely, 5)).rejects.toThrow('stopped');
    expect(readdirSync(join(root, 'interrupted', 'checkpoints'))).toEqual(['step-00000005']);
    const steps: number[] = [];
    await finetune({
      ...{ model, samples, settings: rarely, folder: join(root, 'interrupted'), threads: 1 },
      onProgress: ({ step }) => steps.push(step),
    });
    expect(steps[0]).toBe(6);
    expect(bytes('interrupted', 'adapter/adapter_model.safetensors')).toBe(
      bytes('whole', 'adapter/adapter_model.safetensors'),
    );
  });

  it('stopped after any step and run again ends with the bits of a run that was not, dropout on', async () => {
    const { steps } = await train('count');
    let stops = 0;
    for (let stopAfter = 1; stopAfter < steps; stopAfter++) {
      const folder = `stopped-${stopAfter}`;
      await expect(train(folder, dropout, stopAfter)).rejects.toThrow('stopped');
      expect(existsSync(join(root, folder, 'adapter'))).toBe(false);
      await train(folder);
      expect(bytes(folder, 'adapter/adapter_model.safetensors')).toBe(
        bytes('whole', 'adapter/adapter_model.safetensors'),
      );
      expect(bytes(folder, 'metrics.jsonl')).toBe(bytes('whole', 'metrics.jsonl'));
      stops++;
    }
    expect(stops).toBe(steps - 1);
  });

  it('ends with the same bits in lanes, stopped and gone on without them', async () => {
    const wide = { ...dropout, accumulation: 3, heldOut: { share: 0.25, everySteps: 2, patience: 0 } };
    await train('narrow', wide);
    await expect(train('lanes', { ...wide, lanes: 2 }, 2, 2)).rejects.toThrow('stopped');
    await train('lanes', wide);
    await train('all in lanes', { ...wide, lanes: 8 }, Infinity, 3);
    for (const folder of ['lanes', 'all in lanes'])
      for (const file of ['adapter/adapter_model.safetensors', 'metrics.jsonl'])
        expect(bytes(folder, file)).toBe(bytes('narrow', file));
  });

  it('passes over a damaged checkpoint and a torn line of metrics', async () => {
    await expect(train('damaged', dropout, 7)).rejects.toThrow('stopped');
    const checkpoints = join(root, 'damaged', 'checkpoints');
    const newest = readdirSync(checkpoints).sort().at(-1) ?? '';
    truncateSync(join(checkpoints, newest, 'state.safetensors'), 200);
    appendFileSync(join(root, 'damaged', 'metrics.jsonl'), '{"step": 8, "lo');
    await train('damaged');
    expect(bytes('damaged', 'adapter/adapter_model.safetensors')).toBe(
      bytes('whole', 'adapter/adapter_model.safetensors'),
    );
    expect(bytes('damaged', 'metrics.jsonl')).toBe(bytes('whole', 'metrics.jsonl'));
  });

  it('starts again where a checkpoint is of other settings', async () => {
    await expect(train('changed', { ...dropout, learningRate: 1e-3 }, 5)).rejects.toThrow('stopped');
    await train('changed');
    expect(bytes('changed', 'adapter/adapter_model.safetensors')).toBe(
      bytes('whole', 'adapter/adapter_model.safetensors'),
    );
  });

  it('stops at a loss that is not finite, naming the samples, and publishes nothing', async () => {
    const wild = train('wild', { ...TINY_SETTINGS, learningRate: 1e30, warmupRatio: 0, clipNorm: 0 });
    await expect(wild).rejects.toThrow(NonFiniteLossError);
    await expect(wild).rejects.toThrow(/\d\/\d/);
    expect(existsSync(join(root, 'wild', 'adapter'))).toBe(false);
  });

  it('trains on a quantised base, stopped after a step and run again to the same bits', async () => {
    const settings: TrainSettings = { ...dropout, quantisation: 'nf4' };
    await train('quantised', settings);
    await expect(train('quantised again', settings, 3)).rejects.toThrow('stopped');
    await train('quantised again', settings);
    const adapter = 'adapter/adapter_model.safetensors';
    expect(bytes('quantised again', adapter)).toBe(bytes('quantised', adapter));
    expect(bytes('quantised', adapter)).not.toBe(bytes('whole', adapter));
  });

  it('trains only what it is told to, at the ranks it is told', async () => {
    const lora = {
      ...TINY_SETTINGS.lora,
      targets: ['q_proj', 'down_proj'] as const,
      rankPattern: { 'layers.1.mlp.down_proj': 2 },
    };
    const { adapterPath } = await train('some', { ...TINY_SETTINGS, lora, maxSteps: 2 });
    const { tensors } = readAdapter(adapterPath, model.config);
    expect(
      Object.entries(tensors)
        .map(([module, { rank }]) => `${module} ${rank}`)
        .sort(),
    ).toEqual([
      'model.layers.0.mlp.down_proj 4',
      'model.layers.0.self_attn.q_proj 4',
      'model.layers.1.mlp.down_proj 2',
      'model.layers.1.self_attn.q_proj 4',
    ]);
  });
});
