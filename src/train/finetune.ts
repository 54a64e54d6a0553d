/** Fine-tuning: one LoRA adapter trained on samples, from the first step or the last checkpoint to a PEFT folder. */
import { largest } from '../core/collections.js';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Device, TrainSettings } from '../core/settings.js';
import { laneEngine, type LaneEngine } from '../engine/lanes.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { writeAdapter } from '../models/adapter/adapter.js';
import { INT8_RECIPE } from '../models/graph/int8-weights.js';
import { roundedWeights } from '../models/formats/quantise.js';
import type { LoadedModel } from '../models/model.js';
import { loraParameters } from '../models/modules.js';
import type { PeftChoice } from '../peft/settings.js';
import { checkCompute, checkLanes } from './compute.js';
import { FinetuningPlan } from './finetuning-plan.js';
import type { HeldOutRecord } from './held-out.js';
import { codesKeeper, codesName } from './kept-codes.js';
import { loraTensors } from './lora-tensors.js';
import { carryOut, checkpointsIn } from './loop.js';
import type { TrainingSample } from './objectives/objective.js';
import { objectiveNamed } from './objectives/objectives.js';
import { PeftTrainer } from './peft-trainer.js';
import type { StepMetric } from './step-metric.js';
import type { StepTrainer, Weights } from './step-trainer.js';
import { Trainer, loraInitialiser, type TrainerOptions } from './trainer.js';

/** Told after every step. */
export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly tokens: number;
  /** Seconds since this process began to train. */
  readonly seconds: number;
  /** Loss on the items kept from training, at the steps that measure it. */
  readonly heldOutLoss?: number;
}

/** What a training came to. */
export interface TrainResult {
  readonly steps: number;
  /** Mean loss of the first and of the last tenth of the steps (one step at least). */
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Tokens fed, shared contexts counted once. */
  readonly tokens: number;
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  readonly adapterPath: string;
  /** Trained parameters. */
  readonly parameters: number;
  /** What the items kept from training said; null where none were. */
  readonly heldOut: HeldOutRecord | null;
  readonly warnings: readonly string[];
}

