/** Merging: an adapter's change added into its base model's weights, written as a model of its own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { loraScale } from '../../core/settings.js';
import { writeFolder } from '../../files/write-folder.js';
import { writeWhole } from '../../files/write-whole.js';
import type { Adapter, LoraPair } from './adapter.js';
import { hubFiles } from '../hub/hub-files.js';
import type { LoadedModel } from '../model.js';
import { modelParameters, type ParameterDescription } from '../modules.js';
import { writeSafetensors, type WriteOptions } from '../formats/safetensors.js';

/** W [out, in] + scale · B A, in place; sums in 64 bits, rounded once. */
export function addLora(weights: Float32Array, { a, b, rank, inFeatures, outFeatures }: LoraPair, scale: number): void {
  const row = new Float64Array(inFeatures);
  for (let out = 0; out < outFeatures; out++) {
    row.fill(0);
    for (let i = 0; i < rank; i++) {
      const factor = scale * (b[out * rank + i] as number);
      for (let j = 0; j < inFeatures; j++) row[j] = (row[j] as number) + factor * (a[i * inFeatures + j] as number);
    }
    const at = out * inFeatures;
    for (let j = 0; j < inFeatures; j++) weights[at + j] = (weights[at + j] as number) + (row[j] as number);
  }
}

/** Values of a weight with the adapter's change, where there is one. */
export function mergedWeight(
  { weights }: LoadedModel,
  adapter: Adapter,
  { name, module, role }: ParameterDescription,
): Float32Array {
  const values = weights.read(name);
  const pair = role === 'weight' ? adapter.tensors[module] : undefined;
  if (pair) addLora(values, pair, loraScale(adapter.lora, pair.rank));
  return values;
}

/**
 * Writes base and adapter as one Hugging Face folder with safetensors, one tensor in memory at a time. The folder appears whole or
 * not at all. Throws UserError where it is there already or a merged weight does not fit the number format.
 */
export function mergeAdapter(
  model: LoadedModel,
  adapter: Adapter,
  folder: string,
  dtype: NonNullable<WriteOptions['dtype']> = 'F32',
): void {
  if (existsSync(folder)) throw new UserError(`${folder} is there already: name a folder that is not`);
  const tensors = modelParameters(model.config).map((parameter) => ({
    name: parameter.name,
    shape: parameter.shape,
    data: () => mergedWeight(model, adapter, parameter),
  }));
  writeFolder(folder, (scratch) => {
    writeSafetensors(join(scratch, 'model.safetensors'), tensors, { metadata: { format: 'pt' }, dtype });
    for (const [name, text] of Object.entries(hubFiles(model))) writeWhole(join(scratch, name), text);
  });
}
