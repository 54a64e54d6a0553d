/** Bytes to text: UTF-8 read strictly, other encodings by their names, byte order marks obeyed. */
import { readFileSync } from 'node:fs';
import { UserError } from '../core/errors.js';
import { readError } from './disk-error.js';
import { stubOf } from './stub.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Encodings offered in messages; any other that the WHATWG standard names is read too. */
const SHOWN = 'windows-1252, iso-8859-15, gbk, gb18030, big5, shift_jis, euc-kr, koi8-r, windows-1251, utf-16le';

/** What a name of an encoding means, e.g. `cp1252` → `windows-1252`. Throws UserError where it is none. */
export function parseEncoding(name: string): string {
  try {
    return new TextDecoder(name.trim()).encoding;
  } catch {
    throw new UserError(`unknown encoding "${name}": use utf-8, or one of ${SHOWN}`);
  }
}

/** The encoding that a byte order mark at a file's beginning names, with the mark's length; undefined where there is none. */
export function markedEncoding(head: Uint8Array): { readonly encoding: string; readonly bytes: number } | undefined {
  const [a, b, c, d] = head;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'utf-8', bytes: 3 };
  if (a === 0xff && b === 0xfe)
    return c === 0 && d === 0 ? { encoding: 'utf-32', bytes: 4 } : { encoding: 'utf-16le', bytes: 2 };
  if (a === 0xfe && b === 0xff) return { encoding: 'utf-16be', bytes: 2 };
  return a === 0 && b === 0 && c === 0xfe && d === 0xff ? { encoding: 'utf-32', bytes: 4 } : undefined;
}

/** Windows-1252's characters for the bytes 0x80 to 0x9f, some of which runtimes decode as control characters. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Turns a stream of bytes of one encoding into UTF-8, piece by piece. */
export class Recoder {
  readonly #decoder: TextDecoder;

  constructor(readonly encoding: string) {
    this.#decoder = new TextDecoder(encoding, { ignoreBOM: true });
  }

  /** The next bytes as text; without bytes, what was left of the last character. */
  text(bytes?: Uint8Array): string {
    const text = bytes === undefined ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true });
    if (this.encoding !== 'windows-1252') return text;
    return text.replace(/[\u0080-\u009f]/g, (mark) => WINDOWS_1252[mark.charCodeAt(0) - 0x80] ?? mark);
  }
}

/** Text of UTF-8 bytes, or the offset of the first byte that is none. */
export function decodeUtf8(bytes: Uint8Array): { readonly text: string } | { readonly brokenAt: number } {
  try {
    return { text: strict.decode(bytes) };
  } catch {
    return { brokenAt: firstBrokenByte(bytes) };
  }
}

/** Line of an offset in bytes, from 1. */
export function lineOfByte(bytes: Uint8Array, offset: number): number {
  return countNewlines(bytes, offset) + 1;
}

/** A text file, in UTF-8 or what its byte order mark says. Throws UserError where it cannot be read, is something that stands in for a file, or is no such text. */
export function readTextFile(path: string): string {
  const bytes = bytesOfFile(path);
  const stub = bytes.length === 0 ? undefined : stubOf(bytes);
  if (stub) throw new UserError(`${path} ${stub.what}: ${stub.fix}`);
  const marked = markedEncoding(bytes);
  const body = bytes.subarray(marked?.bytes ?? 0);
  if (marked !== undefined && marked.encoding.startsWith('utf-16')) return new Recoder(marked.encoding).text(body);
  const decoded = decodeUtf8(body);
  if ('text' in decoded) return decoded.text;
  const line = lineOfByte(body, decoded.brokenAt);
  const byte = (body[decoded.brokenAt] ?? 0).toString(16);
  throw new UserError(`${path}:${line}: is not valid UTF-8 (byte 0x${byte}): save the file as UTF-8`);
}

function bytesOfFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw readError(path, error);
  }
}

/** A guess for people: double-byte text has its high bytes in pairs. */
export function likelyEncoding(bytes: Uint8Array): string {
  const runs =
    Buffer.from(bytes)
      .toString('latin1')
      .match(/[\u0080-\u00ff]+/g) ?? [];
  return runs.every((run) => run.length >= 2 && run.length % 2 === 0) ? 'gbk' : 'windows-1252';
}

/** Offset of the first byte that is not part of a valid character, found by halving. */
function firstBrokenByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isPrefixValid(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  // A character that is cut short shows at the byte behind it.
  while (good > 0 && !isWhole(bytes.subarray(0, good))) good--;
  return good;
}

function isWhole(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function isPrefixValid(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function countNewlines(bytes: Uint8Array, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
