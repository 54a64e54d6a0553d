/** The small files of a Hugging Face folder (configuration, tokenizer, chat template) for any model that is open, GGUF too. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { jsonText } from '../../files/json-file.js';
import { familyOf } from '../families/families.js';
import { openGguf } from '../formats/gguf-model.js';
import type { LoadedModel, ModelConfig } from '../model.js';

/** config.json for a configuration, as transformers reads it. */
export function configJson(config: ModelConfig): object {
  const scaling = config.ropeScaling;
  const { activation, architecture, biased, settings } = familyOf(config);
  return {
    architectures: [architecture],
    model_type: config.family,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headDim,
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.rmsNormEpsilon,
    rope_theta: config.ropeTheta,
    rope_scaling: scaling && {
      rope_type: 'llama3',
      factor: scaling.factor,
      low_freq_factor: scaling.lowFrequencyFactor,
      high_freq_factor: scaling.highFrequencyFactor,
      original_max_position_embeddings: scaling.originalMaxPositions,
    },
    tie_word_embeddings: config.tiedEmbeddings,
    // Qwen2 knows no such setting: its biases are always there.
    ...(biased.length > 0 ? {} : { attention_bias: config.attentionBias }),
    hidden_act: activation,
    ...(config.queryScalar !== undefined && { query_pre_attn_scalar: config.queryScalar }),
    ...('attn_logit_softcapping' in settings && { attn_logit_softcapping: config.attentionSoftcap ?? null }),
    ...('final_logit_softcapping' in settings && { final_logit_softcapping: config.logitSoftcap ?? null }),
    bos_token_id: config.bosTokenId,
    eos_token_id: config.eosTokenIds.length === 1 ? config.eosTokenIds[0] : config.eosTokenIds,
  };
}

const NAMES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
];

/** Names and texts of all files but the weights that a Hugging Face folder of the model needs. */
export function hubFiles(model: LoadedModel): Record<string, string> {
  if (statSync(model.path).isDirectory()) {
    const present = NAMES.filter((name) => existsSync(join(model.path, name)));
    return Object.fromEntries(present.map((name) => [name, readFileSync(join(model.path, name), 'utf8')]));
  }
  const { tokenizer, template } = openGguf(model.path);
  return {
    'config.json': jsonText(configJson(model.config)),
    'tokenizer.json': tokenizer.json,
    'tokenizer_config.json': jsonText({
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: template.bosToken === '' ? null : template.bosToken,
      eos_token: template.eosToken,
      clean_up_tokenization_spaces: false,
      model_max_length: model.config.maxPositions,
      chat_template: template.source,
    }),
  };
}
