/**
 * Gemma 2: norms before and behind attention and MLP, their weights stored less one; scores and logits kept within caps; embeddings
 * scaled; every other layer sees through a sliding window. Its GGUF files lack the scale of queries and are not read.
 */
import { LLAMA_LINEARS, type Family } from './family.js';

export const gemma2: Family = {
  architecture: 'Gemma2ForCausalLM',
  gguf: { architecture: 'gemma2', holdsModels: false, interleavesHeads: false },
  linears: LLAMA_LINEARS,
  norms: {
    attention: { hub: 'input_layernorm', gguf: 'attn_norm' },
    attentionOutput: { hub: 'post_attention_layernorm', gguf: 'post_attention_norm' },
    mlp: { hub: 'pre_feedforward_layernorm', gguf: 'ffn_norm' },
    mlpOutput: { hub: 'post_feedforward_layernorm', gguf: 'post_ffw_norm' },
  },
  normOffset: 1,
  biased: [],
  activation: 'gelu_pytorch_tanh',
  scalesEmbeddings: true,
  settings: {
    head_dim: 256,
    num_key_value_heads: 4,
    tie_word_embeddings: true,
    sliding_window: 4096,
    query_pre_attn_scalar: 256,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
  },
};
