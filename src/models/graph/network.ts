/** A model's graph under construction: its builder, and every parameter it asks for, frozen or trained. */
import { Builder } from '../../compiler/builder.js';
import { at, type DataType, type Value } from '../../compiler/ir.js';
import { sha256 } from '../../core/hash.js';
import { loraScale, type LoraSettings, type Quantisation } from '../../core/settings.js';
import {
  biasParameter,
  loraAParameter,
  loraBParameter,
  rankOf,
  weightParameter,
  type LinearModule,
  type NormModule,
  type ParameterDescription,
  type TokenModule,
} from '../modules.js';
import { directionsName, int8Head, int8Product, type Int8Head, type Int8Recipe } from './int8-weights.js';
import { dequantisedWeight } from './quantised-weights.js';

/** One tensor of weights that the program takes as an input. */
export interface Parameter extends ParameterDescription {
  readonly type: DataType;
  readonly trained: boolean;
  readonly value: Value;
}

/**
 * What is trained: nothing, a LoRA adapter on a frozen base, or all weights. A base may be quantised, or computed in integers of eight bits;
 * of one that is both, what stays in f32 is made of the quantised weights.
 */
export type Training =
  | { readonly kind: 'none'; readonly quantisation?: Quantisation }
  | {
      readonly kind: 'lora';
      readonly lora: LoraSettings;
      readonly quantisation?: Quantisation;
      /** Computes the base in integers of eight bits, by this recipe. */
      readonly int8?: Int8Recipe;
    }
  | { readonly kind: 'all' };

/** Columns by which modules' dropout masks are shifted against each other in the shared table. */
const DROPOUT_SPREAD = 1024;

/** Columns of the dropout table, 0 or 1/(1 − p) each, for a widest adapted input. */
export const dropoutColumns = (widest: number): number => widest + DROPOUT_SPREAD;

/** Whether LoRA adapts a module. */
const isTarget = (lora: LoraSettings, { target }: LinearModule): boolean => lora.targets.includes(target);

/** What a linear layer may be given beside its input. */
export interface LinearOptions {
  /** The dropout table [T, dropoutColumns(widest)], drawn anew for every micro-batch, that LoRA's input is dropped out by; default none. */
  readonly dropout?: Value | undefined;
  /** x Aᵀ [T, rank], where it is there already. */
  readonly down?: Value | undefined;
  /** Whether the product stays in f32 where others are in eight bits: where few rows go through. */
  readonly exact?: boolean;
}

/** A graph under construction for some training. */
export class Network {
  readonly builder = new Builder();
  readonly #parameters = new Map<string, Parameter>();
  readonly #recomputed: Value[] = [];
  readonly #residuals: Value[] = [];
  readonly #linearInputs = new Map<string, Value>();

  constructor(
    /** An adapter that is there to be applied but not trained is `{ kind: 'lora' }` in a graph without gradients. */
    readonly training: Training,
  ) {}

