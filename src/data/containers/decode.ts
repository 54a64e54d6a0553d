/** Texts of data files decoded, with what is no text of their encoding told to the log by line and byte. */
import {
  decodeUtf8,
  lineOfByte,
  likelyEncoding,
  markedEncoding,
  parseEncoding,
  Recoder,
} from '../../files/encoding.js';
import type { Place, ProblemLog } from '../problems.js';

/** Text of UTF-8 bytes, or undefined after telling the log (where there is one) of the first broken byte; `within` is what the bytes are of. */
export function decode(bytes: Uint8Array, place: Place, log: ProblemLog | null, within = 'record'): string | undefined {
  const decoded = decodeUtf8(bytes);
  if ('text' in decoded) return decoded.text;
  if (log === null) return undefined;
  const at = decoded.brokenAt;
  const line = (place.line ?? 1) + lineOfByte(bytes, at) - 1;
  const what = `is not valid UTF-8 at byte ${at + 1} of the ${within} (0x${(bytes[at] ?? 0).toString(16)})`;
  const fix = `save the file as UTF-8, or name its encoding, e.g. --encoding ${likelyEncoding(bytes)}`;
  log.add({ ...place, line, field: '', what, fix, scope: 'item' });
  return undefined;
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
