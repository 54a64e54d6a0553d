/** One record's bytes read as UTF-8 and JSON, with problems told by their exact line. */
import { messageOf } from '../../core/errors.js';
import type { Place, ProblemLog } from '../problems.js';
import type { SourceRecord } from './source-record.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The parsed record, or undefined after telling the log. */
export function parseRecord(bytes: Buffer, place: Place, log: ProblemLog): SourceRecord | undefined {
  const text = decode(bytes, place, log);
  if (text === undefined) return undefined;
  try {
    return { value: JSON.parse(text) as unknown, place };
  } catch (error) {
    log.add(syntaxProblem(text, messageOf(error), place));
    return undefined;
  }
}

/** Text of UTF-8 bytes, or undefined after telling the log where the first broken byte is. */
export function decode(bytes: Buffer, place: Place, log: ProblemLog): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    const at = firstBrokenByte(bytes);
    const line = (place.line ?? 1) + countNewlines(bytes, at);
    const what = `is not valid UTF-8 at byte ${at + 1} of the record (0x${(bytes[at] ?? 0).toString(16)})`;
    log.add({ ...place, line, field: '', what, fix: 'save the file as UTF-8', scope: 'item' });
    return undefined;
  }
}

/** Offset of the first byte that is not part of a valid character, found by halving. */
function firstBrokenByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isPrefixValid(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isPrefixValid(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function countNewlines(bytes: Buffer, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

function syntaxProblem(text: string, message: string, place: Place) {
  const position = /position (\d+)/.exec(message)?.[1];
  const offset = position === undefined ? text.length : Number(position);
  const line = (place.line ?? 1) + text.slice(0, offset).split('\n').length - 1;
  const near = JSON.stringify(text.slice(Math.max(0, offset - 15), offset + 15));
  const fix = 'mend the JSON';
  return { ...place, line, field: '', what: `is not JSON near ${near}`, fix, scope: 'item' as const };
}
