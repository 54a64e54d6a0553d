/** Settings of training and answering: plain data, part of a run's identity, shared by study, train and generate. */

/** The seven linear layers of a decoder block that can be adapted, by PEFT's names. */
export const TARGET_MODULES = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

export type TargetModule = (typeof TARGET_MODULES)[number];

/** LoRA (Hu et al., 2021): W x + scale · B A x, with A [r, in], B [out, r]. */
export interface LoraSettings {
  /** 1 to 512. */
  readonly rank: number;
  readonly alpha: number;
  /** Scale alpha/√r in place of alpha/r (rsLoRA, Kalajdzievski 2023). */
  readonly rslora: boolean;
  /** Dropout on the adapter's input, 0 to below 1. */
  readonly dropout: number;
  readonly targets: readonly TargetModule[];
  /** Other ranks for some modules: keys as PEFT's `rank_pattern`. */
  readonly rankPattern?: Readonly<Record<string, number>>;
}

/** How the frozen base's linear layers are stored while training: full f32, half precision, or in few bits (QLoRA). */
export const QUANTISATIONS = ['none', 'f16', 'nf4', 'int4', 'int8'] as const;
export type Quantisation = (typeof QUANTISATIONS)[number];

/**
 * What the frozen base's products are computed in while training: f32, or integers of eight bits, forward and back; `int8-anyway` also
 * on processors that have no instructions for it.
 */
export const COMPUTES = ['f32', 'int8', 'int8-anyway'] as const;
export type Compute = (typeof COMPUTES)[number];
/** What people may say: one of these, or `auto`, which is settled by machine and base before anything is trained. */
export const COMPUTE_CHOICES = ['auto', ...COMPUTES] as const;
export type ComputeChoice = (typeof COMPUTE_CHOICES)[number];

export type Device = 'cpu' | 'webgpu' | 'cuda';

/** Measuring the loss on items kept from training, and stopping where it no longer falls. */
export interface HeldOutSettings {
  /** Share of the items kept from training, above 0 and below 1. */
  readonly share: number;
  /** Steps between measurements; the last step is always measured. */
  readonly everySteps: number;
  /**
   * Measurements in a row without a new lowest loss at which training stops; the adapter is then that of the lowest loss,
   * wherever training ended. 0 measures only: training runs to its end and keeps its last weights.
   */
  readonly patience: number;
}

export interface TrainSettings {
  /** What is learnt from a sample: name of an objective in train/objectives; default `answers`. */
  readonly objective?: string;
  readonly lora: LoraSettings;
  readonly learningRate: number;
  readonly schedule: 'constant' | 'linear' | 'cosine';
  /** Share of all steps spent warming up, 0 to 1. */
  readonly warmupRatio: number;
  readonly epochs: number;
  /** Stops earlier than `epochs` would. */
  readonly maxSteps?: number;
  /** Tokens of one micro-batch, shared context counted once. */
  readonly batchTokens: number;
  /** Micro-batches per optimiser step. */
  readonly accumulation: number;
  /** Whether micro-batches of one step are of like length, so that lanes end together; default false. */
  readonly groupByLength?: boolean;
  /** Largest global gradient norm; 0 leaves gradients as they are. */
  readonly clipNorm: number;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly seed: number;
  /** Longest sample in tokens; the context is what gets shortened. */
  readonly maxLength: number;
  readonly quantisation: Quantisation;
  /** Default `f32`; adapters are asked in f32 whatever they were trained in. */
  readonly compute?: Compute;
  /** Keeps of each layer its input alone and computes the rest again on the way back: less memory for a third more work. */
  readonly gradientCheckpointing?: boolean;
  /** Steps between checkpoints; 0 writes none. */
  readonly checkpointEverySteps: number;
  /** Micro-batches of a step computed side by side, each on its share of the threads and in memory of its own; default 1. */
  readonly lanes?: number;
  /** Without it, every sample is trained on. */
  readonly heldOut?: HeldOutSettings;
}

/** Settings of how a training is carried out: none of them changes its adapter. */
export type TrainPlace = Pick<TrainSettings, 'checkpointEverySteps' | 'lanes'>;

/** Settings that make an adapter what it is. */
export type TrainIdentity = Omit<TrainSettings, keyof TrainPlace>;

/** The settings that make an adapter what it is, and those of how it is made. */
export function apart({ checkpointEverySteps, lanes, ...settings }: TrainSettings): {
  readonly settings: TrainIdentity;
  readonly place: TrainPlace;
} {
  return { settings, place: { checkpointEverySteps, ...(lanes !== undefined && { lanes }) } };
}

export interface GenerateSettings {
  readonly maxNewTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly seed: number;
  /** Strings that end an answer (and are cut from it). */
  readonly stop: readonly string[];
}

/** lora_alpha / r, or lora_alpha / √r with rsLoRA. */
export function loraScale(lora: LoraSettings, rank: number = lora.rank): number {
  return lora.alpha / (lora.rslora ? Math.sqrt(rank) : rank);
}
