/** Llama and what follows it to the letter (SmolLM2). */
import { LLAMA_LINEARS, LLAMA_NORMS, type Family } from './family.js';

export const llama: Family = {
  architecture: 'LlamaForCausalLM',
  gguf: { architecture: 'llama', holdsModels: true, interleavesHeads: true },
  linears: LLAMA_LINEARS,
  norms: LLAMA_NORMS,
  biased: [],
  activation: 'silu',
  settings: {},
};
