/** A base model with or without an adapter, as the values a generation graph asks for. */
import { readAdapter } from '../models/adapter/adapter.js';
import { mergedWeight } from '../models/adapter/adapter-merge.js';
import type { LoadedModel } from '../models/model.js';
import type { Parameter, Training } from '../models/graph/network.js';

/**
 * What to build the graph for, and where its parameters' values come from; `adapter` is a PEFT folder or null. The adapter's change
 * is added into the weights: the narrow products of LoRA would cost a fifth of an answer's time. Sums are rounded once, to f32.
 */
export function adapterSource(
  model: LoadedModel,
  adapter: string | null,
): { training: Training; values: (parameter: Parameter) => Float32Array } {
  const training: Training = { kind: 'none' };
  if (adapter === null) return { training, values: ({ name }) => model.weights.read(name) };
  const read = readAdapter(adapter, model.config);
  return { training, values: (parameter) => mergedWeight(model, read, parameter) };
}
