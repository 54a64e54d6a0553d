/** Bytes to text: UTF-8 read strictly, other encodings by their names, byte order marks obeyed. */
import { UserError } from '../../core/errors.js';
import type { Place, ProblemLog } from '../problems.js';

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

/** Text of UTF-8 bytes, or undefined after telling the log (where there is one) of the first broken byte; `within` is what the bytes are of. */
export function decode(bytes: Uint8Array, place: Place, log: ProblemLog | null, within = 'record'): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    if (log === null) return undefined;
    const at = firstBrokenByte(bytes);
    const line = (place.line ?? 1) + countNewlines(bytes, at);
    const what = `is not valid UTF-8 at byte ${at + 1} of the ${within} (0x${(bytes[at] ?? 0).toString(16)})`;
    const fix = `save the file as UTF-8, or name its encoding, e.g. --encoding ${likelyEncoding(bytes)}`;
    log.add({ ...place, line, field: '', what, fix, scope: 'item' });
    return undefined;
  }
}

/** A whole file's text by its byte order mark, or the encoding that was asked for, else UTF-8; undefined after telling the log. */
export function decodeFile(
  bytes: Uint8Array,
  encoding: string | undefined,
  place: Place,
  log: ProblemLog,
): string | undefined {
  const marked = markedEncoding(bytes);
  const used = encoding === undefined ? (marked?.encoding ?? 'utf-8') : parseEncoding(encoding);
  const body = bytes.subarray(marked?.encoding === used ? marked.bytes : 0);
  if (used === 'utf-8') return decode(body, place, log, 'file');
  const text = used === 'utf-32' ? '\uFFFD' : new Recoder(used).text(body);
  const at = text.indexOf('\uFFFD');
  if (at < 0) return text;
  const line = (place.line ?? 1) + text.slice(0, at).split('\n').length - 1;
  const what = `is not text in ${used} that can be read`;
  log.add({ ...place, line, field: '', what, fix: 'save the file as UTF-8', scope: 'item' });
  return undefined;
}

/** A guess for people: double-byte text has its high bytes in pairs. */
function likelyEncoding(bytes: Uint8Array): string {
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
