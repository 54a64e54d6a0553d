/** Adapters at another strength or of a smaller rank: the change that they make to the weights, against its definition. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { loraScale } from '../../src/core/settings.js';
import { readAdapter, type Adapter, type LoraPair } from '../../src/models/adapter/adapter.js';
import { scaledAdapter, truncatedAdapter, withAdapter } from '../../src/models/adapter/adapter-change.js';
import { loadModel } from '../../src/models/load.js';

const golden = fileURLToPath(new URL('../golden/models/', import.meta.url));
const CASES = { plain: 'qwen2', rslora: 'llama', patterned: 'llama' } as const;

const change = ({ lora }: Adapter, { a, b, rank, inFeatures, outFeatures }: LoraPair): Matrix =>
  Matrix.from1DArray(outFeatures, rank, b)
    .mmul(Matrix.from1DArray(rank, inFeatures, a))
    .mul(loraScale(lora, rank));
const largest = (matrix: Matrix): number => Math.max(...matrix.to1DArray().map(Math.abs));
const pairOf = (adapter: Adapter, path: string): LoraPair => {
  const pair = adapter.tensors[path];
  if (pair === undefined) throw new Error(path);
  return pair;
};

describe.each(Object.entries(CASES))('an adapter (%s)', (name, family) => {
  const model = loadModel(join(golden, `${family}.gguf`));
  const adapter = readAdapter(join(golden, 'adapters', name), model.config);
  const paths = Object.keys(adapter.tensors);

  it('at half strength changes weights by half, and at none not at all', () => {
    for (const path of paths) {
      const whole = change(adapter, pairOf(adapter, path));
      const half = scaledAdapter(adapter, 0.5);
      expect(largest(Matrix.sub(Matrix.mul(whole, 0.5), change(half, pairOf(half, path))))).toBeLessThan(1e-7);
    }
    const none = withAdapter(model, scaledAdapter(adapter, 0));
    const changed = paths.find((path) => largest(change(adapter, pairOf(adapter, path))) > 1e-4);
    const weight = `${changed}.weight`;
    expect(none.weights.read(weight)).toEqual(model.weights.read(weight));
    expect(withAdapter(model, adapter).weights.read(weight)).not.toEqual(model.weights.read(weight));
    expect(none.identity).not.toBe(withAdapter(model, adapter).identity);
  });

  it('cut to its own rank is what it was', () => {
    const cut = truncatedAdapter(adapter, Math.max(...paths.map((path) => pairOf(adapter, path).rank)));
    for (const path of paths)
      expect(largest(Matrix.sub(change(adapter, pairOf(adapter, path)), change(cut, pairOf(cut, path))))).toBeLessThan(
        1e-6,
      );
  });

  it('cut to a smaller rank is the nearest change of that rank', () => {
    for (const path of paths) {
      const whole = change(adapter, pairOf(adapter, path));
      // Squares of the singular values: eigenvalues of the change times its transpose.
      const values = new EigenvalueDecomposition(whole.mmul(whole.transpose()), { assumeSymmetric: true })
        .realEigenvalues;
      const squares = [...values].sort((a, b) => b - a);
      for (const rank of [1, 2]) {
        const cut = truncatedAdapter(adapter, rank);
        expect(pairOf(cut, path).rank).toBe(rank);
        const lost = Matrix.sub(whole, change(cut, pairOf(cut, path))).norm('frobenius') ** 2;
        const least = squares.slice(rank).reduce((sum, value) => sum + Math.max(0, value), 0);
        expect(lost).toBeLessThanOrEqual(least + 1e-5 * (squares[0] ?? 0));
      }
    }
  });
});
