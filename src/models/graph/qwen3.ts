/** Qwen3: a norm on every head's q and k. */
import type { LayerOptions } from './blocks.js';
import type { ModelConfig } from '../model.js';

export function qwen3(config: ModelConfig): LayerOptions {
  return { attentionBias: config.attentionBias, headNorms: true };
}
