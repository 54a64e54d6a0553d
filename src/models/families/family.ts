/** What tells one family of decoder models from another: names in files, modules of a layer, and what of them is computed how. */
import type { TargetModule } from '../../core/settings.js';

/** A module of a layer by its names: Hugging Face's behind `model.layers.N.`, GGUF's behind `blk.N.`. */
export interface ModuleNames {
  readonly hub: string;
  readonly gguf: string;
}

/** Norms of a layer; those that a family has none of are left out. */
export interface LayerNorms<T> {
  /** Of what goes into attention, and into the MLP. */
  readonly attention: T;
  readonly mlp: T;
  /** Of each head's query and key. */
  readonly query?: T;
  readonly key?: T;
  /** Of what comes out of attention, and out of the MLP. */
  readonly attentionOutput?: T;
  readonly mlpOutput?: T;
}

/** The function inside the MLP, by its name in config.json: x · σ(x), or GELU (Hendrycks and Gimpel, 2016) by its approximation with tanh. */
export type Activation = 'silu' | 'gelu_pytorch_tanh';

/** Settings of config.json that not all families have. */
export interface OwnSettings {
  /**
   * A token sees so many tokens, itself among them, in some layers at least. Up to that length this is plain attention, and longer texts
   * are not computed: the window is the model's longest context.
   */
  readonly sliding_window?: number;
  /** Queries are scaled by 1/√ of this, not of the width of a head. */
  readonly query_pre_attn_scalar?: number;
  /** Scores of attention, and logits, are kept within ± this by tanh. */
  readonly attn_logit_softcapping?: number;
  readonly final_logit_softcapping?: number;
}

/** One family. To add one: docs/architecture.md, "To add a family". */
export interface Family {
  /** `architectures[0]` in config.json; the family's own name is `model_type`. */
  readonly architecture: `${string}ForCausalLM`;
  readonly gguf: {
    /** `general.architecture`; of several families that share it, a file is read as the first of the table. */
    readonly architecture: string;
    /** Whether files of it hold all that the model is computed from; otherwise they are not read, and adapters alone are written. */
    readonly holdsModels: boolean;
    /** Whether the two halves of each head's rows of q and k lie interleaved, as llama.cpp's conversion of Llama leaves them. */
    readonly interleavesHeads: boolean;
  };
  readonly linears: Readonly<Record<TargetModule, ModuleNames>>;
  readonly norms: LayerNorms<ModuleNames>;
  /** What weights of norms are stored less of; default 0. */
  readonly normOffset?: number;
  /** Linear layers that have a bias, where the configuration has `attentionBias`. */
  readonly biased: readonly TargetModule[];
  readonly activation: Activation;
  /** Whether embeddings are multiplied by √hiddenSize; default false. */
  readonly scalesEmbeddings?: boolean;
  /** The family's own settings, and others that it has a default of its own for, with what transformers takes where config.json leaves them out. */
  readonly settings: OwnSettings & {
    readonly head_dim?: number;
    readonly num_key_value_heads?: number;
    readonly tie_word_embeddings?: boolean;
  };
}

/** Names of the linear layers that all families have from Llama. */
export const LLAMA_LINEARS: Family['linears'] = {
  q_proj: { hub: 'self_attn.q_proj', gguf: 'attn_q' },
  k_proj: { hub: 'self_attn.k_proj', gguf: 'attn_k' },
  v_proj: { hub: 'self_attn.v_proj', gguf: 'attn_v' },
  o_proj: { hub: 'self_attn.o_proj', gguf: 'attn_output' },
  gate_proj: { hub: 'mlp.gate_proj', gguf: 'ffn_gate' },
  up_proj: { hub: 'mlp.up_proj', gguf: 'ffn_up' },
  down_proj: { hub: 'mlp.down_proj', gguf: 'ffn_down' },
};

/** Names of Llama's norms. */
export const LLAMA_NORMS: Family['norms'] = {
  attention: { hub: 'input_layernorm', gguf: 'attn_norm' },
  mlp: { hub: 'post_attention_layernorm', gguf: 'ffn_norm' },
};
