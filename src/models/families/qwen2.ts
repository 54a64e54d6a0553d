/** Qwen2 and Qwen2.5: biases on q, k and v. */
import { LLAMA_LINEARS, LLAMA_NORMS, type Family } from './family.js';

export const qwen2: Family = {
  architecture: 'Qwen2ForCausalLM',
  gguf: { architecture: 'qwen2', holdsModels: true, interleavesHeads: false },
  linears: LLAMA_LINEARS,
  norms: LLAMA_NORMS,
  biased: ['q_proj', 'k_proj', 'v_proj'],
  activation: 'silu',
  settings: {},
};
