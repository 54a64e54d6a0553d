/** A tiny random model from the golden folder, and samples of token ids for it. */
import { Random } from '../../src/core/random.js';
import { TARGET_MODULES, type TrainSettings } from '../../src/core/settings.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import type { LoadedModel } from '../../src/models/model.js';
import { noTokenizer } from '../models/support/plain-tokenizer.js';
import type { TokenSample } from '../../src/models/text/prompt.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';

export function tinyModel(family = 'qwen2'): LoadedModel {
  const path = new URL(`../golden/decoder/${family}`, import.meta.url).pathname;
  const template = { render: () => '', endOfTurn: '', identity: 'none' };
  return {
    name: family,
    path,
    config: readModelConfig(path),
    weights: openSafetensors(`${path}/model.safetensors`),
    tokenizer: noTokenizer,
    template,
    identity: family,
  };
}

/** Items with a context of their own and three questions each. */
export function tinySamples(items: number): TokenSample[] {
  const random = new Random(17, 'samples');
  const draw = (n: number): number[] => Array.from({ length: n }, () => 3 + random.below(86));
  return Array.from({ length: items }, (_, i) => {
    const context = draw(12 + random.below(8));
    return Array.from({ length: 3 }, (__, q) => ({
      id: `${i}/${q}`,
      item: String(i),
      prompt: [...context, ...draw(2 + random.below(3))],
      answer: [...draw(1 + random.below(2)), 2],
      contextTruncated: false,
    }));
  }).flat();
}

export const TINY_SETTINGS: TrainSettings = {
  lora: { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES },
  learningRate: 1e-2,
  schedule: 'linear',
  warmupRatio: 0.1,
  epochs: 4,
  batchTokens: 96,
  accumulation: 2,
  clipNorm: 1,
  weightDecay: 0.01,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  seed: 5,
  maxLength: 64,
  quantisation: 'none',
  checkpointEverySteps: 2,
};
