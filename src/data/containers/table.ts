/** CSV and TSV, streamed: the first row names the columns, each further row is one record of text fields. */
import { Readable } from 'node:stream';
import { parse, type CsvError, type Info } from 'csv-parse';
import type { ProblemLog } from '../problems.js';
import { MAX_RECORD_BYTES, type SourceRecord } from './source-record.js';

export type Delimiter = ',' | ';' | '\t';

/** What separates the columns of a CSV file, from the first line of its head: the semicolon where it stands there oftener than the comma. */
export function delimiterOf(head: string): Delimiter {
  const names = (/^[^\r\n]*/.exec(head)?.[0] ?? '').replace(/"[^"]*"/g, '');
  return names.split(';').length > names.split(',').length ? ';' : ',';
}

/** Records of a CSV stream; a broken row is told to the log and the next one read. */
export async function* csvRows(
  chunks: AsyncIterable<Buffer>,
  file: string,
  log: ProblemLog,
  tabs: boolean,
): AsyncGenerator<SourceRecord> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? Buffer.alloc(0) : first.value;
  const delimiter = tabs ? '\t' : delimiterOf(head.toString('latin1'));
  const parser = parse({
    bom: true,
    columns: (names: string[]) => checkedNames(names, file, log),
    delimiter,
    info: true,
    max_record_size: MAX_RECORD_BYTES,
    skip_empty_lines: true,
    skip_records_with_error: true,
    relax_quotes: tabs,
  });
  parser.on('skip', (error: CsvError) => log.add(rowProblem(error, file)));
  const source = Readable.from(following(head, iterator), { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let [line, record] = [2, 0];
  for await (const row of parser as AsyncIterable<{ info: Info; record: Record<string, string> }>) {
    yield { value: row.record, place: { file, line, record: ++record } };
    line = row.info.lines + 1;
  }
}

async function* following(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function checkedNames(names: string[], file: string, log: ProblemLog): string[] {
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  for (const name of repeated) {
    const what = 'names two columns';
    log.add({ file, line: 1, field: name, what, fix: 'give each column its own name', scope: 'file' });
  }
  return names;
}

function rowProblem(error: CsvError, file: string) {
  const lines = Number(error['lines']) || 1;
  const what = error.message
    .replace(/ on line \d+| at line \d+|, got.*$/g, '')
    .replace(/^[A-Z]/, (c) => c.toLowerCase());
  const fix = 'give the row as many fields as there are columns, quotes closed';
  return { file, line: lines, field: '', what: `the row cannot be read (${what})`, fix, scope: 'item' as const };
}
