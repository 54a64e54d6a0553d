/** Pretraining: all weights of a small model learnt from scratch on an endless source of items, stage by stage. */
import { elementCount } from '../core/collections.js';
import { Random } from '../core/random.js';
import type { Engine } from '../engine/engine.js';
import type { ModelConfig } from '../models/model.js';
import type { Parameter } from '../models/graph/network.js';
import { carryOut } from './loop.js';
import { DEFAULT_TEXT_WEIGHTS } from './objectives/text-and-answers.js';
import {
  PretrainingPlan,
  type PretrainingReport,
  type PretrainingSettings,
  type PretrainingSource,
} from './pretraining-plan.js';
import { Trainer } from './trainer.js';

/** What the bundled base model was trained with. */
export const PRETRAINING_DEFAULTS: PretrainingSettings = {
  seed: 1,
  totalTokens: 40_000_000,
  batchTokens: 2048,
  learningRate: 2e-3,
  betas: [0.9, 0.98],
  weightDecay: 0.01,
  clipNorm: 1,
  warmupSteps: 100,
  decayShare: 0.25,
  ...DEFAULT_TEXT_WEIGHTS,
  advanceAt: 0.85,
  earlierShare: 0.3,
  poolRows: 48,
  checkpointEveryPools: 20,
};

/** Start values: norms one, biases zero, embeddings normal at 0.05, linear weights normal at 0.5/√in. */
function initialValues(seed: number): (parameter: Parameter) => Float32Array {
  return ({ name, role, shape }) => {
    const size = elementCount(shape);
    if (role === 'norm') return new Float32Array(size).fill(1);
    if (role === 'bias') return new Float32Array(size);
    const random = new Random(seed, 'initial', name);
    const deviation = role === 'embedding' ? 0.05 : 0.5 / Math.sqrt(shape[1] ?? 1);
    return Float32Array.from({ length: size }, () => random.normal() * deviation);
  };
}

const CURVE = 'curve.jsonl';

/** What is pretrained, on what, and where it leaves its traces. */
export interface PretrainOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly source: PretrainingSource;
  readonly settings: PretrainingSettings;
  /** Weights to begin with; default drawn from the seed. */
  readonly initial?: (parameter: Parameter) => Float32Array;
  /** Gets `curve.jsonl`, a line per pool, and `checkpoints/`. */
  readonly folder: string;
  readonly onReport?: (report: PretrainingReport) => void;
  readonly signal?: AbortSignal;
}

/**
 * Trains until `totalTokens`, going on from the newest checkpoint in the folder to the same bits as without a stop. Gives the trainer,
 * whose parameters are the model; it is the caller's to dispose of. Throws NonFiniteLossError, and the signal's reason when aborted.
 */
export async function pretrain(options: PretrainOptions): Promise<Trainer> {
  const { engine, config, source, settings, folder, onReport, signal } = options;
  const trainer = await Trainer.create({
    engine,
    config,
    training: { kind: 'all' },
    initial: options.initial ?? initialValues(settings.seed),
    optimiser: { betas: settings.betas, epsilon: 1e-8, weightDecay: settings.weightDecay },
    positions: config.maxPositions,
  });
  const plan = new PretrainingPlan(config, source, settings);
  try {
    await carryOut(plan, trainer, {
      folder,
      log: CURVE,
      ...(onReport && { onMetric: onReport }),
      ...(signal && { signal }),
    });
    return trainer;
  } catch (error) {
    await trainer.dispose();
    throw error;
  }
}
