/** Inputs of a graph, each declared once: from the declaration come its place in the graph and the tensor that feeds it. */
import type { Builder } from '../../compiler/builder.js';
import { evaluateDim, type Dim, type Shape } from '../../compiler/dims.js';
import type { DataType, Value } from '../../compiler/ir.js';
import { ShapeError } from '../../core/errors.js';
import type { Tensor, TensorData } from '../../engine/engine.js';

/** One input's type and shape; sizes may be symbols. */
export interface Input<T extends DataType = DataType> {
  readonly type: T;
  readonly shape: Shape;
}

/** Inputs by name. */
export type Inputs = Readonly<Record<string, Input>>;

/** A declaration. */
export function input<T extends DataType>(type: T, ...shape: readonly Dim[]): Input<T> {
  return { type, shape };
}

/** Adds declared inputs to a graph: its values, by the same names. */
export function addInputs<D extends Inputs>(b: Builder, declared: D): { readonly [N in keyof D]: Value } {
  const added = Object.entries(declared).map(([name, { type, shape }]) => [name, b.input(name, type, shape)]);
  return Object.fromEntries(added) as { readonly [N in keyof D]: Value };
}

type Sizes = Readonly<Record<string, number>>;

const shapeOf = ({ shape }: Input, sizes: Sizes): number[] => {
  const known = new Map(Object.entries(sizes));
  return shape.map((dim) => evaluateDim(dim, known));
};

/** Number of values that feed an input whose symbols have these sizes. */
export const countOf = (declared: Input, sizes: Sizes): number =>
  shapeOf(declared, sizes).reduce((product, size) => product * size, 1);

/** What feeds declared inputs, row-major, by the same names. */
export type InputData<D extends Inputs> = { readonly [N in keyof D]: TensorData[D[N]['type']] };

/**
 * Declared inputs' tensors for one run, whose symbols have these `sizes`. Throws ShapeError, naming the input, where the values do not
 * fill its shape or a size is missing.
 */
export function inputTensors<D extends Inputs>(
  declared: D,
  sizes: Sizes,
  data: InputData<D>,
): { readonly [N in keyof D]: Tensor<D[N]['type']> } {
  const tensors = Object.entries(declared).map(([name, each]) => {
    const [values, shape] = [data[name] as TensorData[DataType], shapeOf(each, sizes)];
    if (values.length !== countOf(each, sizes))
      throw new ShapeError(`input "${name}": ${values.length} values do not fill [${shape.join(', ')}]`);
    return [name, { type: each.type, shape, data: values }];
  });
  return Object.fromEntries(tensors) as { readonly [N in keyof D]: Tensor<D[N]['type']> };
}
