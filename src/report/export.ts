/** Rows as CSV (RFC 4180), a line at a time, so that any number of rows fits. */
import type { Row } from '../core/records.js';

/** The columns of an exported row, in their order. */
export const ROW_COLUMNS = [
  'run',
  'dataset',
  'item',
  'question',
  'type',
  'book',
  'level',
  'rank',
  'scale',
  'items',
  'seed',
  'judge',
  'status',
  'score',
  'correct',
  'abstention',
  'contextTruncated',
  'trr',
  'retention',
  'bits',
  'prompt',
  'reference',
  'answer',
  'finish',
  'reason',
  'reworded',
  'form',
  'exposures',
  'control',
  'group',
] as const satisfies readonly (keyof Row)[];

/** Lines of CSV, header first, each with its CRLF; null is an empty field, texts are as they are. */
export function* csvLines(rows: Iterable<Row>): Generator<string> {
  yield `${ROW_COLUMNS.join(',')}\r\n`;
  for (const row of rows) yield `${ROW_COLUMNS.map((column) => csvField(row[column])).join(',')}\r\n`;
}

/** Quoted where it holds a comma, a quote, a line break or an edge of blanks; an empty text is `""`, so that it is not null. */
function csvField(value: string | number | boolean | null): string {
  if (value === null) return '';
  const text = String(value);
  if (text !== '' && !/[",\r\n]|^\s|\s$/u.test(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}
