/** Tensors known when compiling, in ONNX's element types and bytes. */
import { UnsupportedOpError } from '../../core/errors.js';
import type { DataType } from '../ir.js';
import type { TensorProto } from './schema.js';

/** ONNX's numbers for element types (TensorProto.DataType). */
export const ELEMENT_TYPES: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

function bytesOf(type: DataType, data: readonly number[]): Uint8Array {
  switch (type) {
    case 'float32':
      return new Uint8Array(Float32Array.from(data).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(data, (each) => BigInt(each)).buffer);
    case 'int32':
      return new Uint8Array(Int32Array.from(data).buffer);
    case 'int8':
      return new Uint8Array(Int8Array.from(data).buffer);
    case 'uint16':
      return new Uint8Array(Uint16Array.from(data).buffer);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(data);
    case 'float16':
      throw new UnsupportedOpError('constants in float16 are not written: cast from float32');
  }
}

/** A tensor of numbers; throws UnsupportedOpError for float16. */
export function tensorProto(type: DataType, dims: readonly number[], data: readonly number[]): TensorProto {
  return { dims, dataType: ELEMENT_TYPES[type], rawData: bytesOf(type, data) };
}
