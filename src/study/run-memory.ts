/** Memory that a run takes at its most, told from its model and its batches before anything starts. */
import { elementCount } from '../core/collections.js';
import { modelParameters } from '../models/modules.js';
import type { ModelConfig } from '../models/model.js';
import { adapterBytes } from './estimate.js';
import { runName } from './identity.js';
import type { StudyModel } from './plan.js';
import type { PlannedRun } from './run-spec.js';

/** A process with the runtime and a tokenizer, before it holds a model. */
const PROCESS_BYTES = 300e6;
/** Copies of the weights in f32 that are held at once: the base's, those with the adapter merged in, and parts on their way. */
const WEIGHT_COPIES = 2.5;
/** Numbers kept for the way back, for each token and layer: so many of the hidden width, and of the inner one. */
const KEPT = { hidden: 8, inner: 4 };
/** Numbers for each learnt token and entry of the vocabulary: logits, their probabilities and gradients. */
const KEPT_OF_VOCABULARY = 6;
/** Share of tokens learnt where questions are trained on, at their most in one batch. */
const LEARNT_SHARE = 0.3;
const FLOAT = 4;

/** Bytes of a run's process at its most; somewhat too many rather than too few. A served model takes none here. */
export function runMemory(run: Pick<PlannedRun, 'spec' | 'set'>, model: StudyModel): number {
  return model.kind === 'served' ? PROCESS_BYTES : memoryWith(run, model.model.config);
}

/** The same with a model of that configuration, whichever the run's own is. */
export function memoryWith({ spec, set }: Pick<PlannedRun, 'spec' | 'set'>, config: ModelConfig): number {
  const weights = modelParameters(config).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const { training } = spec.identity;
  const held = PROCESS_BYTES + WEIGHT_COPIES * FLOAT * weights;
  if (training === null) return held;
  const { batchTokens, maxLength, gradientCheckpointing = false, lora } = training.settings;
  const longest = set === undefined ? Math.max(batchTokens, maxLength) : batchTokens;
  const layers = gradientCheckpointing ? 1 : config.layers;
  const learnt = set === undefined ? LEARNT_SHARE : 1;
  const kept =
    longest * (layers * keptOf(config) + config.layers * config.hiddenSize) +
    learnt * batchTokens * KEPT_OF_VOCABULARY * config.vocabSize;
  return held + FLOAT * kept + adapterBytes(config, lora.rank);
}

const keptOf = ({ hiddenSize, intermediateSize }: ModelConfig): number =>
  KEPT.hidden * hiddenSize + KEPT.inner * intermediateSize;

/** Runs that need more than is free, by name. */
export function tightRuns(
  runs: readonly PlannedRun[],
  model: StudyModel,
  free: number,
): { run: string; bytes: number }[] {
  return runs
    .map((run) => ({ run: runName(run.spec.identity), bytes: runMemory(run, model) }))
    .filter(({ bytes }) => bytes > free);
}
