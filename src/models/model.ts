/** What a loaded base model is: its configuration, a source of weights by Hugging Face names, its tokenizer and its chat template. */
import type { FamilyName } from './families/families.js';

/** Scaling of rotary frequencies as Llama 3 does it. */
export interface RopeScaling {
  readonly type: 'llama3';
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalMaxPositions: number;
}

export interface ModelConfig {
  readonly family: FamilyName;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  readonly rmsNormEpsilon: number;
  /** Whether the output head is the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  /** Whether the linear layers that the family lists as biased have their biases (q, k and v of Qwen2). */
  readonly attentionBias: boolean;
  /** Longest text that is computed, in tokens: of models that see through a window, the window. */
  readonly maxPositions: number;
  /** Queries are scaled by 1/√ of this; absent: of the width of a head. */
  readonly queryScalar?: number;
  /** Scores of attention are kept within ± this by tanh; absent: not. */
  readonly attentionSoftcap?: number;
  /** And logits within ± this. */
  readonly logitSoftcap?: number;
  readonly bosTokenId: number | null;
  /** Tokens that end an answer. */
  readonly eosTokenIds: readonly number[];
}

/** Weights by their Hugging Face names (`model.layers.0.self_attn.q_proj.weight` …), whatever the file format. */
export interface WeightSource {
  readonly names: readonly string[];
  /** Shape as stored by Hugging Face: linear weights are [out, in]. Throws UserError when the tensor is absent. */
  shape(name: string): readonly number[];
  /** The tensor's values in f32, row-major. */
  read(name: string): Float32Array;
}

/** Text to token ids and back, without special tokens added. */
export interface Tokenizer {
  /** A text's tokens. What is written like a control token (`<|im_end|>`) is text: its letters. */
  encode(text: string): number[];
  /** Tokens of what a chat template made: control tokens are tokens, save in parts that `asText` has marked. */
  encodePrompt(prompt: string): number[];
  /** A text marked so that in a prompt none of it is taken for control tokens; the same text where none of it could be. */
  asText(text: string): string;
  /** A prompt without marks, as people read it. */
  unmarked(prompt: string): string;
  /** A prompt as text for other programs: a blank in everything marked, so that they take none of it for control tokens. */
  brokenApart(prompt: string): string;
  encodeBatch(texts: readonly string[]): number[][];
  decode(ids: readonly number[]): string;
  /** SHA-256 of what defines it. */
  readonly identity: string;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A chat template rendered as the model's makers meant it. */
export interface ChatTemplate {
  /** Prompt text up to where the assistant's answer starts. */
  render(messages: readonly ChatMessage[]): string;
  /** Text that ends an answer, e.g. `<|im_end|>`. */
  readonly endOfTurn: string;
  /** All that the template writes behind an answer; undefined where it cannot be seen. */
  readonly behindAnswer?: string | undefined;
  /** A thought that the template opens before an answer, e.g. `<think>`, and that is closed at once here. */
  readonly opensThought?: string | undefined;
  readonly identity: string;
}

export interface LoadedModel {
  /** Name for people: folder name, hub id or file name. */
  readonly name: string;
  /** Folder or GGUF file it was read from. */
  readonly path: string;
  readonly config: ModelConfig;
  readonly weights: WeightSource;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** SHA-256 over everything that defines the model's function. */
  readonly identity: string;
  /** What is odd about it and worth knowing before it is used, a sentence each; default none. */
  readonly notes?: readonly string[];
}
