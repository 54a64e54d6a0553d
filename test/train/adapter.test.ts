import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { adapterSource } from '../../src/generate/adapted.js';
import { Generator } from '../../src/generate/generator.js';
import { pack } from '../../src/models/graph/packing.js';
import { finetune } from '../../src/train/finetune.js';
import { Trainer } from '../../src/train/trainer.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });

it('an adapter written and read back computes what the trainer computed, and changes answers', async () => {
  const model = tinyModel();
  const samples = tinySamples(6);
  const folder = mkdtempSync(join(tmpdir(), 'lightmem-adapter-'));
  const { adapterPath } = await finetune({
    model,
    samples,
    settings: { ...TINY_SETTINGS, epochs: 30 },
    folder,
    threads: 1,
  });
  const { training, values } = adapterSource(model, adapterPath);
  const optimiser = { betas: [0.9, 0.999] as const, epsilon: 1e-8, weightDecay: 0 };
  const reread = await Trainer.create({
    engine,
    config: model.config,
    training,
    initial: values,
    optimiser,
    positions: 64,
  });
  const { losses } = await reread.accumulate([samples.map((sample) => pack([sample]))]);
  await reread.dispose();
  const answerLosses = [...(losses[0] ?? [])];

  const answers = async (
    source: Pick<Parameters<typeof Generator.create>[0], 'training' | 'values'>,
  ): Promise<(readonly number[])[]> => {
    const generator = await Generator.create({ engine, config: model.config, tokenizer: model.tokenizer, ...source });
    const prompts = samples.map(({ id, item, prompt }) => ({ id, group: item, tokens: prompt }));
    const made = await generator.generate(prompts, { maxNewTokens: 4, temperature: 0, seed: 0, stop: [] });
    await generator.dispose();
    return made.map((answer) => answer.tokens);
  };
  const adapted = await answers({ training, values });
  const base = await answers(adapterSource(model, null));
  rmSync(folder, { recursive: true, force: true });

  expect(adapted).not.toEqual(base);
  // Wherever the trainer gives an answer's every token more than half of the probability, generation must say it.
  let place = 0;
  let sure = 0;
  samples.forEach((sample, i) => {
    const own = answerLosses.slice(place, (place += sample.answer.length));
    if (!own.every((loss) => loss < Math.LN2)) return;
    expect(adapted[i]).toEqual(sample.answer);
    sure++;
  });
  expect(sure).toBeGreaterThan(5);
});
