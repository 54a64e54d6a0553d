/** Pretraining the bundled base model on the synthetic world: the source of its items, its shape, and where the result goes. */
import { join } from 'node:path';
import { hashJson } from '../core/hash.js';
import { samplesOf } from '../core/samples.js';
import { CURRICULUM, pretrainingItem } from '../data/world/curriculum.js';
import { jsonText } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { configJson } from '../models/hub/hub-files.js';
import type { ChatTemplate, ModelConfig, Tokenizer } from '../models/model.js';
import { ANSWER_ROOM, PromptRenderer } from '../models/text/prompt.js';
import { writeSafetensors } from '../models/formats/safetensors.js';
import type { PretrainingSource } from '../train/pretraining-plan.js';
import type { Trainer } from '../train/trainer.js';

/** The bundled base: Qwen2's architecture at 2.1 million parameters. */
export function baseModelConfig(vocabSize: number, eosTokenId: number): ModelConfig {
  return {
    family: 'qwen2',
    vocabSize,
    hiddenSize: 192,
    intermediateSize: 512,
    layers: 4,
    heads: 6,
    keyValueHeads: 3,
    headDim: 32,
    ropeTheta: 10_000,
    ropeScaling: null,
    rmsNormEpsilon: 1e-6,
    tiedEmbeddings: true,
    attentionBias: true,
    maxPositions: 1024,
    bosTokenId: null,
    eosTokenIds: [eosTokenId],
  };
}

/** The synthetic world as a source of pretraining rows. */
export function worldSource(
  model: { readonly tokenizer: Tokenizer; readonly template: ChatTemplate },
  seed: number,
  maxLength: number,
): PretrainingSource {
  const renderer = new PromptRenderer(model);
  return {
    stages: CURRICULUM.length,
    identity: hashJson({ curriculum: CURRICULUM, seed, maxLength, renderer: renderer.identity }),
    samples: (stage, index) => {
      const { item, level } = pretrainingItem(stage, seed, index);
      return renderer.tokenize(
        samplesOf([item], level, ({ prompt }) => prompt),
        maxLength - ANSWER_ROOM,
      );
    },
  };
}

/** Writes a trained model's weights, in 16-bit floats, and configuration into a folder that holds its tokenizer, as a Hugging Face model. */
export function writeBaseModel(folder: string, config: ModelConfig, trainer: Trainer): void {
  const tensors = trainer.parameters.map(({ name, shape }) => ({
    name,
    shape,
    data: trainer.trained.get(name) ?? new Float32Array(),
  }));
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { metadata: { format: 'pt' }, dtype: 'F16' });
  writeWhole(join(folder, 'config.json'), jsonText({ ...configJson(config), torch_dtype: 'float16' }));
}
