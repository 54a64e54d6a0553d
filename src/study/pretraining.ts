/** Pretraining the bundled base model on the synthetic world: the source of its items, its shape, and where the result goes. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashJson } from '../core/hash.js';
import { samplesOf } from '../core/samples.js';
import { CURRICULUM, pretrainingItem } from '../data/world/curriculum.js';
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

/** Writes a trained model as a Hugging Face folder, weights in 16-bit floats; `tokenizerFolder` gives tokenizer.json and its config. */
export function writeBaseModel(folder: string, config: ModelConfig, trainer: Trainer, tokenizerFolder: string): void {
  mkdirSync(folder, { recursive: true });
  const tensors = trainer.parameters.map(({ name, shape }) => ({
    name,
    shape,
    data: trainer.trained.get(name) ?? new Float32Array(),
  }));
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { metadata: { format: 'pt' }, dtype: 'F16' });
  const written = {
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.rmsNormEpsilon,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tiedEmbeddings,
    hidden_act: 'silu',
    attention_dropout: 0,
    use_sliding_window: false,
    eos_token_id: config.eosTokenIds[0],
    torch_dtype: 'float16',
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(written, null, 2) + '\n');
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    if (tokenizerFolder !== folder) copyFileSync(join(tokenizerFolder, name), join(folder, name));
  }
}
