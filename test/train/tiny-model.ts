/** A tiny random model from the golden folder, and samples of token ids for it. */
import { elementCount } from '../../src/core/collections.js';
import { Random } from '../../src/core/random.js';
import { TARGET_MODULES, type TrainSettings } from '../../src/core/settings.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import type { LoadedModel, ModelConfig, WeightSource } from '../../src/models/model.js';
import { modelParameters, type ParameterDescription, type Role } from '../../src/models/modules.js';
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

/** How much wider than the tiny ones wide models are: as wide as small models that people train. */
const TIMES_AS_WIDE = 8;

/** Random weights for a configuration: norms near to one, or to nothing where the family adds one. */
function randomWeights(config: ModelConfig): WeightSource {
  const shapes = new Map(modelParameters(config).map(({ name, shape }) => [name, shape]));
  const read = ({ name, role, shape }: ParameterDescription): Float32Array => {
    const random = new Random(1, 'wide', name);
    const deviations: Partial<Record<Role, number>> = { norm: 0.1, bias: 0.1, embedding: 0.05, head: 0.05 };
    const deviation = deviations[role] ?? 0.5 / Math.sqrt(shape[1] ?? 1);
    const mean = role === 'norm' && config.family !== 'gemma2' ? 1 : 0;
    return Float32Array.from({ length: elementCount(shape) }, () => mean + deviation * random.normal());
  };
  const values = new Map(modelParameters(config).map((each) => [each.name, read(each)]));
  return {
    names: [...shapes.keys()],
    shape: (name) => shapes.get(name) ?? [],
    read: (name) => values.get(name) ?? new Float32Array(),
  };
}

/** The tiny model of a family with layers of 256 and 384 columns. */
export function wideModel(family: string): LoadedModel {
  const tiny = tinyModel(family);
  const { hiddenSize, intermediateSize, headDim, queryScalar, ...rest } = tiny.config;
  const config = {
    ...rest,
    hiddenSize: hiddenSize * TIMES_AS_WIDE,
    intermediateSize: intermediateSize * TIMES_AS_WIDE,
    headDim: headDim * TIMES_AS_WIDE,
    ...(queryScalar !== undefined && { queryScalar: queryScalar * TIMES_AS_WIDE }),
  };
  return { ...tiny, config, weights: randomWeights(config) };
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
