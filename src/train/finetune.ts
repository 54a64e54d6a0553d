/** Fine-tuning: one LoRA adapter trained on samples, from the first step or the last checkpoint to a PEFT folder. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashJson } from '../core/hash.js';
import type { Device, TrainSettings } from '../core/settings.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { writeAdapter, type LoraTensors } from '../models/adapter/adapter.js';
import type { LoadedModel } from '../models/model.js';
import type { Role } from '../models/modules.js';
import { resumeCheckpoint, saveCheckpoint } from './checkpoint.js';
import { EarlyStop, splitByItem, type HeldOutRecord, type Split, type Standing } from './held-out.js';
import { planSteps, type PlannedStep } from './batch-plan.js';
import type { Objective, TrainingSample } from './objectives/objective.js';
import { objectiveNamed } from './objectives/objectives.js';
import { learningRateAt } from './schedule.js';
import { Trainer, loraInitialiser } from './trainer.js';

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

export interface FinetuneOptions {
  readonly model: LoadedModel;
  readonly samples: readonly TrainingSample[];
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
  readonly heldOutLoss?: number;
}

const METRICS = 'metrics.jsonl';

const objectiveOf = ({ objective = 'answers' }: TrainSettings): Objective => objectiveNamed(objective);

function identityOf({ model, samples, settings }: FinetuneOptions): string {
  return hashJson({
    model: model.identity,
    // How often checkpoints are written changes nothing.
    settings: { ...settings, checkpointEverySteps: 0 },
    samples: samples.map(objectiveOf(settings).learnt),
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
  const parts = (role: Role) => trainer.parameters.filter((parameter) => parameter.role === role);
  const ups = new Map(parts('lora_B').map(({ module, name }) => [module, trainer.trained.get(name)]));
  for (const { module, name, shape } of parts('lora_A')) {
    const [a, b] = [trainer.trained.get(name), ups.get(module)];
    const [rank, inFeatures] = shape;
    if (!a || !b || rank === undefined || inFeatures === undefined)
      throw new Error(`adapter of ${module} is incomplete`);
    tensors[module] = { a, b, rank, inFeatures, outFeatures: b.length / rank };
  }
  return tensors;
}

function sampleIds(batches: PlannedStep['batches']): string[] {
  return batches.flat().flatMap((row) => row.samples);
}

/** What is trained on and what is measured on, laid out before the first step. */
interface Layout {
  readonly plan: readonly PlannedStep[];
  readonly split: Split<TrainingSample>;
  /** Batches of the held-out samples; empty where none are held out. */
  readonly measured: PlannedStep['batches'];
}

function layOut({ samples, settings }: FinetuneOptions): Layout {
  const { heldOut, seed } = settings;
  const split = heldOut === undefined ? { trained: samples, heldOut: [] } : splitByItem(samples, heldOut.share, seed);
  const objective = objectiveOf(settings);
  const once = { epochs: 1, accumulation: 1, batchTokens: settings.batchTokens, seed, objective };
  const measured = split.heldOut.length === 0 ? [] : planSteps(split.heldOut, once);
  return {
    plan: planSteps(split.trained, { ...settings, objective }),
    split,
    measured: measured.flatMap(({ batches }) => batches),
  };
}

class Finetuning {
  readonly metrics: Metric[];
  readonly started = performance.now();
  readonly #stop: EarlyStop | undefined;

  constructor(
    readonly options: FinetuneOptions,
    readonly trainer: Trainer,
    readonly layout: Layout,
    readonly identity: string,
  ) {
    const { heldOut } = options.settings;
    if (heldOut !== undefined) this.#stop = new EarlyStop(heldOut);
    const resumed = resumeCheckpoint(this.checkpoints, trainer, identity);
    if (resumed?.counters['bestStep'] !== undefined)
      this.#stop?.resume(resumed.counters as unknown as Standing, resumed.best);
    mkdirSync(options.folder, { recursive: true });
    this.metrics = keepMetrics(this.metricsPath, resumed?.step ?? 0);
  }

  get checkpoints(): string {
    return join(this.options.folder, 'checkpoints');
  }

  get metricsPath(): string {
    return join(this.options.folder, METRICS);
  }

  get plan(): readonly PlannedStep[] {
    return this.layout.plan;
  }

