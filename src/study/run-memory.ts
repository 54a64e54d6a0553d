/** Memory that a run takes at its most, told from its model and its batches before anything starts. */
import { elementCount } from '../core/collections.js';
import { remembered } from '../core/remembered.js';
import type { LoraSettings, Quantisation, TrainSettings } from '../core/settings.js';
import type { Precision } from '../peft/settings.js';
import { linearModules, modelParameters } from '../models/modules.js';
import type { ModelConfig } from '../models/model.js';
import { adapterBytes, linearWeights } from './estimate.js';
import { runName } from './identity.js';
import type { StudyModel } from './plan.js';
import type { PlannedRun } from './run-spec.js';

/** A process with the runtime and a tokenizer, before it holds a model. */
const PROCESS_BYTES = 300e6;
/** A process with PyTorch that trains on a GPU: weights pass through it and stay there. */
const PYTHON_BYTES = 6e9;
/** Copies of the weights in f32 that are held at once: the base's, those with the adapter merged in, and parts on their way. */
const WEIGHT_COPIES = 2.5;
/** Numbers kept for the way back, for each token and layer: so many of the hidden width, and of the inner one. */
const KEPT = { hidden: 8, inner: 4 };
/** Numbers for each learnt token and entry of the vocabulary: logits, their probabilities and gradients. */
const KEPT_OF_VOCABULARY = 6;
/** Share of tokens learnt where questions are trained on, at their most in one batch. */
const LEARNT_SHARE = 0.3;
const FLOAT = 4;
/** Bytes of a weight in fewer bits, with its share of the scales of blocks of 64. */
const QUANTISED = { f16: 2, nf4: 0.5 + 1 / 64, int4: 0.5 + 5 / 64, int8: 1 + 4 / 64 };

/** What the memory of a training hangs on. */
export type MemorySettings = Pick<TrainSettings, 'batchTokens' | 'maxLength' | 'gradientCheckpointing' | 'lanes'> & {
  readonly lora: Pick<LoraSettings, 'rank'>;
};

/** Bytes of a run's process at its most; somewhat too many rather than too few. A served model takes none here. */
export function runMemory(run: Pick<PlannedRun, 'spec' | 'set'>, model: StudyModel): number {
  if (model.kind === 'served') return PROCESS_BYTES;
  return model.peft?.settings.device === 'cuda' ? PYTHON_BYTES : memoryWith(run, model.model.config);
}

/** The same with a model of that configuration, whichever the run's own is. */
export function memoryWith({ spec, set }: Pick<PlannedRun, 'spec' | 'set'>, config: ModelConfig): number {
  const { training } = spec.identity;
  if (training === null) return heldBytes(config);
  const { lanes = 1 } = spec.place;
  const settings = { ...training.settings, lanes: Math.min(lanes, training.settings.accumulation) };
  return set === undefined ? questionsMemory(settings, config) : textsMemory(settings, config);
}

/** Bytes of a run that trains on questions and is asked, at its most. */
export function questionsMemory(settings: MemorySettings, config: ModelConfig): number {
  return heldBytes(config) + workBytes(settings, config);
}

/**
 * Bytes of a training on questions whose base is in few bits, at its most, asking left out: for that the weights are made f32 again,
 * and it takes what any run takes.
 */
export function quantisedTrainingMemory(
  settings: MemorySettings,
  config: ModelConfig,
  quantisation: Exclude<Quantisation, 'none'>,
): number {
  const linear = linearWeights(config);
  const made = Math.max(...linearModules(config).map(({ inFeatures, outFeatures }) => inFeatures * outFeatures));
  const held = QUANTISED[quantisation] * linear + FLOAT * (weightsOf(config) - linear + made);
  return PROCESS_BYTES + held + workBytes(settings, config);
}

/** PyTorch with CUDA on a GPU, before it holds a model. */
const CUDA_BYTES = 1e9;

/** Of what our own engine keeps for the way back, what PyTorch does on a GPU, as measured (docs/log.md). */
const WORK_SHARE: Readonly<Record<Precision, number>> = { bf16: 0.55, f32: 0.8 };

/** Bytes of a GPU that PyTorch takes for a training on questions, at its most; an estimate that no measurement stands behind yet. */
export function gpuMemory(
  settings: MemorySettings,
  config: ModelConfig,
  { precision, quantisation }: { precision: Precision; quantisation: Quantisation },
): number {
  const number = precision === 'bf16' ? FLOAT / 2 : FLOAT;
  const linear = linearWeights(config);
  const ofLinear = quantisation === 'none' ? number : QUANTISED[quantisation];
  const held = ofLinear * linear + number * (weightsOf(config) - linear);
  return CUDA_BYTES + held + WORK_SHARE[precision] * workBytes(settings, config);
}

/** Of texts a batch may be all that is learnt, and no row is longer. */
function textsMemory(settings: MemorySettings, config: ModelConfig): number {
  return heldBytes(config) + workBytes({ ...settings, maxLength: settings.batchTokens }, config, 1);
}

const weightsOf = remembered((config: ModelConfig): number =>
  modelParameters(config).reduce((sum, { shape }) => sum + elementCount(shape), 0),
);

const heldBytes = (config: ModelConfig): number => PROCESS_BYTES + WEIGHT_COPIES * FLOAT * weightsOf(config);

/** Bytes of what a step keeps for the way back and for the optimiser; of weights every lane beside the first has its own. */
function workBytes(
  { batchTokens, maxLength, gradientCheckpointing = false, lanes = 1, lora }: MemorySettings,
  config: ModelConfig,
  learnt = LEARNT_SHARE,
): number {
  const layers = gradientCheckpointing ? 1 : config.layers;
  const kept =
    Math.max(batchTokens, maxLength) * (layers * keptOf(config) + config.layers * config.hiddenSize) +
    learnt * batchTokens * KEPT_OF_VOCABULARY * config.vocabSize;
  return FLOAT * (lanes * kept + (lanes - 1) * weightsOf(config)) + adapterBytes(config, lora.rank);
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
