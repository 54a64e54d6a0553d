/** One record's bytes read as UTF-8 and JSON, with problems told by their exact line. */
import type { Place, ProblemLog } from '../problems.js';
import { fieldPath } from '../schema.js';
import { decode } from './decode.js';
import { JsonFault, readJson } from '../../files/json-reader.js';
import type { SourceRecord } from './source-record.js';

/** The parsed record, or undefined after telling the log. */
export function parseRecord(bytes: Buffer, place: Place, log: ProblemLog): SourceRecord | undefined {
  const text = decode(bytes, place, log);
  if (text === undefined) return undefined;
  try {
    const value = readJson(text, ({ path, offset }) => {
      const what = 'a name stands twice in one object; its last value counts';
      log.note(what, { ...place, line: lineOf(text, offset, place) }, fieldPath(path));
    });
    return { value, place };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    log.add({ ...syntaxProblem(text, error, place), scope: 'item' });
    return undefined;
  }
}

/** The place, field and words of what is wrong with a text as JSON. */
export function syntaxProblem(text: string, { offset, what, fix, path }: JsonFault, place: Place) {
  const near = JSON.stringify(text.slice(Math.max(0, offset - 15), offset + 15));
  const whole = `is not JSON near ${near}: ${what}`;
  return { ...place, line: lineOf(text, offset, place), field: fieldPath(path), what: whole, fix };
}

function lineOf(text: string, offset: number, place: Place): number {
  return (place.line ?? 1) + text.slice(0, offset).split('\n').length - 1;
}
