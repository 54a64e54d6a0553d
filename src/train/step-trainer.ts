/** The contract of what takes a plan's steps: it holds the trained parameters and their optimiser, wherever it computes. */
import type { Batch } from './batches.js';

/** Values of trained parameters by name. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Trained parameters with Adam's moments of them: all that a training goes on from. */
export interface TrainerState {
  readonly values: Weights;
  readonly first: Weights;
  readonly second: Weights;
}

/** What the moments of a parameter are named by behind its name, where states lie in files. */
export const MOMENTS = { first: '#first', second: '#second' } as const;

/** What one optimiser step gave. */
export interface StepResult {
  /** Mean loss over the step's learnt tokens, by weight. */
  readonly loss: number;
  readonly gradientNorm: number;
  /** Tokens of the step's rows, padding left out. */
  readonly tokens: number;
  /** −log p of every learnt token, micro-batch by micro-batch, in the order of rows and their targets; none from a trainer that does not tell. */
  readonly losses: readonly Float32Array[];
}

/** Takes steps. Parameters are named as in `modules.ts`. */
export interface StepTrainer {
  /** Steps taken. */
  readonly steps: number;
  /** One optimiser step over micro-batches. The parameters are left alone when the loss or the gradient is not finite. */
  step(batches: readonly Batch[], learningRate: number, clipNorm: number): Promise<StepResult>;
  /** Mean loss over batches by weight, with dropout off and without gradients. */
  evaluate(batches: readonly Batch[]): Promise<number>;
  /** What the parameters hold now; a later step may change it. */
  weights(): Promise<Weights>;
  /** What it stands at. */
  state(): Promise<TrainerState>;
  /** Goes on from a state, so many steps in. */
  restore(state: TrainerState, steps: number): Promise<void>;
  /** Most bytes held so far. */
  peakMemoryBytes(): Promise<number>;
  dispose(): Promise<void>;
}
