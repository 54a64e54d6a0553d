/** Frozen linear layers in integers of eight bits: their product in the graph, and the graphs that make its inputs. */
import { Builder } from '../../compiler/builder.js';
import type { DataType, Graph, Value } from '../../compiler/ir.js';
import { codedColumns, codedRows, rotated, rowsOf } from '../../compiler/passes/eight-bits.js';
import type { TargetModule } from '../../core/settings.js';
import {
  INT8_CODES,
  INT8_ROLES,
  weightParameter,
  type Int8Role,
  type LinearModule,
  type ParameterDescription,
  type TokenModule,
} from '../modules.js';

/** How rounding to eight bits is kept small. */
export interface Int8Recipe {
  /** Columns that are turned together, at most, a power of two, forward and back: more even out more and cost more; 1 turns none. */
  readonly block: number;
  readonly backBlock: number;
  /** Directions of a layer's input that go through in f32, at most. */
  readonly directions: number;
  /** By how much columns of the rest are brought nearer to each other: their root mean squares to the power of 1 less this; 0 leaves them. */
  readonly levelling: number;
  /** Whether what the layers keep for the way back is kept in half precision. */
  readonly halved: boolean;
  /** Rows of the output head that share scales on the way back, at most; 0 leaves the head in f32. */
  readonly headRows: number;
  /** Tokens of what directions are found on, where there are so many. */
  readonly calibrationTokens: number;
}

/** What studies train with (docs/log.md has what other recipes come to). */
export const INT8_RECIPE: Int8Recipe = {
  block: 64,
  backBlock: 1,
  directions: 16,
  levelling: 0.3,
  halved: true,
  headRows: 256,
  calibrationTokens: 512,
};

/** Inputs of a layer for each direction, at least. */
const INPUTS_A_DIRECTION = 16;

/** The largest power of two up to `most`, which is one, that divides a size. */
export function blockOf(size: number, most: number): number {
  let block = most;
  while (size % block !== 0) block /= 2;
  return block;
}

/** How many directions of a linear layer's input go through in f32. */
export const directionsOf = ({ inFeatures }: Pick<LinearModule, 'inFeatures'>, { directions }: Int8Recipe): number =>
  Math.min(directions, Math.floor(inFeatures / INPUTS_A_DIRECTION));

/** Which layers read one input, and so share its directions, by the first of them. */
const READERS: Readonly<Record<TargetModule, TargetModule>> = {
  ...{ q_proj: 'q_proj', k_proj: 'q_proj', v_proj: 'q_proj', o_proj: 'o_proj' },
  ...{ gate_proj: 'gate_proj', up_proj: 'gate_proj', down_proj: 'down_proj' },
};

/** Name of the directions of a linear layer's input. */
export const directionsName = ({ layer, target }: LinearModule): string =>
  `layers.${layer}.${READERS[target]}.int8.directions`;

/** Name of the factors of a linear layer's input. */
export const factorsName = (module: LinearModule): string => directionsName(module).replace(/directions$/, 'factors');

/** The graph that a product is made in. */
interface Making {
  readonly recipe: Int8Recipe;
  readonly builder: Builder;
  /** Asks for an input of the program. */
  readonly declare: (parameter: ParameterDescription, type: DataType) => Value;
}

/** What a linear layer's product is made with, by the parts it plays, with names, types and shapes. */
function partsOf(
  module: LinearModule,
  recipe: Int8Recipe,
): Readonly<Record<Int8Role, readonly [ParameterDescription, DataType]>> {
  const { inFeatures, outFeatures } = module;
  const count = directionsOf(module, recipe);
  const part = (role: Int8Role, type: DataType, shape: readonly number[], name = `${module.path}.int8.${role}`) =>
    [{ ...weightParameter(module), name, role, shape }, type] as const;
  return {
    forwardCodes: part('forwardCodes', 'int8', [inFeatures, outFeatures]),
    forwardScales: part('forwardScales', 'float32', [outFeatures]),
    backCodes: part('backCodes', 'int8', [outFeatures, inFeatures]),
    backScales: part('backScales', 'float32', [inFeatures]),
    directions: part('directions', 'float32', [count, inFeatures], directionsName(module)),
    through: part('through', 'float32', [count, outFeatures]),
    factors: part('factors', 'float32', [inFeatures], factorsName(module)),
  };
}

/** x Wᵀ of a linear layer in integers of eight bits; its inputs are named `<path>.int8.forwardCodes` and so on. x [T, in] → [T, out]. */
export function int8Product(x: Value, module: LinearModule, { builder, declare, recipe }: Making): Value {
  const parts = partsOf(module, recipe);
  const roles = directionsOf(module, recipe) > 0 ? INT8_ROLES : INT8_CODES;
  const inputs = roles.map((role) => declare(...parts[role]));
  const attributes = {
    rotation: blockOf(module.inFeatures, recipe.block),
    backRotation: blockOf(module.outFeatures, recipe.backBlock),
  };
  return builder.op('Int8MatMul', [x, ...inputs], attributes);
}

/** Rows of a head below which pieces are not worth their scales. */
const LEAST_HEAD_ROWS = 64;

