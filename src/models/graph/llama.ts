/** Llama and what follows it to the letter (SmolLM2): no biases, no head norms. */
import type { LayerOptions } from './blocks.js';
import type { ModelConfig } from '../model.js';

export function llama(config: ModelConfig): LayerOptions {
  return { attentionBias: config.attentionBias, headNorms: false };
}
