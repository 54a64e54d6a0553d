/** The trainer: a compiled training graph and its parameters; computes losses and gradients batch by batch and applies the optimiser. */
import { mapConcurrently } from '../core/concurrency.js';
import { Random } from '../core/random.js';
import type { Quantisation } from '../core/settings.js';
import { floatsOf, type Engine, type Fed, type Held, type Program, type Tensors } from '../engine/engine.js';
import type { ModelConfig, WeightSource } from '../models/model.js';
import { countOf, inputTensors } from '../models/graph/inputs.js';
import type { LabelKind } from '../models/graph/loss.js';
import type { ParameterDescription } from '../models/modules.js';
import { modelTensors, type ParameterValues } from '../models/graph/model-tensors.js';
import type { Parameter, Training } from '../models/graph/network.js';
import { chunksFor } from '../models/graph/packed-attention.js';
import { quantisedInputs } from '../models/graph/quantised-weights.js';
import { batchTensors } from '../models/graph/row-tensors.js';
import {
  dropoutInputs,
  dropoutRate,
  gradientName,
  lossGraph,
  trainingGraph,
  type Keep,
} from '../models/graph/training-graph.js';
import { tokensOf, weightOf, type Batch } from './batches.js';
import { int8Values, type CodeValues } from './int8-values.js';
import { AdamW, clipByNorm, type AdamWSettings, type Moments } from './optimiser.js';
import type { StepResult, StepTrainer, TrainerState, Weights } from './step-trainer.js';

/** What a LoRA matrix starts from, as PEFT's: A uniform in ±1/√in (Kaiming with a = √5), B zero. */
export function loraStart({ name, role, shape }: ParameterDescription, seed: number): Float32Array {
  const start = new Float32Array((shape[0] ?? 0) * (shape[1] ?? 0));
  if (role === 'lora_B') return start;
  const random = new Random(seed, 'lora', name);
  const bound = 1 / Math.sqrt(shape[1] ?? 1);
  return start.map(() => (2 * random.uniform() - 1) * bound);
}

/** LoRA's start, and base weights from the model; those that are asked for as they are in f32, from `plain`. */
export function loraInitialiser(
  weights: WeightSource,
  seed: number,
  quantisation: Quantisation = 'none',
  plain: WeightSource = weights,
): ParameterValues {
  const quantised = quantisation === 'none' ? undefined : quantisedInputs(weights, quantisation);
  return (parameter) => {
    const { name, role } = parameter;
    if (role === 'lora_A' || role === 'lora_B') return loraStart(parameter, seed);
    return quantised?.(parameter) ?? plain.read(name);
  };
}

/** Values of all parameters; those of a base in eight bits are made first. */
async function valuesFor(options: TrainerOptions, parameters: readonly Parameter[]): Promise<ParameterValues> {
  const { training, initial, calibration, engine, maker = engine, keepCodes = (_, make) => make() } = options;
  if (training.kind !== 'lora' || training.int8 === undefined) return initial;
  if (calibration === undefined) throw new TypeError('a base in eight bits needs a batch to find its directions on');
  const { int8: recipe, quantisation = 'none' } = training;
  const source = { ...options, engine: maker, calibration, recipe, quantisation };
  const values = await keepCodes(parameters, () => int8Values(source, parameters));
  return (parameter) => values.get(parameter.name) ?? initial(parameter);
}

/** What one micro-batch gives. */
interface Part {
  readonly loss: number;
  readonly losses: Float32Array;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** What micro-batches give together, added up in the order of their turns whichever ends first, so that the bits are the same. */
class Sum {
  loss = 0;
  /** By micro-batch. */
  readonly losses: Float32Array[];
  readonly gradients = new Map<string, Float32Array>();
  readonly #early = new Map<number, Part>();
  #turn = 0;

  constructor(count: number) {
    this.losses = new Array<Float32Array>(count);
  }

