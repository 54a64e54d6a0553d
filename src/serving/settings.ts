/** Settings of a server that answers for a base model and for adapters of it. */

export const SERVER_KINDS = ['vllm', 'llama-server', 'openai'] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

/** What a server is told to compute in; `auto` leaves it to the server. */
export const SERVED_PRECISIONS = ['auto', 'f32', 'f16', 'bf16'] as const;
export type ServedPrecision = (typeof SERVED_PRECISIONS)[number];

/** How a server is reached or started, and asked; plain data. */
export interface ServerSettings {
  readonly kind: ServerKind;
  /** Address of a server that runs; without it, one is started on this machine. */
  readonly endpoint?: string;
  /** Words of the command that starts it; default `vllm serve` or `llama-server`, none for `openai`. `{port}` stands for the port. */
  readonly command?: readonly string[];
  /** Words added to the command. */
  readonly options: readonly string[];
  /** What the server knows the base by: a name at an endpoint, a file or folder where it is started here; default the study's model. */
  readonly model?: string;
  /** For `openai`, what a request names as its model for an adapter: `{base}`, `{adapter}` and `{path}` are put in. */
  readonly adapters?: string;
  readonly precision: ServedPrecision;
  /** Adapters that vLLM holds on the GPU, and that it knows, at once. */
  readonly maxLoras: number;
  readonly maxCpuLoras: number;
  /** Share of the GPU's memory that vLLM takes. */
  readonly gpuMemory: number;
  /** Whether the server puts a start token before a text by itself, so that the prompt's own is left out. */
  readonly addsStart: boolean;
  /** Largest rank that it is asked to serve. */
  readonly maxRank: number;
  /** Tokens of the longest prompt with its answer. */
  readonly positions: number;
  /** Requests under way at once. */
  readonly atOnce: number;
  /** Longest start, in seconds. */
  readonly startSeconds: number;
  /** Longest wait for one answer, in seconds. */
  readonly answerSeconds: number;
  /** Whether adapters are compared with the base before questions are asked. */
  readonly check: boolean;
}

/** The part of the settings that can change an answer, beside base and adapter. */
export interface ServerIdentity {
  readonly kind: ServerKind;
  readonly precision: ServedPrecision;
  /** What the server opens in place of the study's model: contents of a file, or a name. */
  readonly base?: string;
  /** Options of a server that is started here: they may set precision or attention. */
  readonly options?: readonly string[];
}
