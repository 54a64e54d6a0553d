/** The part of ONNX's protobuf schema (onnx.proto, IR version 10) that lightmem writes. */
import protobuf from 'protobufjs';

const { Field, Type, Root } = protobuf;

type Rule = 'repeated' | undefined;

function message(name: string, fields: readonly (readonly [string, number, string, Rule?])[]): protobuf.Type {
  const type = new Type(name);
  for (const [field, id, kind, rule] of fields)
    type.add(rule ? new Field(field, id, kind, rule) : new Field(field, id, kind));
  return type;
}

const root = new Root()
  .define('onnx')
  .add(
    message('ModelProto', [
      ['irVersion', 1, 'int64'],
      ['producerName', 2, 'string'],
      ['graph', 7, 'GraphProto'],
      ['opsetImport', 8, 'OperatorSetIdProto', 'repeated'],
    ]),
  )
  .add(
    message('OperatorSetIdProto', [
      ['domain', 1, 'string'],
      ['version', 2, 'int64'],
    ]),
  )
  .add(
    message('GraphProto', [
      ['node', 1, 'NodeProto', 'repeated'],
      ['name', 2, 'string'],
      ['initializer', 5, 'TensorProto', 'repeated'],
      ['input', 11, 'ValueInfoProto', 'repeated'],
      ['output', 12, 'ValueInfoProto', 'repeated'],
      ['valueInfo', 13, 'ValueInfoProto', 'repeated'],
    ]),
  )
  .add(
    message('NodeProto', [
      ['input', 1, 'string', 'repeated'],
      ['output', 2, 'string', 'repeated'],
      ['name', 3, 'string'],
      ['opType', 4, 'string'],
      ['attribute', 5, 'AttributeProto', 'repeated'],
      ['domain', 7, 'string'],
    ]),
  )
  .add(
    message('AttributeProto', [
      ['name', 1, 'string'],
      ['f', 2, 'float'],
      ['i', 3, 'int64'],
      ['s', 4, 'bytes'],
      ['t', 5, 'TensorProto'],
      ['ints', 8, 'int64', 'repeated'],
      ['type', 20, 'int32'],
    ]),
  )
  .add(
    message('TensorProto', [
      ['dims', 1, 'int64', 'repeated'],
      ['dataType', 2, 'int32'],
      ['name', 8, 'string'],
      ['rawData', 9, 'bytes'],
    ]),
  )
  .add(
    message('ValueInfoProto', [
      ['name', 1, 'string'],
      ['type', 2, 'TypeProto'],
    ]),
  )
  .add(message('TypeProto', [['tensorType', 1, 'TypeProtoTensor']]))
  .add(
    message('TypeProtoTensor', [
      ['elemType', 1, 'int32'],
      ['shape', 2, 'TensorShapeProto'],
    ]),
  )
  .add(message('TensorShapeProto', [['dim', 1, 'DimensionProto', 'repeated']]))
  .add(
    message('DimensionProto', [
      ['dimValue', 1, 'int64'],
      ['dimParam', 2, 'string'],
    ]),
  );

/** A tensor's values as raw bytes. */
export interface TensorProto {
  name?: string;
  dims: readonly number[];
  dataType: number;
  rawData: Uint8Array;
}

/** An attribute of a node. */
export interface AttributeProto {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  ints?: readonly number[];
}

/** A node. */
export interface NodeProto {
  opType: string;
  domain?: string;
  input: readonly string[];
  output: readonly string[];
  attribute: readonly AttributeProto[];
}

/** A value's type and shape. */
export interface ValueInfoProto {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: readonly { dimValue?: number; dimParam?: string }[] } } };
}

/** A whole model. */
export interface ModelProto {
  irVersion: number;
  producerName: string;
  opsetImport: readonly { domain: string; version: number }[];
  graph: {
    name: string;
    node: readonly NodeProto[];
    initializer: readonly TensorProto[];
    input: readonly ValueInfoProto[];
    output: readonly ValueInfoProto[];
    valueInfo: readonly ValueInfoProto[];
  };
}

/** Bytes of an ONNX model. */
export function encodeModel(model: ModelProto): Uint8Array {
  return root.lookupType('onnx.ModelProto').encode(model).finish();
}