  /** Trains to the end of the plan, or of the patience; the trainer then holds the weights to keep. */
  async run(): Promise<void> {
    const { settings, signal } = this.options;
    for (let step = this.trainer.optimiser.steps; step < this.plan.length && this.#stop?.isOver !== true; step++) {
      signal?.throwIfAborted();
      await this.#step(this.plan[step] as PlannedStep, step);
      const every = settings.checkpointEverySteps;
      if (every > 0 && (step + 1) % every === 0 && step + 1 < this.plan.length) this.#save(step + 1);
    }
    for (const [name, data] of this.#stop?.best ?? []) this.trainer.trained.get(name)?.set(data);
  }

  #save(step: number): void {
    const counters = { ...this.#stop?.standing };
    saveCheckpoint(this.checkpoints, this.trainer, { step, identity: this.identity, counters }, this.#stop?.best);
  }

  async #step(planned: PlannedStep, step: number): Promise<void> {
    const { settings } = this.options;
    const learningRate = learningRateAt(step, this.plan.length, settings);
    const { loss, gradientNorm, tokens } = await this.trainer.step(planned.batches, learningRate, settings.clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw new NonFiniteLossError(step + 1, sampleIds(planned.batches));
    const measured = await this.#measure(step + 1);
    const metric = { step: step + 1, epoch: planned.epoch, loss, learningRate, gradientNorm, tokens, ...measured };
    appendFileSync(this.metricsPath, JSON.stringify(metric) + '\n');
    this.metrics.push(metric);
    const seconds = this.#seconds();
    this.options.onProgress?.({ step: step + 1, steps: this.plan.length, loss, tokens, seconds, ...measured });
  }

  async #measure(step: number): Promise<{ heldOutLoss?: number }> {
    if (this.#stop?.isDue(step, this.plan.length) !== true) return {};
    const { measured } = this.layout;
    const heldOutLoss = await this.trainer.evaluate(measured);
    if (!Number.isFinite(heldOutLoss)) throw new NonFiniteLossError(step, sampleIds(measured));
    this.#stop.take(step, heldOutLoss, this.trainer.trained);
    return { heldOutLoss };
  }

  #seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  #heldOut(): HeldOutRecord | null {
    const standing = this.#stop?.standing;
    if (standing === undefined || this.#stop === undefined) return null;
    const { bestLoss, bestStep, lastLoss } = standing;
    const { heldOut } = this.layout.split;
    return {
      items: new Set(heldOut.map(({ item }) => item)).size,
      samples: heldOut.length,
      ...{ bestLoss, bestStep, lastLoss },
      stoppedEarly: this.metrics.length < this.plan.length,
      isBestKept: this.#stop.settings.patience > 0,
    };
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
      heldOut: this.#heldOut(),
      parameters: [...this.trainer.trained.values()].reduce((total, each) => total + each.length, 0),
      warnings: last < first ? [] : ['the loss did not fall: the adapter may have learnt nothing'],
    };
  }
}

/**
 * Trains one adapter; with `settings.heldOut`, on the items that are not held out. Going on from a checkpoint in the folder gives the same bits as an uninterrupted training.
 * Throws NonFiniteLossError, UserError for samples and objectives that cannot be trained on, and the signal's reason when aborted.
 */
export async function finetune(options: FinetuneOptions): Promise<TrainResult> {
  const { model, settings, folder } = options;
  const layout = layOut(options);
  const longest = Math.max(...options.samples.map((each) => each.prompt.length + each.answer.length));
  const trainer = await Trainer.create({
    engine: onnxRuntimeEngine({
      device: options.device ?? 'cpu',
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    }),
    config: model.config,
    training: { kind: 'lora', lora: settings.lora, quantisation: settings.quantisation },
    initial: loraInitialiser(model.weights, settings.seed, settings.quantisation),
    optimiser: settings,
    positions: longest,
    labels: objectiveOf(settings).labels,
    keep: settings.gradientCheckpointing === true ? 'layer-inputs' : 'everything',
    seed: settings.seed,
  });
  try {
    const training = new Finetuning(options, trainer, layout, identityOf(options));
    await training.run();
    const adapterPath = join(folder, 'adapter');
    writeAdapter(adapterPath, { lora: settings.lora, tensors: loraTensors(trainer), baseModel: model.name });
    rmSync(training.checkpoints, { recursive: true, force: true });
    return training.result(adapterPath);
  } finally {
    await trainer.dispose();
  }
}
