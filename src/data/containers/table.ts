/** CSV and TSV, streamed: the first row names the columns, each further row is one record of text fields. */
import { Readable } from 'node:stream';
import { parse, type CsvError, type Info } from 'csv-parse';
import type { ProblemLog } from '../problems.js';
import { MAX_RECORD_BYTES, type SourceRecord } from './source-record.js';

/** Records of a CSV stream; a broken row is told to the log and the next one read. */
export async function* csvRows(
  chunks: AsyncIterable<Buffer>,
  file: string,
  log: ProblemLog,
  delimiter: ',' | '\t',
): AsyncGenerator<SourceRecord> {
  const parser = parse({
    bom: true,
    columns: (names: string[]) => checkedNames(names, file, log),
    delimiter,
    info: true,
    max_record_size: MAX_RECORD_BYTES,
    skip_empty_lines: true,
    skip_records_with_error: true,
    relax_quotes: delimiter === '\t',
  });
  parser.on('skip', (error: CsvError) => log.add(rowProblem(error, file)));
  const source = Readable.from(chunks, { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let [line, record] = [2, 0];
  for await (const row of parser as AsyncIterable<{ info: Info; record: Record<string, string> }>) {
    yield { value: row.record, place: { file, line, record: ++record } };
    line = row.info.lines + 1;
  }
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
