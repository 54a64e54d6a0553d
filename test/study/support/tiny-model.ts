/** A whole Qwen2 model of a few thousand weights with the bundled tokenizer: real to the engine, trained in a moment. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../../src/core/random.js';
import { bundledModelPath } from '../../../src/models/load.js';
import { readModelConfig } from '../../../src/models/formats/hub-config.js';
import { modelParameters } from '../../../src/models/modules.js';
import { writeSafetensors } from '../../../src/models/formats/safetensors.js';
import { loadTokenizer } from '../../../src/models/text/tokenizer.js';

const SHAPE = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 1024,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  hidden_act: 'silu',
};

/** Writes the model into a folder with weights drawn from the seed, and gives the folder back; `width` is its hidden size. */
export function writeTinyModel(folder: string, seed = 1, width = SHAPE.hidden_size): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(bundledModelPath(), name), join(folder, name));
  const { vocabSize } = loadTokenizer(folder);
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ ...SHAPE, hidden_size: width, vocab_size: vocabSize, eos_token_id: 0 }),
  );
  const random = new Random(seed, 'tiny');
  const tensors = modelParameters(readModelConfig(folder)).map(({ name, role, shape }) => ({
    name,
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
      role === 'norm' ? 1 : random.normal() * 0.1,
    ),
  }));
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { metadata: { format: 'pt' } });
  return folder;
}
