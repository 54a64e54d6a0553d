/** A model's graph under construction: its builder, and every parameter it asks for, frozen or trained. */
import { Builder } from '../../compiler/builder.js';
import { at, type DataType, type Value } from '../../compiler/ir.js';
import { sha256 } from '../../core/hash.js';
import {
  TARGET_MODULES,
  loraScale,
  type LoraSettings,
  type Quantisation,
  type TargetModule,
} from '../../core/settings.js';
import { isQuantisable } from '../formats/quantise.js';
import { dequantisedWeight, type Declare } from './quantised-weights.js';

/** One tensor of weights that the program takes as an input. */
export interface Parameter {
  /** Hugging Face's or PEFT's name: `model.layers.0.mlp.up_proj.weight`, `….up_proj.lora_A.weight`. */
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly trained: boolean;
  readonly value: Value;
}

/** What is trained: nothing, a LoRA adapter on a frozen base, which may be quantised, or all weights. */
export type Training =
  | { readonly kind: 'none' }
  | { readonly kind: 'lora'; readonly lora: LoraSettings; readonly quantisation?: Quantisation }
  | { readonly kind: 'all' };

/** A LoRA adapter's rank for a module: `rank_pattern` first (a suffix of the module's path), then `rank`. */
export function rankOf(lora: LoraSettings, module: string): number {
  const pattern = Object.entries(lora.rankPattern ?? {}).find(
    ([suffix]) => module === suffix || module.endsWith(`.${suffix}`),
  );
  return pattern?.[1] ?? lora.rank;
}

/** Columns by which modules' dropout masks are shifted against each other in the shared table. */
const DROPOUT_SPREAD = 1024;

/** Name of the input that holds the dropout table: 0 or 1/(1 − p) each, [T, widest input + DROPOUT_SPREAD]. */
export const DROPOUT_INPUT = 'dropout';

/** Columns of the dropout table for a widest adapted input. */
export const dropoutColumns = (widest: number): number => widest + DROPOUT_SPREAD;

/** Whether LoRA adapts a module, by the last part of its path. */
export function isTarget(lora: LoraSettings, module: string): boolean {
  const last = module.slice(module.lastIndexOf('.') + 1);
  return (TARGET_MODULES as readonly string[]).includes(last) && lora.targets.includes(last as TargetModule);
}

export class Network {
  readonly builder = new Builder();
  readonly #parameters = new Map<string, Parameter>();
  readonly #transient: Value[] = [];

  #dropout: Value | undefined;

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

  /** A tensor of the base model; asked for twice (tied embeddings), it is one input. */
  weight(name: string, shape: readonly number[]): Value {
    return this.#parameter(name, shape, this.training.kind === 'all');
  }

  #parameter(name: string, shape: readonly number[], trained: boolean, type: DataType = 'float32'): Value {
    const known = this.#parameters.get(name);
    if (known) return known.value;
    const value = this.builder.input(name, type, shape);
    this.#parameters.set(name, { name, type, shape, trained, value });
    return value;
  }

  /** A linear layer's weight; of a quantised base, made from its codes. */
  #linearWeight(name: string, shape: readonly number[]): Value {
    const quantisation = this.training.kind === 'lora' ? (this.training.quantisation ?? 'none') : 'none';
    if (quantisation === 'none' || !isQuantisable(name)) return this.weight(name, shape);
    const before = this.builder.nodes.length;
    const declare: Declare = (part, type, size) => this.#parameter(part, size, false, type);
    const weight = dequantisedWeight(this.builder, declare, name, shape, quantisation);
    for (const node of this.builder.nodes.slice(before)) this.#transient.push(...node.outputs);
    return weight;
  }

  /** Values that are cheaper to make again than to keep: a quantised base's weights in f32, norms, the MLP's elementwise products. */
  get transient(): readonly Value[] {
    return this.#transient;
  }

  /** Says of a value that one pass over others makes it again. */
  cheap(x: Value): Value {
    this.#transient.push(x);
    return x;
  }

  /** y = x Wᵀ + bias, and with LoRA on this module + scale · (x Aᵀ) Bᵀ, where `down` may give x Aᵀ. x [T, in] → [T, out]. */
  linear(x: Value, module: string, inputs: number, outputs: number, bias = false, down?: Value): Value {
    const b = this.builder;
    const weight = this.#linearWeight(`${module}.weight`, [outputs, inputs]);
    const y = b.gemm(x, weight, { transB: true }, this.#adapted(x, module, inputs, outputs, down));
    return bias ? b.add(y, this.weight(`${module}.bias`, [outputs])) : y;
  }

  /** What LoRA adds to a module's output, where it adapts it. */
  #adapted(x: Value, module: string, inputs: number, outputs: number, down?: Value): Value | undefined {
    const b = this.builder;
    if (this.training.kind !== 'lora' || !isTarget(this.training.lora, module)) return undefined;
    const { lora } = this.training;
    const rank = rankOf(lora, module);
    const narrow =
      down ?? b.gemm(this.#dropped(x, module, inputs), this.#loraA(module, rank, inputs), { transB: true }); // [T, r]
    const up = this.#parameter(`${module}.lora_B.weight`, [outputs, rank], true);
    return b.gemm(narrow, up, { transB: true, alpha: loraScale(lora, rank) });
  }

  /** Several linear layers of the same x [T, in], whose LoRA's share one product with it where nothing is dropped out. */
  linears(x: Value, modules: readonly string[], inputs: number, outputs: readonly number[], bias = false): Value[] {
    const { training } = this;
    const adapted = training.kind === 'lora' ? modules.filter((module) => isTarget(training.lora, module)) : [];
    const shared = new Map<string, Value>();
    if (training.kind === 'lora' && adapted.length > 1 && !this.#dropout) {
      const ranks = adapted.map((module) => rankOf(training.lora, module));
      const stacked = adapted.map((module, i) => this.#loraA(module, at(ranks, i), inputs));
      const down = this.builder.gemm(x, this.builder.concat(stacked, 0), { transB: true });
      this.builder.split(down, ranks, 1).forEach((part, i) => shared.set(at(adapted, i), part));
    }
    return modules.map((module, i) => this.linear(x, module, inputs, at(outputs, i), bias, shared.get(module)));
  }

  #loraA(module: string, rank: number, inputs: number): Value {
    return this.#parameter(`${module}.lora_A.weight`, [rank, inputs], true);
  }

  /** Has LoRA's inputs dropped out: `table` [T, dropoutColumns(widest)] is drawn anew for every micro-batch. */
  useDropout(table: Value): void {
    this.#dropout = table;
  }

  /** From here on only some of the tokens go through: has the dropout table follow them. */
  narrow(select: (x: Value) => Value): void {
    if (this.#dropout) this.#dropout = select(this.#dropout);
  }

  /** x times this module's part of the dropout table: one table serves all modules, each at an offset of its own. */
  #dropped(x: Value, module: string, width: number): Value {
    if (!this.#dropout) return x;
    const start = Number.parseInt(sha256(module).slice(0, 8), 16) % DROPOUT_SPREAD;
    const mask = this.builder.op('Slice', [this.#dropout], { axis: 1, start, end: start + width });
    return this.builder.mul(x, mask);
  }

  /** Root-mean-square norm over the last axis with a learnt weight. */
  rmsNorm(x: Value, name: string, size: number, epsilon: number): Value {
    const weight = this.weight(`${name}.weight`, [size]);
    return this.cheap(this.builder.op('SimplifiedLayerNormalization', [x, weight], { epsilon }));
  }
}
