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

/** Rows of A that are gone through together: a sum is then read and written once for all of them. */
const TOGETHER = 4;

/** W [out, in] + scale · B A, in place; sums in 64 bits, in the order of ranks, rounded once. */
export function addLora(weights: Float32Array, { a, b, rank, inFeatures, outFeatures }: LoraPair, scale: number): void {
  const row = new Float64Array(inFeatures);
  // Rows of zeros behind the last, whose sums change nothing.
  const rows = Math.ceil(rank / TOGETHER) * TOGETHER;
  const padded = new Float64Array(rows * inFeatures);
  padded.set(a);
  const factors = new Float64Array(rows);
  for (let out = 0; out < outFeatures; out++) {
    row.fill(0);
    for (let i = 0; i < rank; i++) factors[i] = scale * (b[out * rank + i] as number);
    for (let i = 0; i < rows; i += TOGETHER) addRows(row, padded, factors, i);
    const at = out * inFeatures;
    for (let j = 0; j < inFeatures; j++) weights[at + j] = (weights[at + j] as number) + (row[j] as number);
  }
}

/** row + Σ factors[i + k] · A[i + k], one after the other. */
function addRows(row: Float64Array, a: Float64Array, factors: Float64Array, i: number): void {
  const width = row.length;
  const [f0 = 0, f1 = 0, f2 = 0, f3 = 0] = factors.subarray(i, i + TOGETHER);
  const first = i * width;
  for (let j = 0; j < width; j++) {
    const at = first + j;
    let sum = (row[j] as number) + f0 * (a[at] as number);
    sum += f1 * (a[at + width] as number);
    sum += f2 * (a[at + 2 * width] as number);
    row[j] = sum + f3 * (a[at + 3 * width] as number);
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
