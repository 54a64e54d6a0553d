/** What a program is given at every run alike: a model's weights and its rotary tables. */
import type { DataType } from '../../compiler/ir.js';
import type { Tensor, TensorData, Tensors } from '../../engine/engine.js';
import type { ModelConfig } from '../model.js';
import type { Parameter } from './network.js';
import { ropeTensors } from './rope.js';

/** Where a parameter's values come from. */
export type ParameterValues = (parameter: Parameter) => TensorData[DataType];

/** Tensors of all `parameters`, their values not copied, and of the rotary tables up to `positions`. */
export function modelTensors(
  config: ModelConfig,
  parameters: readonly Parameter[],
  values: ParameterValues,
  positions: number,
): Tensors {
  const tensor = (parameter: Parameter): Tensor => ({
    type: parameter.type,
    shape: parameter.shape,
    data: values(parameter),
  });
  const weights = parameters.map((parameter) => [parameter.name, tensor(parameter)] as const);
  return { ...Object.fromEntries(weights), ...ropeTensors(config, positions) };
}
