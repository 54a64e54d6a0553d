/** Qwen3: a norm on every head's q and k, and no biases. */
import { LLAMA_LINEARS, LLAMA_NORMS, type Family } from './family.js';

export const qwen3: Family = {
  architecture: 'Qwen3ForCausalLM',
  gguf: { architecture: 'qwen3', holdsModels: true, interleavesHeads: false },
  linears: LLAMA_LINEARS,
  norms: {
    ...LLAMA_NORMS,
    query: { hub: 'self_attn.q_norm', gguf: 'attn_q_norm' },
    key: { hub: 'self_attn.k_norm', gguf: 'attn_k_norm' },
  },
  biased: [],
  activation: 'silu',
  settings: { head_dim: 128 },
};
