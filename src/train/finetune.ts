/** Fine-tuning: one LoRA adapter trained on samples, from the first step or the last checkpoint to a PEFT folder. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import type { Device, TrainSettings } from '../core/settings.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { writeAdapter, type LoraTensors } from '../models/adapter.js';
import type { LoadedModel } from '../models/model.js';
import { rankOf } from '../models/network.js';
import type { TokenSample } from '../models/prompt.js';
import { resumeCheckpoint, saveCheckpoint } from './checkpoint.js';
import { planSteps, type PlannedStep } from './plan.js';
import { learningRateAt } from './schedule.js';
import { Trainer, loraInitialiser } from './trainer.js';

export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly tokens: number;
  /** Seconds since this process began to train. */
  readonly seconds: number;
}

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
  readonly warnings: readonly string[];
}

export interface FinetuneOptions {
  readonly model: LoadedModel;
  readonly samples: readonly TokenSample[];
  readonly settings: TrainSettings;
  /** The run's folder: gets `metrics.jsonl`, `checkpoints/` while training, and `adapter/`. */
  readonly folder: string;
  readonly threads?: number;
  readonly device?: Device;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

/** A loss or gradient that is not a number: training stops before the weights are touched. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError';

  constructor(
    readonly step: number,
    readonly sampleIds: readonly string[],
  ) {
    super(
      `the loss is not finite at step ${step}; its batch held ${sampleIds.slice(0, 8).join(', ')}${sampleIds.length > 8 ? ' …' : ''}: lower the learning rate, or look at these samples`,
    );
  }
}

interface Metric {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly tokens: number;
}

const METRICS = 'metrics.jsonl';

function identityOf({ model, samples, settings }: FinetuneOptions): string {
  return hashJson({
    model: model.identity,
    // How often checkpoints are written changes nothing.
    settings: { ...settings, checkpointEverySteps: 0 },
    samples: samples.map(({ id, prompt, answer }) => ({ id, prompt, answer })),
  });
}

/** Metrics up to a step, a torn last line left out; the file is cut to them. */
function keepMetrics(path: string, steps: number): Metric[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'));
  const kept = lines.map((line) => JSON.parse(line) as Metric).filter((metric) => metric.step <= steps);
  writeFileSync(path, kept.map((metric) => JSON.stringify(metric) + '\n').join(''));
  return kept;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

/** Trained tensors by module, as PEFT groups them. */
function loraTensors(trainer: Trainer): LoraTensors {
  const tensors: LoraTensors = {};
  for (const parameter of trainer.parameters) {
    const module = /^(.*)\.lora_A\.weight$/.exec(parameter.name)?.[1];
    if (module === undefined) continue;
    const a = trainer.trained.get(parameter.name);
    const b = trainer.trained.get(`${module}.lora_B.weight`);
    const [rank, inFeatures] = parameter.shape;
    if (!a || !b || rank === undefined || inFeatures === undefined)
      throw new Error(`adapter of ${module} is incomplete`);
    tensors[module] = { a, b, rank, inFeatures, outFeatures: b.length / rank };
  }
  return tensors;
}

function sampleIds(step: PlannedStep): string[] {
  return step.batches.flat().flatMap((row) => row.samples);
}

class Finetuning {
  readonly metrics: Metric[];
  readonly started = performance.now();

  constructor(
    readonly options: FinetuneOptions,
    readonly trainer: Trainer,
    readonly plan: readonly PlannedStep[],
    readonly identity: string,
  ) {
    const state = resumeCheckpoint(this.checkpoints, trainer, identity);
    mkdirSync(options.folder, { recursive: true });
    this.metrics = keepMetrics(this.metricsPath, state?.step ?? 0);
  }

  get checkpoints(): string {
    return join(this.options.folder, 'checkpoints');
  }

  get metricsPath(): string {
    return join(this.options.folder, METRICS);
  }

  async run(): Promise<void> {
    const { settings, signal } = this.options;
    for (let step = this.trainer.optimiser.steps; step < this.plan.length; step++) {
      signal?.throwIfAborted();
      await this.#step(this.plan[step] as PlannedStep, step);
      const every = settings.checkpointEverySteps;
      if (every > 0 && (step + 1) % every === 0 && step + 1 < this.plan.length) {
        saveCheckpoint(this.checkpoints, this.trainer, { step: step + 1, identity: this.identity, counters: {} });
      }
    }
  }

  async #step(planned: PlannedStep, step: number): Promise<void> {
    const { settings } = this.options;
    const learningRate = learningRateAt(step, this.plan.length, settings);
    const { loss, gradientNorm, tokens } = await this.trainer.step(planned.batches, learningRate, settings.clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw new NonFiniteLossError(step + 1, sampleIds(planned));
    const metric: Metric = { step: step + 1, epoch: planned.epoch, loss, learningRate, gradientNorm, tokens };
    appendFileSync(this.metricsPath, JSON.stringify(metric) + '\n');
    this.metrics.push(metric);
    this.options.onProgress?.({ step: step + 1, steps: this.plan.length, loss, tokens, seconds: this.#seconds() });
  }

  #seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  result(adapterPath: string): TrainResult {
    const losses = this.metrics.map((metric) => metric.loss);
    const tenth = Math.max(1, Math.floor(losses.length / 10));
    const first = mean(losses.slice(0, tenth));
    const last = mean(losses.slice(-tenth));
    return {
      steps: losses.length,
      firstLoss: first,
      lastLoss: last,
      tokens: this.metrics.reduce((total, metric) => total + metric.tokens, 0),
      seconds: this.#seconds(),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      adapterPath,
      parameters: [...this.trainer.trained.values()].reduce((total, each) => total + each.length, 0),
      warnings: last < first ? [] : ['the loss did not fall: the adapter may have learnt nothing'],
    };
  }
}

/**
 * Trains one adapter. Going on from a checkpoint in the folder gives the same bits as an uninterrupted training.
 * Throws NonFiniteLossError, UserError for samples that cannot be trained on, and the signal's reason when aborted.
 */
export async function finetune(options: FinetuneOptions): Promise<TrainResult> {
  const { model, settings, folder } = options;
  if (settings.quantisation !== 'none')
    throw new UserError(`invalid quantisation "${settings.quantisation}": only "none" can be trained on so far`);
  const samples = options.samples.map(({ id, item, prompt, answer }) => ({ id, item, prompt, answer }));
  const plan = planSteps(samples, settings);
  const longest = Math.max(...samples.map((each) => each.prompt.length + each.answer.length));
  const trainer = await Trainer.create({
    engine: onnxRuntimeEngine({
      device: options.device ?? 'cpu',
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    }),
    config: model.config,
    training: { kind: 'lora', lora: settings.lora },
    initial: loraInitialiser(model.weights, settings.seed),
    optimiser: settings,
    positions: longest,
    seed: settings.seed,
  });
  try {
    const training = new Finetuning(options, trainer, plan, identityOf(options));
    await training.run();
    const adapterPath = join(folder, 'adapter');
    writeAdapter(adapterPath, { lora: settings.lora, tensors: loraTensors(trainer), baseModel: model.name });
    rmSync(training.checkpoints, { recursive: true, force: true });
    return training.result(adapterPath);
  } finally {
    await trainer.dispose();
  }
}

/** Number of parameters an adapter of these settings trains on a model. */
export function adapterParameters(
  lora: TrainSettings['lora'],
  linears: readonly { readonly module: string; readonly inFeatures: number; readonly outFeatures: number }[],
): number {
  return linears.reduce(
    (total, { module, inFeatures, outFeatures }) => total + rankOf(lora, module) * (inFeatures + outFeatures),
    0,
  );
}
