/** Adapters at another strength or of a smaller rank, and a model with an adapter's change in its weights, without training anything. */
import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { hashJson, sha256 } from '../../core/hash.js';
import { bytesOf } from '../../files/file-range.js';
import { loraScale } from '../../core/settings.js';
import type { LoadedModel } from '../model.js';
import { modelParameters } from '../modules.js';
import type { Adapter, LoraPair } from './adapter.js';
import { mergedWeight } from './adapter-merge.js';

/** The adapter with its change multiplied by a factor, 0 (none) to 1 (as trained) or beyond. */
export function scaledAdapter({ lora, tensors }: Adapter, factor: number): Adapter {
  return { lora: { ...lora, alpha: lora.alpha * factor }, tensors };
}

/**
 * The adapter with each module's change cut to its `rank` largest singular values (Eckart–Young: the nearest change of that rank);
 * modules of that rank or less stay as they are. The scale is folded into B, and alpha is the rank.
 */
export function truncatedAdapter({ lora, tensors }: Adapter, rank: number): Adapter {
  const cut = Object.entries(tensors).map(([path, pair]) => [
    path,
    truncatedPair(pair, loraScale(lora, pair.rank), rank),
  ]);
  const { dropout, targets } = lora;
  return {
    lora: { rank, alpha: rank, rslora: false, dropout, targets },
    tensors: Object.fromEntries(cut) as Adapter['tensors'],
  };
}

/** With orthogonal Qb Rb = B and Qa Ra = Aᵀ the change scale · B A is Qb (scale · Rb Raᵀ) Qaᵀ: only the small matrix is decomposed. */
function truncatedPair({ a, b, rank, inFeatures, outFeatures }: LoraPair, scale: number, most: number): LoraPair {
  const kept = Math.min(rank, most);
  const left = new QrDecomposition(Matrix.from1DArray(outFeatures, rank, b));
  const right = new QrDecomposition(Matrix.from1DArray(rank, inFeatures, a).transpose());
  const core = left.upperTriangularMatrix.mmul(right.upperTriangularMatrix.transpose()).mul(scale);
  const svd = new SingularValueDecomposition(core);
  const roots = svd.diagonal.slice(0, kept).map(Math.sqrt);
  const cut = (vectors: Matrix): Matrix => vectors.subMatrix(0, rank - 1, 0, kept - 1).mulRowVector(roots);
  const up = left.orthogonalMatrix.mmul(cut(svd.leftSingularVectors));
  const down = right.orthogonalMatrix.mmul(cut(svd.rightSingularVectors)).transpose();
  // Every pair has the rank that the settings say, those of fewer values with zeros beyond.
  return {
    a: filled(down.to1DArray(), most * inFeatures),
    b: padded(up, most),
    ...{ rank: most, inFeatures, outFeatures },
  };
}

function filled(values: readonly number[], length: number): Float32Array {
  const out = new Float32Array(length);
  out.set(values);
  return out;
}

/** Rows with zeros behind, up to so many columns. */
function padded(matrix: Matrix, columns: number): Float32Array {
  const out = new Float32Array(matrix.rows * columns);
  for (let row = 0; row < matrix.rows; row++) out.set(matrix.getRow(row), row * columns);
  return out;
}

/** The model as it is with the adapter: weights are read with its change, rounded once. */
export function withAdapter(model: LoadedModel, adapter: Adapter): LoadedModel {
  const described = new Map(modelParameters(model.config).map((parameter) => [parameter.name, parameter]));
  const read = (name: string): Float32Array => {
    const parameter = described.get(name);
    return parameter === undefined ? model.weights.read(name) : mergedWeight(model, adapter, parameter);
  };
  const digest = Object.entries(adapter.tensors).map(([path, { a, b }]) => [path, digestOf(a), digestOf(b)]);
  const identity = hashJson({ model: model.identity, lora: { ...adapter.lora }, tensors: digest });
  return {
    ...model,
    identity,
    weights: { names: model.weights.names, shape: (name) => model.weights.shape(name), read },
  };
}

const digestOf = (values: Float32Array): string => sha256(bytesOf(values));
