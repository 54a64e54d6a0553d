/** Mistral: Llama's layers, with attention through a sliding window where config.json names one; its GGUF files are of the architecture "llama". */
import { LLAMA_LINEARS, LLAMA_NORMS, type Family } from './family.js';

export const mistral: Family = {
  architecture: 'MistralForCausalLM',
  gguf: { architecture: 'llama', holdsModels: true, interleavesHeads: true },
  linears: LLAMA_LINEARS,
  norms: LLAMA_NORMS,
  biased: [],
  activation: 'silu',
  settings: { sliding_window: 4096, num_key_value_heads: 8 },
};
