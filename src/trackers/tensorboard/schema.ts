/** The part of TensorBoard's protobuf schemas (event.proto, summary.proto, tensor.proto, the hparams plugin's) that lightmem writes. */
import protobuf from 'protobufjs';

const { Field, MapField, Type, Root } = protobuf;

function message(name: string, ...fields: readonly (readonly [string, number, string, 'repeated'?])[]): protobuf.Type {
  const type = new Type(name);
  for (const [field, id, kind, rule] of fields)
    type.add(rule ? new Field(field, id, kind, rule) : new Field(field, id, kind));
  return type;
}

const root = new Root()
  .add(
    message(
      'Event',
      ['wallTime', 1, 'double'],
      ['step', 2, 'int64'],
      ['fileVersion', 3, 'string'],
      ['summary', 5, 'Summary'],
    ),
  )
  .add(message('Summary', ['value', 1, 'Value', 'repeated']))
  .add(
    message(
      'Value',
      ['tag', 1, 'string'],
      ['simpleValue', 2, 'float'],
      ['metadata', 9, 'SummaryMetadata'],
      ['tensor', 8, 'Tensor'],
    ),
  )
  .add(message('SummaryMetadata', ['pluginData', 1, 'PluginData'], ['dataClass', 4, 'int32']))
  .add(message('PluginData', ['pluginName', 1, 'string'], ['content', 2, 'bytes']))
  .add(message('Tensor', ['dtype', 1, 'int32'], ['shape', 2, 'Shape'], ['string', 8, 'bytes', 'repeated']))
  .add(message('Shape', ['dim', 2, 'Dim', 'repeated']))
  .add(message('Dim', ['size', 1, 'int64']))
  .add(message('Hparams', ['start', 3, 'Start'], ['end', 4, 'End']))
  .add(message('Start', ['groupName', 4, 'string']).add(new MapField('hparams', 1, 'string', 'Setting')))
  .add(message('End', ['status', 1, 'int32']))
  // google.protobuf.Value
  .add(message('Setting', ['number', 2, 'double'], ['text', 3, 'string'], ['flag', 4, 'bool']));

/** A value under a tag: a number, or a tensor that a plugin reads. */
export interface ValueMessage {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly metadata?: {
    readonly pluginData: { readonly pluginName: string; readonly content?: Uint8Array };
    /** 2: tensors, such as texts. */
    readonly dataClass?: number;
  };
  readonly tensor?: TensorMessage;
}

/** Texts (7 as `dtype`), or nothing. */
export interface TensorMessage {
  readonly dtype: number;
  readonly shape: { readonly dim: readonly { readonly size: number }[] };
  readonly string?: readonly Uint8Array[];
}

export interface EventMessage {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly ValueMessage[] };
}

export interface HparamsMessage {
  readonly start?: {
    readonly hparams: Readonly<
      Record<string, { readonly number: number } | { readonly text: string } | { readonly flag: boolean }>
    >;
    readonly groupName: string;
  };
  /** 1: success, 2: failure. */
  readonly end?: { readonly status: number };
}

const [event, hparams] = [root.lookupType('Event'), root.lookupType('Hparams')];

/** The bytes of an event; its time comes first and takes nine. */
export function encodeEvent(value: EventMessage): Uint8Array {
  return event.encode(value).finish();
}

/** What the hparams plugin reads. */
export function encodeHparams(value: HparamsMessage): Uint8Array {
  return hparams.encode(value).finish();
}
