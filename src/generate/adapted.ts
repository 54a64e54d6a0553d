/** A base model with or without an adapter, as the values a generation graph asks for. */
import { readAdapter } from '../models/adapter.js';
import type { LoadedModel } from '../models/model.js';
import type { Parameter, Training } from '../models/network.js';

/** What to build the graph for, and where its parameters' values come from; `adapter` is a PEFT folder or null. */
export function adapterSource(
  model: LoadedModel,
  adapter: string | null,
): { training: Training; values: (parameter: Parameter) => Float32Array } {
  if (adapter === null) return { training: { kind: 'none' }, values: ({ name }) => model.weights.read(name) };
  const { lora, tensors } = readAdapter(adapter, model.config);
  return {
    training: { kind: 'lora', lora },
    values: ({ name }) => {
      const match = /^(.*)\.lora_([AB])\.weight$/.exec(name);
      if (!match) return model.weights.read(name);
      const found = tensors[match[1] ?? ''];
      if (!found) throw new Error(`the adapter has nothing for ${match[1]}`);
      return match[2] === 'A' ? found.a : found.b;
    },
  };
}
