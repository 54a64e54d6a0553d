/** Damage done to files: flipped bits, cuts, splices, numbers swapped for awkward ones, in binary and in a JSON header. */
import type { Random } from '../../../src/core/random.js';

const AWKWARD = [0n, 1n, 2n, 31n, 32n, 64n, 255n, 256n, 1n << 16n, (1n << 31n) - 1n, 1n << 31n, (1n << 32n) - 1n, 1n << 32n, (1n << 53n) - 1n, 1n << 53n, 1n << 62n, 1n << 63n, (1n << 64n) - 1n]; // prettier-ignore
const AWKWARD_JSON = ['-1', '0', '1e400', '1e308', '9007199254740993', '0.5', 'null', '"x"', '[]', '{}', '[[[]]]', 'true', '18446744073709551615', '""', '"\\u0000"', '"__proto__"']; // prettier-ignore

type Mutation = (bytes: Buffer, random: Random, head: number) => Buffer;

/** A position, most often within the head, where the structure is. */
const place = (bytes: Buffer, random: Random, head: number): number =>
  random.below(Math.max(1, random.uniform() < 0.85 ? Math.min(head, bytes.length) : bytes.length));

const flip: Mutation = (bytes, random, head) => {
  const at = place(bytes, random, head);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
};

const overwrite: Mutation = (bytes, random, head) => {
  bytes[place(bytes, random, head)] = random.below(256);
  return bytes;
};

const number: Mutation = (bytes, random, head) => {
  const at = place(bytes, random, head);
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64LE(random.pick(AWKWARD));
  wide.copy(bytes, at, 0, random.pick([1, 4, 8]));
  return bytes;
};

const cut: Mutation = (bytes, random, head) => bytes.subarray(0, place(bytes, random, head));

const remove: Mutation = (bytes, random, head) => {
  const at = place(bytes, random, head);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(64))]);
};

const repeat: Mutation = (bytes, random, head) => {
  const at = place(bytes, random, head);
  const end = at + 1 + random.below(200);
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
};

const swap: Mutation = (bytes, random, head) => {
  const [from, to] = [place(bytes, random, head), place(bytes, random, head)];
  bytes.copy(bytes, to, from, from + 1 + random.below(32));
  return bytes;
};

/** One value of a JSON text becomes another. */
function changedJson(text: string, random: Random): string {
  const values = [...text.matchAll(/-?\d+(?:\.\d+)?|"[^"]*"|\[[^\][]*\]|\{[^{}]*\}|true|false|null/g)];
  if (values.length === 0) return text;
  const chosen = random.pick(values);
  const other = random.uniform() < 0.7 ? random.pick(AWKWARD_JSON) : random.pick(values)[0];
  return text.slice(0, chosen.index) + other + text.slice(chosen.index + chosen[0].length);
}

/** A value in a safetensors header becomes another; the declared length follows. */
const headerJson: Mutation = (bytes, random, head) => {
  const changed = Buffer.from(changedJson(bytes.subarray(8, head).toString('latin1'), random), 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(changed.length));
  return Buffer.concat([length, changed, bytes.subarray(head)]);
};

const wholeJson: Mutation = (bytes, random) => Buffer.from(changedJson(bytes.toString('latin1'), random), 'latin1');

/** Where a file holds JSON: nowhere, in the header of a safetensors file, or it is nothing else. */
export type JsonPart = 'none' | 'header' | 'whole';

const BINARY: readonly Mutation[] = [flip, overwrite, number, number, cut, remove, repeat, swap];

/** A damaged copy: one to four mutations, most of them within the first `head` bytes; of a file with JSON, half change its values. */
export function mutated(original: Buffer, head: number, random: Random, json: JsonPart): Buffer {
  let bytes: Buffer = Buffer.from(original);
  const inJson = json !== 'none' && random.uniform() < 0.5;
  const kinds = inJson ? [json === 'header' ? headerJson : wholeJson] : BINARY;
  for (let i = 1 + random.below(inJson && json === 'header' ? 1 : 4); i > 0; i--)
    bytes = random.pick(kinds)(bytes, random, head);
  return bytes;
}
