/** The workload of `bench/answer`: questions about WikiUpdate articles as tokens, and an adapter of the model trained on them. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hashJson } from '../../src/core/hash.js';
import { TARGET_MODULES, type TrainSettings } from '../../src/core/settings.js';
import { loadAll } from '../../src/data/load.js';
import type { LoadedModel } from '../../src/models/model.js';
import { PromptRenderer, type TokenPrompt } from '../../src/models/text/prompt.js';
import { askedSamples, trainingSamples } from '../../src/core/samples.js';
import { finetune } from '../../src/train/finetune.js';
import { devData } from './python.js';

/** Answers of both books after this many passes over the articles are as short as the data set's own. */
const TRAINING: TrainSettings = {
  lora: { rank: 8, alpha: 16, rslora: false, dropout: 0, targets: [...TARGET_MODULES] },
  ...{ learningRate: 1e-3, schedule: 'cosine', warmupRatio: 0.05, epochs: 3, batchTokens: 1024, accumulation: 1 },
  ...{ clipNorm: 1, weightDecay: 0, betas: [0.9, 0.999], epsilon: 1e-8, seed: 0, maxLength: 2048 },
  ...{ quantisation: 'none', checkpointEverySteps: 10 },
};

export type Book = 'open' | 'closed';

/** The prompts of the first `articles` articles; in open book the article stands in each of them. */
export async function prompts(model: LoadedModel, articles: number, book: Book): Promise<TokenPrompt[]> {
  const { items } = await loadAll(devData('wikiupdate-150.json'), { limit: articles });
  const samples = askedSamples(items, book === 'open' ? 'original' : 'none');
  return new PromptRenderer(model).promptTokens(samples, model.config.maxPositions - 32);
}

/** A PEFT folder trained open and closed book on the same articles; trained once and kept under `.lightmem/bench`. */
export async function trainedAdapter(model: LoadedModel, articles: number): Promise<string> {
  const key = hashJson({ model: model.identity, articles, TRAINING });
  const folder = join('.lightmem/bench/answer', key.slice(0, 16));
  const adapter = join(folder, 'adapter');
  if (existsSync(join(adapter, 'adapter_config.json'))) return adapter;
  mkdirSync(folder, { recursive: true });
  const { items } = await loadAll(devData('wikiupdate-150.json'), { limit: articles });
  const renderer = new PromptRenderer(model);
  const open = renderer.tokenize(trainingSamples(items, 'original'), TRAINING.maxLength);
  const closed = renderer
    .tokenize(trainingSamples(items, 'none'), TRAINING.maxLength)
    .map((sample) => ({ ...sample, id: `${sample.id}/closed`, item: `${sample.item}/closed` }));
  const onProgress = ({ step, steps, loss, seconds }: { step: number; steps: number; loss: number; seconds: number }) =>
    process.stderr.write(
      `training the adapter: step ${step} of ${steps}, loss ${loss.toFixed(3)}, ${seconds.toFixed(0)} s\n`,
    );
  const { adapterPath } = await finetune({
    model,
    samples: [...open, ...closed],
    settings: TRAINING,
    folder,
    onProgress,
  });
  return adapterPath;
}