/**
 * Rows of each of the equal pieces that the output head is cut into for the way back: a row of probabilities has a scale for each piece, so
 * that the most probable token does not round all others away. Undefined where the head stays in f32: by the recipe, or for want of a divisor.
 */
export function headRowsOf({ vocabSize }: TokenModule, { headRows }: Int8Recipe): number | undefined {
  if (headRows === 0) return undefined;
  let pieces = Math.ceil(vocabSize / headRows);
  while (vocabSize % pieces !== 0) pieces++;
  const rows = vocabSize / pieces;
  return rows >= Math.min(LEAST_HEAD_ROWS, vocabSize, headRows) ? rows : undefined;
}

/** What a piece of the output head is made as (int8Graph): nothing of it goes through in f32. */
export const headRecipe = (recipe: Int8Recipe): Int8Recipe => ({ ...recipe, backBlock: 1, directions: 0 });

/** An output head W [V, D] in integers of eight bits. */
export interface Int8Head {
  /** x Wᵀ. x [M, D] → [M, V]. */
  readonly logits: (x: Value) => Value;
  /** W's rows at tokens. [T] → [T, D]. */
  readonly rows: (tokens: Value) => Value;
}

/** An output head in integers of eight bits, whose inputs are named `<path>.int8.forwardCodes` and so on; undefined where it stays in f32. */
export function int8Head(module: TokenModule, { builder, declare, recipe }: Making): Int8Head | undefined {
  const width = headRowsOf(module, recipe);
  if (width === undefined) return undefined;
  const { vocabSize, hiddenSize, path } = module;
  const part = (role: Int8Role, type: DataType, shape: readonly number[]): Value =>
    declare({ ...weightParameter(module), name: `${path}.int8.${role}`, role, shape }, type);
  const pieces = vocabSize / width;
  const back = {
    codes: part('backCodes', 'int8', [vocabSize, hiddenSize]),
    scales: part('backScales', 'float32', pieces === 1 ? [hiddenSize] : [pieces, 1, hiddenSize]),
  };
  const attributes = { rotation: blockOf(hiddenSize, recipe.block), backRotation: 1 };
  return {
    logits: (x) => {
      const codes = part('forwardCodes', 'int8', [hiddenSize, vocabSize]);
      const scales = part('forwardScales', 'float32', [vocabSize]);
      return builder.op('Int8MatMul', [x, codes, scales, back.codes, back.scales], attributes);
    },
    rows: (tokens) => rowsOf(builder, back, tokens),
  };
}

/** A matrix [K, N] with its columns turned in blocks. */
function turnedColumns(b: Builder, x: Value, block: number): Value {
  return block === 1 ? x : b.transpose(rotated(b, b.transpose(x, [1, 0]), block), [1, 0]);
}

/**
 * Makes what a linear layer of a shape is computed with. Inputs: `weight` [out, in], and where there are any `directions` [r, in], and
 * `factors` [in]. Outputs: by their roles, all but directions and factors.
 */
export function int8Graph(shape: Pick<LinearModule, 'inFeatures' | 'outFeatures'>, recipe: Int8Recipe): Graph {
  const b = new Builder();
  const { inFeatures, outFeatures } = shape;
  const weight = b.input('weight', 'float32', [outFeatures, inFeatures]);
  const count = directionsOf(shape, recipe);
  const factors = count > 0 ? b.input('factors', 'float32', [inFeatures]) : undefined;
  const turned = rotated(b, factors ? b.div(weight, factors) : weight, blockOf(inFeatures, recipe.block));
  const forward = codedRows(b, turned, 'int8');
  const back = codedColumns(b, turnedColumns(b, weight, blockOf(outFeatures, recipe.backBlock)));
  const codes = {
    ...{ forwardCodes: b.transpose(forward.codes, [1, 0]), forwardScales: forward.scales },
    ...{ backCodes: back.codes, backScales: back.scales },
  };
  if (count === 0) return b.finish(codes);
  const directions = b.input('directions', 'float32', [count, inFeatures]);
  return b.finish({ ...codes, through: b.gemm(directions, weight, { transB: true }) });
}

/** Name of the input that a sketch of values of a width begins with. */
export const startName = (width: number): string => `start.${width}`;

/** What is found out about the input of a linear layer. */
export interface Sketched {
  /** (XᵀX)² start, [K, r]: its columns lie nearly in the plane of the r directions along which rows vary most (Halko et al., 2011). */
  readonly sketch: Value;
  /** Sum of squares of every column of what does not lie along the directions, [K]. */
  readonly energy: Value;
}

/** Sketches values x [T, K] whose rows are brought to length 1 before (X), given a start [K, r] and directions [r, K]. */
export function sketched(b: Builder, x: Value, start: Value, directions: Value): Sketched {
  const squares = b.reduceSum(b.mul(x, x), [1]);
  const rows = b.mul(x, b.exp(b.scale(b.log(b.add(squares, b.scalar(1e-20))), -0.5)));
  const passed = (columns: Value): Value => b.gemm(rows, b.gemm(rows, columns), { transA: true });
  const rest = b.gemm(b.gemm(rows, directions, { transB: true }), directions, { alpha: -1 }, rows);
  return { sketch: passed(passed(start)), energy: b.reduceSum(b.mul(rest, rest), [0], false) };
}
