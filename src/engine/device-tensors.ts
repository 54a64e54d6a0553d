/** Tensors that lie on a GPU from one run to the next: carried there once, by a program that does nothing else. */
import { Tensor as OrtTensor, type InferenceSession } from 'onnxruntime-node';
import { Builder } from '../compiler/builder.js';
import type { DataType, Graph } from '../compiler/ir.js';
import { rowCuts } from '../compiler/passes/cut-inputs.js';
import { widened } from '../compiler/passes/widen-inputs.js';
import type { Held, HeldTensor, Tensor, Tensors } from './engine.js';

/** One of ONNX Runtime's tensors of a tensor, its values not copied. */
export function toOrt({ type, data, shape }: Tensor): OrtTensor {
  return new OrtTensor(type as 'float32', data as Float32Array, shape);
}

/** A tensor with its integers in 32 bits, where its type has fewer. */
function inWideIntegers(tensor: Tensor): Tensor {
  const type = widened(tensor.type);
  if (type === tensor.type) return tensor;
  return { type, shape: tensor.shape, data: Int32Array.from(tensor.data as Uint8Array) };
}

/** A tensor as WebGPU is fed it: in pieces of at most so many bytes, by rows, and integers in 32 bits. */
export function piecesOf(given: Tensor, mostBytes: number): readonly OrtTensor[] {
  const tensor = inWideIntegers(given);
  const rows = rowCuts(tensor.type, tensor.shape, mostBytes);
  if (rows.length === 1) return [toOrt(tensor)];
  const [, columns = 0] = tensor.shape;
  let end = 0;
  return rows.map((count) => {
    const data = (tensor.data as Float32Array).subarray(end * columns, (end += count) * columns);
    return toOrt({ type: tensor.type, shape: [count, columns], data });
  });
}

/** Its pieces, on the device. */
export class DeviceTensor implements HeldTensor {
  readonly type: DataType;
  readonly shape: readonly number[];

  constructor(
    { type, shape }: Tensor,
    readonly held: readonly OrtTensor[],
  ) {
    this.type = type;
    this.shape = shape;
  }
}

/** Types that WebGPU's kernels read; tensors of others are computed on by the processor, and stay with it. */
const READ: readonly DataType[] = ['float32', 'float16', 'int32'];

/** A graph that gives back what it is fed. */
function identity(type: DataType, rank: number): Graph {
  const b = new Builder();
  const shape = Array.from({ length: rank }, (_, axis) => `D${axis}`);
  return b.finish({ y: b.input('x', type, shape) });
}

/** How a device is reached. */
export interface DeviceSessions {
  readonly mostBytes: number;
  /** A session whose outputs stay on the device. */
  readonly open: (graph: Graph) => Promise<InferenceSession>;
}

/** Carries tensors to a device, a piece at a time. */
export async function holdOnDevice(tensors: Tensors, { mostBytes, open }: DeviceSessions): Promise<Held> {
  const sessions = new Map<string, Promise<InferenceSession>>();
  const carry = async (piece: OrtTensor): Promise<OrtTensor> => {
    const type = piece.type as DataType;
    const key = `${type} ${piece.dims.length}`;
    const session = sessions.get(key) ?? open(identity(type, piece.dims.length));
    sessions.set(key, session);
    const { y } = await (await session).run({ x: piece });
    if (y?.location !== 'gpu-buffer') throw new Error('a tensor did not stay on the device');
    return y;
  };
  const held: Record<string, Tensor | DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const pieces = READ.includes(widened(tensor.type)) && tensor.data.length > 0 ? piecesOf(tensor, mostBytes) : [];
    const carried: OrtTensor[] = [];
    for (const piece of pieces) carried.push(await carry(piece));
    held[name] = carried.length > 0 ? new DeviceTensor(tensor, carried) : tensor;
  }
  // The sessions end last: what lies on the device goes with the last session that is open there.
  const release = async (): Promise<void> => {
    Object.values(held).forEach(dispose);
    for (const session of sessions.values()) await (await session).release();
  };
  return { tensors: held, release };
}

function dispose(tensor: Tensor | DeviceTensor): void {
  if (tensor instanceof DeviceTensor) tensor.held.forEach((piece) => piece.dispose());
}
