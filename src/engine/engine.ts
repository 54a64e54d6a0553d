/** The contract of an engine: something that compiles a graph into a program and runs it on tensors. */
import type { DataType, Graph } from '../compiler/ir.js';
import { elementCount } from '../core/collections.js';
import type { Device } from '../core/settings.js';

/** What holds a tensor's values, by its type; half-precision floats as their bits, truths as 0 and 1. */
export interface TensorData {
  float32: Float32Array;
  float16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int8: Int8Array;
  uint16: Uint16Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** A tensor's values, row-major. */
export interface Tensor<T extends DataType = DataType> {
  readonly type: T;
  readonly shape: readonly number[];
  readonly data: TensorData[T];
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A tensor that an engine holds where it computes; only the engine that holds it can read it. */
export interface HeldTensor {
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly held: unknown;
}

/** What a program is fed, by name. */
export type Fed = Readonly<Record<string, Tensor | HeldTensor>>;

/** Tensors to feed programs of one engine with, run after run, carried there once. */
export interface Held {
  readonly tensors: Fed;
  /** Gives their memory back; they are fed to nothing after it. */
  release(): Promise<void>;
}

/** A compiled graph. */
export interface Program {
  /**
   * Runs once. `into` gives buffers that outputs are written to in place of new ones, where the engine can.
   * The call may block its thread for as long as the computation takes.
   */
  run(inputs: Fed, into?: Tensors): Promise<Tensors>;
  dispose(): Promise<void>;
}

/** Where an engine computes. */
export interface EngineOptions {
  readonly device: Device;
  /** Threads within one operation; default: all cores. */
  readonly threads?: number;
  /** On WebGPU, bytes above which a matrix of weights comes in pieces; default 128 MiB, which every adapter takes. */
  readonly mostInputBytes?: number;
}

/** Compiles graphs. */
export interface Engine {
  readonly name: string;
  /** Runs that are computed side by side; 1 where each waits for the one before. */
  readonly lanes: number;
  /** Verifies, optimises and loads a graph; throws ShapeError or UnsupportedOpError where the graph is wrong. */
  compile(graph: Graph): Promise<Program>;
  /**
   * Carries what does not change between runs, such as a frozen model's weights, to where the engine computes. Where that is the
   * processor's own memory, they are the tensors given.
   */
  hold(tensors: Tensors): Promise<Held>;
}

/** Tensors that need not be carried anywhere. */
export const heldInPlace = (tensors: Tensors): Promise<Held> =>
  Promise.resolve({ tensors, release: () => Promise.resolve() });

/** A fed tensor's own values; throws TypeError where another engine holds it. */
export function tensorOf(name: string, fed: Tensor | HeldTensor): Tensor {
  if ('held' in fed) throw new TypeError(`input "${name}" is held by another engine`);
  return fed;
}

/** A tensor of f32 values. */
export function float32(
  shape: readonly number[],
  data: Float32Array = new Float32Array(elementCount(shape)),
): Tensor<'float32'> {
  return { type: 'float32', shape, data };
}

/** A tensor of integers in 64 bits. */
export function int64(shape: readonly number[], values: ArrayLike<number>): Tensor<'int64'> {
  return { type: 'int64', shape, data: BigInt64Array.from(values, (each) => BigInt(each)) };
}

/** A tensor of integers in 32 bits. */
export function int32(shape: readonly number[], data: Int32Array): Tensor<'int32'> {
  return { type: 'int32', shape, data };
}

/** The f32 values of a named tensor; throws where it is absent or of another type. */
export function floatsOf(tensors: Tensors, name: string): Float32Array {
  const tensor = tensors[name];
  if (tensor?.type !== 'float32') throw new TypeError(`"${name}" is not a float32 tensor of the result`);
  return tensor.data as Float32Array;
}
