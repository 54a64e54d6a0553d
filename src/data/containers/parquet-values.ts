/** Values of Parquet's types as the text that a reader would write for them: `2021-03-05`, `12.50`, `1790123456789012345`. */
import { parquetSchema, type FileMetaData, type ParquetParsers, type SchemaElement, type SchemaTree } from 'hyparquet';
import { numberFrom } from '../../files/source-number.js';

/** A moment in nanoseconds since 1970, until it is known whether its column is of UTC. */
class Moment {
  constructor(readonly nanos: bigint) {}
}

/** Text of strict UTF-8, else the bytes, which no text is taken from. */
function textOf(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

/** What hyparquet makes of dates, times and texts. */
export const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (value: bigint) => new Moment(BigInt(value) * 1_000_000n),
  timestampFromMicroseconds: (value: bigint) => new Moment(BigInt(value) * 1000n),
  timestampFromNanoseconds: (value: bigint) => new Moment(BigInt(value)),
  dateFromDays: (days: number) => new Date(days * 86_400_000).toISOString().replace('T00:00:00.000Z', ''),
  stringFromBytes: (bytes: Uint8Array) => bytes && textOf(bytes),
};

const isDecimal = ({ converted_type, logical_type }: SchemaElement): boolean =>
  converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL';

/** The schema with decimals as the whole numbers that they are stored as: as floating-point numbers they would lose digits. */
export function rawSchema({ schema }: FileMetaData): SchemaElement[] {
  return schema.map((element) => {
    const raw = { ...element };
    if (isDecimal(element)) delete raw.converted_type;
    if (isDecimal(element)) delete raw.logical_type;
    return raw;
  });
}

/** A file's columns as a tree. */
export function columnTypes(metadata: FileMetaData): SchemaTree {
  return parquetSchema(metadata);
}

/** A value of a column, or a row of all, as JSON values, with numbers that keep their spelling. */
export function spelt(value: unknown, type: SchemaTree | undefined): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((each) => spelt(each, elementOf(type)));
  if (typeof value === 'object' && !(value instanceof Moment) && !(value instanceof Uint8Array))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, spelt(inner, childOf(type, name))]));
  return leaf(value, type?.element);
}

/** The type of a list's elements: behind one or two groups that only say that it is a list. */
function elementOf(type: SchemaTree | undefined): SchemaTree | undefined {
  const { element, children = [] } = type ?? {};
  const isList = element?.converted_type === 'LIST' || element?.logical_type?.type === 'LIST';
  if (!isList || children.length !== 1) return type;
  const [repeated] = children;
  return repeated?.children.length === 1 ? repeated.children[0] : repeated;
}

const childOf = (type: SchemaTree | undefined, name: string): SchemaTree | undefined =>
  type?.children.find(({ element }) => element.name === name);

function leaf(value: unknown, element: SchemaElement | undefined): unknown {
  if (element && isDecimal(element)) return decimal(value, element.scale ?? 0);
  if (value instanceof Moment) return momentText(value.nanos, element);
  const time = timeUnit(element);
  if (time !== undefined) return clockText(BigInt(value as bigint | number) * time);
  if (typeof value === 'bigint') return numberFrom(String(value));
  if (typeof value === 'number') return element?.type === 'FLOAT' ? fromFloat(value) : plainly(value);
  return value instanceof Uint8Array ? textOf(value) : value;
}

/** A decimal from its digits: an integer, or its bytes, the first the highest. */
function decimal(value: unknown, scale: number): unknown {
  const digits = value instanceof Uint8Array ? signed(value) : BigInt(value as bigint | number);
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  return numberFrom(`${digits < 0n ? '-' : ''}${whole}${scale > 0 ? `.${text.slice(text.length - scale)}` : ''}`);
}

function signed(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

const DAY = 86_400n * 1_000_000_000n;

/** `2021-03-05T14:30:00`, with a Z where the column is of UTC, and no more digits of a second than there are; a local midnight is its day. */
function momentText(nanos: bigint, element: SchemaElement | undefined): string {
  const within = ((nanos % DAY) + DAY) % DAY;
  const day = new Date(Number((nanos - within) / 1_000_000n)).toISOString().slice(0, -14);
  const logical = element?.logical_type;
  const isUtc = logical?.type === 'TIMESTAMP' && logical.isAdjustedToUTC;
  return within === 0n && !isUtc ? day : `${day}T${clockText(within)}${isUtc ? 'Z' : ''}`;
}

/** `14:30:00.25` of nanoseconds since midnight. */
function clockText(nanos: bigint): string {
  const seconds = nanos / 1_000_000_000n;
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(2, '0'));
  const fraction = String(nanos % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${parts.join(':')}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Nanoseconds of a unit of a column of times of day; undefined for other columns. */
function timeUnit(element: SchemaElement | undefined): bigint | undefined {
  const logical = element?.logical_type;
  if (logical?.type === 'TIME') return { MILLIS: 1_000_000n, MICROS: 1000n, NANOS: 1n }[logical.unit];
  if (element?.converted_type === 'TIME_MILLIS') return 1_000_000n;
  return element?.converted_type === 'TIME_MICROS' ? 1000n : undefined;
}

/** The shortest number that is this one in 32 bits: 0.1, not 0.10000000149011612. */
function fromFloat(value: number): unknown {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return plainly(short);
  }
  return plainly(value);
}

/** A number without an exponent, where it has fewer than 21 digits: 0.0000001, not 1e-7. */
function plainly(value: number): unknown {
  const [, sign = '', whole = '', fraction = '', exponent] = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(String(value)) ?? [];
  if (exponent === undefined || Number(exponent) > 20) return value;
  return numberFrom(`${sign}0.${'0'.repeat(Number(exponent) - 1)}${whole}${fraction}`);
}