  add(turn: number, micro: number, part: Part): void {
    this.losses[micro] = part.losses;
    this.#early.set(turn, part);
    for (let next = this.#early.get(this.#turn); next; next = this.#early.get(this.#turn)) {
      this.#early.delete(this.#turn++);
      this.loss += next.loss;
      for (const [name, gradient] of next.gradients) addInto(this.gradients, name, gradient);
    }
  }
}

/** Indices of micro-batches, those of most tokens first, so that lanes end together. */
function longestFirst(batches: readonly Batch[]): number[] {
  const tokens = batches.map(tokensOf);
  return [...tokens.keys()].sort((a, b) => (tokens[b] ?? 0) - (tokens[a] ?? 0));
}

/** What is trained, from which values, and how. */
export interface TrainerOptions {
  /** Computes; micro-batches side by side where it has lanes. */
  readonly engine: Engine;
  /** What makes a base's codes of eight bits, where that is not the engine itself. */
  readonly maker?: Engine;
  readonly config: ModelConfig;
  readonly training: Training;
  /** What every parameter starts from; trained ones are changed in place. */
  readonly initial: ParameterValues;
  readonly optimiser: AdamWSettings;
  /** Longest position that any row holds, plus one. */
  readonly positions: number;
  /** How many labels a learnt token has; default `hard`, one. */
  readonly labels?: LabelKind;
  /** What the backward half finds kept; default `everything`, which is faster and takes more memory. */
  readonly keep?: Keep;
  /** Seed of the dropout masks; default 0. */
  readonly seed?: number;
  /** Where the base is computed in eight bits: the batch that its directions are found on. */
  readonly calibration?: Batch;
  /** Gives what was made of such a base before, or makes it; default makes it. */
  readonly keepCodes?: KeepCodes;
}

/** Values of parameters in eight bits, from where they were kept, or made and kept there. */
export type KeepCodes = (parameters: readonly Parameter[], make: () => Promise<CodeValues>) => Promise<CodeValues>;

/** What a trainer computes with. */
interface Prepared {
  readonly program: Program;
  readonly parameters: readonly Parameter[];
  readonly frozen: Held;
  readonly trained: Tensors;
}

/** A training graph with the parameters it trains. */
export class Trainer implements StepTrainer {
  readonly #options: TrainerOptions;
  /** The frozen weights and rotary tables, where the engine computes. */
  readonly #frozen: Held;
  readonly #trainedTensors: Tensors;
  /** Values of the trained parameters, changed in place by every step. */
  readonly trained: ReadonlyMap<string, Float32Array>;
  readonly parameters: readonly Parameter[];
  readonly optimiser: AdamW;
  /** Norms and biases, which weight decay spares. */
  readonly #spared: ReadonlySet<string>;
  readonly #program: Program;
  #lossProgram: Program | undefined;

  private constructor(options: TrainerOptions, { program, parameters, frozen, trained }: Prepared) {
    this.#options = options;
    this.#program = program;
    this.parameters = parameters;
    this.optimiser = new AdamW(options.optimiser);
    this.#frozen = frozen;
    this.#trainedTensors = trained;
    this.trained = new Map(Object.keys(trained).map((name) => [name, floatsOf(trained, name)]));
    const spared = parameters.filter(({ role }) => role === 'norm' || role === 'bias');
    this.#spared = new Set(spared.map(({ name }) => name));
  }

  static async create(options: TrainerOptions): Promise<Trainer> {
    const { config, engine, positions } = options;
    const { graph, parameters } = trainingGraph({ ...options, chunks: chunksFor(positions) });
    // Before the program, which so lies where what they were made of did.
    const values = await valuesFor(options, parameters);
    const program = await engine.compile(graph);
    const isTrained = new Set(parameters.filter((each) => each.trained).map(({ name }) => name));
    const tensors = Object.entries(modelTensors(config, parameters, values, positions));
    const frozen = await engine.hold(Object.fromEntries(tensors.filter(([name]) => !isTrained.has(name))));
    const trained = Object.fromEntries(tensors.filter(([name]) => isTrained.has(name)));
    return new Trainer(options, { program, parameters, frozen, trained });
  }

  get steps(): number {
    return this.optimiser.steps;
  }

  /** Pieces that the graphs cut trunks into. */
  get chunks(): number {
    return chunksFor(this.#options.positions);
  }

  /** What the program is fed for a batch, its weights divided by `totalWeight`. */
  #tensors(batch: Batch, totalWeight: number): Fed {
    const { config, labels = 'hard' } = this.#options;
    const options = { totalWeight, heads: config, labels, chunks: this.chunks };
    return { ...this.#frozen.tensors, ...this.#trainedTensors, ...batchTensors(batch, options) };
  }

  /** Loss of one micro-batch (its share of `totalWeight`) and its gradients, into fresh buffers. */
  async #gradients(batch: Batch, totalWeight: number, micro: number): Promise<Part> {
    const tensors = { ...this.#tensors(batch, totalWeight), ...this.#dropoutTable(batch, micro) };
    const result = await this.#program.run(tensors);
    const gradients = new Map(
      [...this.trained.keys()].map((name) => [name, floatsOf(result, gradientName(name))] as const),
    );
    return { loss: floatsOf(result, 'loss')[0] ?? NaN, losses: floatsOf(result, 'losses'), gradients };
  }

  /** A fresh dropout table for this step and micro-batch, drawn from the seed alone. */
  #dropoutTable(batch: Batch, micro: number): Tensors {
    const { training, config, seed = 0 } = this.#options;
    const rate = dropoutRate(training);
    if (rate === 0) return {};
    const [inputs, sizes] = [dropoutInputs(config), { R: tokensOf(batch) }];
    const random = new Random(seed, 'dropout', this.optimiser.steps, micro);
    return inputTensors(inputs, sizes, { dropout: dropoutMask(countOf(inputs.dropout, sizes), rate, random) });
  }

