/** Qwen2 and Qwen2.5: biases on q, k and v. */
import type { LayerOptions } from './blocks.js';
import type { ModelConfig } from '../model.js';

export function qwen2(config: ModelConfig): LayerOptions {
  return { attentionBias: config.attentionBias, headNorms: false };
}
