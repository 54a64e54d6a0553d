/** Trained tensors by module, as adapters are written. */
import type { LoraTensors } from '../models/adapter/adapter.js';
import type { ParameterDescription, Role } from '../models/modules.js';
import type { Weights } from './step-trainer.js';

/** The matrices of a LoRA adapter, of which `parameters` names all; throws where values of one are missing. */
export function loraTensors(parameters: readonly ParameterDescription[], weights: Weights): LoraTensors {
  const tensors: LoraTensors = {};
  const parts = (role: Role) => parameters.filter((parameter) => parameter.role === role);
  const ups = new Map(parts('lora_B').map(({ module, name }) => [module, weights.get(name)]));
  for (const { module, name, shape } of parts('lora_A')) {
    const [a, b] = [weights.get(name), ups.get(module)];
    const [rank, inFeatures] = shape;
    if (!a || !b || rank === undefined || inFeatures === undefined)
      throw new Error(`adapter of ${module} is incomplete`);
    tensors[module] = { a, b, rank, inFeatures, outFeatures: b.length / rank };
  }
  return tensors;
}