  get parameters(): readonly Parameter[] {
    return [...this.#parameters.values()];
  }

  get trained(): readonly Parameter[] {
    return this.parameters.filter((each) => each.trained);
  }

  /** What goes into linear layers that could be computed in eight bits, [T, in], by the names of their directions (int8-weights.ts). */
  get linearInputs(): ReadonlyMap<string, Value> {
    return this.#linearInputs;
  }

  /** Values that are cheaper to make again than to keep: a quantised base's weights in f32, norms, the MLP's elementwise products. */
  get recomputed(): readonly Value[] {
    return this.#recomputed;
  }

  /** What layers add to: its largest values may be larger than half precision has any. */
  get residuals(): readonly Value[] {
    return this.#residuals;
  }

  /** Says of a value that layers add to it. */
  residual(x: Value): Value {
    this.#residuals.push(x);
    return x;
  }

  /** Says of a value that one pass over others makes it again. */
  recompute(x: Value): Value {
    this.#recomputed.push(x);
    return x;
  }

  /** The rows of an embedding or output head [vocabSize, hiddenSize]; tied, they are one input. */
  tokens(module: TokenModule): Value {
    return this.#base(weightParameter(module));
  }

  /** Rows [T, D] of an embedding at tokens [T]; of one that is the head too, and that in eight bits, by the head's codes. */
  embedded(embedding: TokenModule, head: TokenModule, ids: Value): Value {
    const rows = head === embedding ? this.#head(head)?.rows(ids) : undefined;
    return rows ?? this.builder.gather(this.tokens(embedding), ids);
  }

  /** Logits x Wᵀ of an output head. x [M, D] → [M, V]. */
  logits(x: Value, head: TokenModule): Value {
    return this.#head(head)?.logits(x) ?? this.builder.gemm(x, this.tokens(head), { transB: true });
  }

  /** An output head in integers of eight bits; undefined where it stays in f32. */
  #head(head: TokenModule): Int8Head | undefined {
    const recipe = this.training.kind === 'lora' ? this.training.int8 : undefined;
    return recipe && int8Head(head, { builder: this.builder, declare: this.#declareFrozen, recipe });
  }

  /** y = x Wᵀ + bias, and with LoRA on this module + scale · (x Aᵀ) Bᵀ. x [T, in] → [T, out]. */
  linear(x: Value, module: LinearModule, options: LinearOptions = {}): Value {
    const b = this.builder;
    const recipe = this.#int8Recipe(options);
    const y = recipe ? this.#int8(x, module, options, recipe) : this.#float(x, module, options);
    if (options.exact !== true) this.#linearInputs.set(directionsName(module), x);
    return module.hasBias ? b.add(y, this.#base(biasParameter(module))) : y;
  }

  /** Several linear layers of the same x [T, in], whose LoRA's share one product with it where nothing is dropped out. */
  linears(x: Value, modules: readonly LinearModule[], options: Omit<LinearOptions, 'down'> = {}): Value[] {
    const { dropout } = options;
    const { training } = this;
    const adapted = training.kind === 'lora' ? modules.filter((module) => isTarget(training.lora, module)) : [];
    const shared = new Map<LinearModule, Value>();
    if (training.kind === 'lora' && adapted.length > 1 && !dropout) {
      const ranks = adapted.map(({ path }) => rankOf(training.lora, path));
      const stacked = adapted.map((module, i) => this.#trained(loraAParameter(module, at(ranks, i))));
      const down = this.builder.gemm(x, this.builder.concat(stacked, 0), { transB: true });
      this.builder.split(down, ranks, 1).forEach((part, i) => shared.set(at(adapted, i), part));
    }
    return modules.map((module) => this.linear(x, module, { ...options, down: shared.get(module) }));
  }

  /** Root-mean-square norm over the last axis with a learnt weight, which may be stored less an offset. */
  rmsNorm(x: Value, module: NormModule, epsilon: number): Value {
    const stored = this.#base(weightParameter(module));
    const weight = module.offset === 0 ? stored : this.builder.add(stored, this.builder.scalar(module.offset));
    return this.recompute(this.builder.op('SimplifiedLayerNormalization', [x, weight], { epsilon }));
  }

  /** A tensor of the base model. */
  #base(parameter: ParameterDescription): Value {
    return this.#parameter({ ...parameter, type: 'float32', trained: this.training.kind === 'all' });
  }

  /** A part of a frozen weight. */
  readonly #declareFrozen = (part: ParameterDescription, type: DataType): Value =>
    this.#parameter({ ...part, type, trained: false });

  #trained(parameter: ParameterDescription): Value {
    return this.#parameter({ ...parameter, type: 'float32', trained: true });
  }

  /** An input of the program; asked for twice, it is one. */
  #parameter(parameter: Omit<Parameter, 'value'>): Value {
    const { name, type, shape } = parameter;
    const known = this.#parameters.get(name);
    if (known) return known.value;
    const value = this.builder.input(name, type, shape);
    this.#parameters.set(name, { ...parameter, value });
    return value;
  }

  /** By which recipe a product is in eight bits; undefined where it is in f32. */
  #int8Recipe({ exact = false }: LinearOptions): Int8Recipe | undefined {
    return this.training.kind === 'lora' && !exact ? this.training.int8 : undefined;
  }

  #float(x: Value, module: LinearModule, options: LinearOptions): Value {
    const weight = this.#linearWeight(module);
    return this.builder.gemm(x, weight, { transB: true }, this.#adapted(x, module, options));
  }

  #int8(x: Value, module: LinearModule, options: LinearOptions, recipe: Int8Recipe): Value {
    const b = this.builder;
    const y = int8Product(x, module, { builder: b, declare: this.#declareFrozen, recipe });
    const adapted = this.#adapted(x, module, options);
    return adapted ? b.add(y, adapted) : y;
  }

  /** A linear layer's weight; of a quantised base, made from its codes. */
  #linearWeight(module: LinearModule): Value {
    const quantisation = this.training.kind === 'all' ? 'none' : (this.training.quantisation ?? 'none');
    if (quantisation === 'none') return this.#base(weightParameter(module));
    const before = this.builder.nodes.length;
    const weight = dequantisedWeight(weightParameter(module), quantisation, {
      builder: this.builder,
      declare: this.#declareFrozen,
    });
    for (const node of this.builder.nodes.slice(before)) this.#recomputed.push(...node.outputs);
    return weight;
  }

  /** What LoRA adds to a module's output, where it adapts it. */
  #adapted(x: Value, module: LinearModule, { dropout, down }: LinearOptions): Value | undefined {
    const b = this.builder;
    if (this.training.kind !== 'lora' || !isTarget(this.training.lora, module)) return undefined;
    const { lora } = this.training;
    const rank = rankOf(lora, module.path);
    const low =
      down ?? b.gemm(this.#dropped(x, module, dropout), this.#trained(loraAParameter(module, rank)), { transB: true }); // [T, r]
    const up = this.#trained(loraBParameter(module, rank));
    return b.gemm(low, up, { transB: true, alpha: loraScale(lora, rank) });
  }

  /** x times this module's part of the dropout table: one table serves all modules, each at an offset of its own. */
  #dropped(x: Value, { path, inFeatures }: LinearModule, dropout: Value | undefined): Value {
    if (!dropout) return x;
    const start = Number.parseInt(sha256(path).slice(0, 8), 16) % DROPOUT_SPREAD;
    const mask = this.builder.op('Slice', [dropout], { axis: 1, start, end: start + inFeatures });
    return this.builder.mul(x, mask);
  }
}