  /** Loss and gradients of several micro-batches as if they were one. */
  async accumulate(batches: readonly Batch[]): Promise<Sum> {
    const totalWeight = batches.reduce((total, batch) => total + weightOf(batch), 0);
    const sum = new Sum(batches.length);
    await mapConcurrently(longestFirst(batches), { concurrency: this.#options.engine.lanes }, async (micro, turn) =>
      sum.add(turn, micro, await this.#gradients(batches[micro] ?? [], totalWeight, micro)),
    );
    return sum;
  }

  /** One optimiser step over micro-batches. The parameters are left alone when the loss or the gradient is not finite. */
  async step(batches: readonly Batch[], learningRate: number, clipNorm: number): Promise<StepResult> {
    const { loss, losses, gradients } = await this.accumulate(batches);
    const gradientNorm = clipByNorm(gradients, clipNorm);
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm))
      this.optimiser.step(this.trained, gradients, learningRate, (name) => !this.#spared.has(name));
    return { loss, gradientNorm, tokens: tokensOf(batches.flat()), losses };
  }

  /** Mean loss over batches by weight, with dropout off and without gradients; the forward program is compiled at the first call. */
  async evaluate(batches: readonly Batch[]): Promise<number> {
    const program = (this.#lossProgram ??= await this.#compileLoss());
    const totalWeight = batches.reduce((total, batch) => total + weightOf(batch), 0);
    const losses = await mapConcurrently(batches, { concurrency: this.#options.engine.lanes }, async (batch) =>
      floatsOf(await program.run(this.#tensors(batch, totalWeight)), 'loss'),
    );
    return losses.reduce((sum, [loss = NaN]) => sum + loss, 0);
  }

  weights(): Promise<Weights> {
    return Promise.resolve(this.trained);
  }

  state(): Promise<TrainerState> {
    const moments = (part: keyof Moments): Weights =>
      new Map([...this.optimiser.moments].map(([name, each]) => [name, each[part]]));
    return Promise.resolve({ values: this.trained, first: moments('first'), second: moments('second') });
  }

  restore({ values, first, second }: TrainerState, steps: number): Promise<void> {
    for (const [name, parameter] of this.trained) {
      parameter.set(valuesOf(values, name));
      this.optimiser.moments.set(name, { first: valuesOf(first, name), second: valuesOf(second, name) });
    }
    this.optimiser.steps = steps;
    return Promise.resolve();
  }

  peakMemoryBytes(): Promise<number> {
    return Promise.resolve(process.resourceUsage().maxRSS * 1024);
  }

  #compileLoss(): Promise<Program> {
    return this.#options.engine.compile(lossGraph({ ...this.#options, chunks: this.chunks }).graph);
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
    await this.#lossProgram?.dispose();
    await this.#frozen.release();
  }
}

function valuesOf(weights: Weights, name: string): Float32Array {
  const values = weights.get(name);
  if (values === undefined) throw new Error(`no values for "${name}"`);
  return values;
}

function addInto(sums: Map<string, Float32Array>, name: string, gradient: Float32Array): void {
  const sofar = sums.get(name);
  if (!sofar) sums.set(name, gradient);
  else for (let i = 0; i < sofar.length; i++) sofar[i] = (sofar[i] as number) + (gradient[i] as number);
}

/** 0 with probability `rate`, else 1/(1 − rate); two values are drawn from each 32 random bits. */
export function dropoutMask(size: number, rate: number, random: Random): Float32Array {
  const kept = 1 / (1 - rate);
  const limit = Math.round(rate * 65536);
  const mask = new Float32Array(size);
  for (let i = 0; i < size; i += 2) {
    const bits = random.bits();
    if ((bits & 0xffff) >= limit) mask[i] = kept;
    if (bits >>> 16 >= limit && i + 1 < size) mask[i + 1] = kept;
  }
  return mask;
}