/** What is trained, on what, and where it leaves its traces. */
export interface FinetuneOptions {
  readonly model: LoadedModel;
  readonly samples: readonly TrainingSample[];
  readonly settings: TrainSettings;
  /** The run's folder: gets `metrics.jsonl`, `checkpoints/` while training, and `adapter/`. */
  readonly folder: string;
  readonly threads?: number;
  readonly device?: Device;
  /** Trains by PyTorch and PEFT in a Python process, in place of lightmem's own engine. */
  readonly peft?: PeftChoice;
  /** Where what a base in eight bits is computed with is kept for other trainings, a folder for each; default nowhere. */
  readonly bases?: string;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

const METRICS = 'metrics.jsonl';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

/** A base in eight bits is made of what its weights stand for where they are kept in fewer bits, and what stays in f32 of these. */
function frozenBase(
  model: LoadedModel,
  { lora, quantisation, seed, compute = 'f32' }: TrainSettings,
): Pick<TrainerOptions, 'training' | 'initial'> {
  if (compute === 'f32')
    return {
      training: { kind: 'lora', lora, quantisation },
      initial: loraInitialiser(model.weights, seed, quantisation),
    };
  const plain = quantisation === 'none' ? model.weights : roundedWeights(model, quantisation);
  return {
    training: { kind: 'lora', lora, quantisation, int8: INT8_RECIPE },
    initial: loraInitialiser(model.weights, seed, quantisation, plain),
  };
}

/** Of a base in eight bits: what its directions are found on, and where they and its codes are kept. */
function codesFor(
  { model, settings, bases, signal }: Omit<FinetuneOptions, 'samples'>,
  plan: FinetuningPlan,
): Pick<TrainerOptions, 'calibration' | 'keepCodes'> {
  const { compute = 'f32', quantisation } = settings;
  if (compute === 'f32') return {};
  const calibration = plan.calibration(INT8_RECIPE.calibrationTokens);
  if (bases === undefined) return { calibration };
  const identity = { model: model.identity, quantisation, recipe: INT8_RECIPE, calibration };
  const folder = join(bases, codesName(identity));
  return { calibration, keepCodes: codesKeeper({ folder, ...(signal && { signal }) }) };
}

/** As many lanes as a step has micro-batches for and the run has threads; none where that is one, or PyTorch trains. */
function lanesFor(
  { settings, threads = availableParallelism(), peft }: FinetuneOptions,
  { steps }: FinetuningPlan,
): LaneEngine | undefined {
  const lanes = Math.min(settings.lanes ?? 1, threads, largest(steps.map(({ batches }) => batches.length)));
  return lanes < 2 || peft !== undefined ? undefined : laneEngine({ lanes, threads: Math.floor(threads / lanes) });
}

function trainerFor(
  { model, samples, settings, ...options }: FinetuneOptions,
  plan: FinetuningPlan,
  lanes: LaneEngine | undefined,
): Promise<StepTrainer> {
  const { peft, folder, threads } = options;
  if (peft !== undefined)
    return PeftTrainer.create({
      ...{ model, settings, folder, peft: peft.settings },
      ...(peft.python !== undefined && { python: peft.python }),
      ...(threads !== undefined && { threads }),
    });
  const engine = onnxRuntimeEngine({ device: options.device ?? 'cpu', ...(threads !== undefined && { threads }) });
  return Trainer.create({
    ...{ engine: lanes ?? engine, maker: engine },
    config: model.config,
    ...frozenBase(model, settings),
    ...codesFor({ model, settings, ...options }, plan),
    optimiser: settings,
    positions: largest(samples.map((each) => each.prompt.length + each.answer.length)),
    labels: objectiveNamed(settings.objective).labels,
    keep: settings.gradientCheckpointing === true ? 'layer-inputs' : 'everything',
    seed: settings.seed,
  });
}

/** What a log's lines say of a training, from its first step on. */
function summary(
  metrics: readonly StepMetric[],
): Pick<TrainResult, 'steps' | 'firstLoss' | 'lastLoss' | 'tokens' | 'warnings'> {
  const losses = metrics.map((metric) => metric.loss);
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  const [firstLoss, lastLoss] = [mean(losses.slice(0, tenth)), mean(losses.slice(-tenth))];
  return {
    steps: losses.length,
    firstLoss,
    lastLoss,
    tokens: metrics.reduce((total, metric) => total + metric.tokens, 0),
    warnings: lastLoss < firstLoss ? [] : ['the loss did not fall: the adapter may have learnt nothing'],
  };
}

/** Trains to the end of the plan, or of its patience. */
async function trained(
  options: FinetuneOptions,
  plan: FinetuningPlan,
  trainer: StepTrainer,
): Promise<readonly StepMetric[]> {
  const { folder, signal, onProgress } = options;
  const [started, steps] = [performance.now(), plan.steps.length];
  return carryOut(plan, trainer, {
    folder,
    log: METRICS,
    ...(signal && { signal }),
    onMetric: ({ step, loss, tokens, heldOutLoss }) =>
      onProgress?.({
        ...{ step, steps, loss, tokens, seconds: secondsSince(started) },
        ...(heldOutLoss !== undefined && { heldOutLoss }),
      }),
  });
}

/** The best measurement's where those are kept, else the last step's. */
function weightsToKeep({ earlyStop }: FinetuningPlan, trainer: StepTrainer): Promise<Weights> {
  const best = earlyStop?.best;
  return best !== undefined && best.size > 0 ? Promise.resolve(best) : trainer.weights();
}

const secondsSince = (started: number): number => (performance.now() - started) / 1000;

/**
 * Trains one adapter; with `settings.heldOut`, on the items that are not held out. Going on from a checkpoint in the folder gives the
 * same bits as an uninterrupted training. Throws NonFiniteLossError, UserError for samples and objectives that cannot be trained on,
 * and the signal's reason when aborted.
 */
export async function finetune(options: FinetuneOptions): Promise<TrainResult> {
  const { model, samples, settings } = options;
  const place = { device: options.device, isPeft: options.peft !== undefined };
  checkCompute(settings.compute, place);
  checkLanes(settings.lanes, place);
  const plan = new FinetuningPlan({ model: model.identity, samples, settings });
  const lanes = lanesFor(options, plan);
  try {
    const trainer = await trainerFor(options, plan, lanes);
    try {
      return await adapterOf(options, plan, trainer);
    } finally {
      await trainer.dispose();
    }
  } finally {
    await lanes?.close();
  }
}

/** Carries the plan out and writes the adapter. */
async function adapterOf(options: FinetuneOptions, plan: FinetuningPlan, trainer: StepTrainer): Promise<TrainResult> {
  const { model, settings, folder } = options;
  const started = performance.now();
  const metrics = await trained(options, plan, trainer);
  const adapterPath = join(folder, 'adapter');
  const weights = await weightsToKeep(plan, trainer);
  const tensors = loraTensors(loraParameters(model.config, settings.lora), weights);
  writeAdapter(adapterPath, { lora: settings.lora, tensors, baseModel: model.name });
  rmSync(checkpointsIn(folder), { recursive: true, force: true });
  return {
    ...summary(metrics),
    seconds: secondsSince(started),
    peakMemoryBytes: await trainer.peakMemoryBytes(),
    adapterPath,
    heldOut: plan.heldOutRecord(metrics.length),
    parameters: [...weights.values()].reduce((total, each) => total + each.length, 0),
  };
}
