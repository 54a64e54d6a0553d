/** Which container a file is (JSON array, JSON Lines, CSV, TSV, Parquet), and its records, whatever it is. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { UserError } from '../../core/errors.js';
import { withoutMark } from '../../files/lines.js';
import type { ProblemLog } from '../problems.js';
import { jsonArray } from './json-array.js';
import { jsonLines } from './lines.js';
import { parquetRows } from './parquet.js';
import type { SourceRecord } from './source-record.js';
import { csvRows } from './table.js';

export type Container = 'json' | 'jsonl' | 'csv' | 'tsv' | 'parquet';

const CHUNK_BYTES = 1 << 20;

/** The container of a file, from its name and its first bytes; throws UserError when neither tells. */
export async function detectContainer(path: string, file: string): Promise<Container> {
  const head = await readHead(path);
  const extension = extname(path).toLowerCase();
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet';
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff))
    throw new UserError(`${file}:1: is UTF-16 text: save it as UTF-8`);
  if (head[0] === 0x1f && head[1] === 0x8b) throw new UserError(`${file}: is compressed with gzip: unpack it first`);
  if (extension === '.csv' || extension === '.tsv') return extension === '.csv' ? 'csv' : 'tsv';
  const first = withoutMark(head).toString('latin1').trimStart().slice(0, 1);
  if (first === '') throw new UserError(`${file}: is empty: write at least one record`);
  if (first === '[') return 'json';
  if (first === '{') return 'jsonl';
  throw new UserError(`${file}:1: starts with ${JSON.stringify(first)}, unknown as data: ${KNOWN}`);
}

const KNOWN = 'use a JSON array, JSON Lines, CSV, TSV, Parquet, or a folder of .txt or .md files';

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The records of a file; `file` is its name in messages, `onBytes` is told how much has been read. */
export function readRecords(
  path: string,
  file: string,
  container: Container,
  log: ProblemLog,
  onBytes?: (read: number) => void,
): AsyncIterable<SourceRecord> {
  if (container === 'parquet') return parquetRows(path, file, log);
  const chunks = bytesOf(path, file, log, onBytes);
  if (container === 'json') return jsonArray(chunks, file, log);
  if (container === 'jsonl') return jsonLines(chunks, file, log);
  return csvRows(chunks, file, log, container === 'tsv');
}

/** The file's bytes in pieces, without a leading byte order mark. */
async function* bytesOf(
  path: string,
  file: string,
  log: ProblemLog,
  onBytes?: (read: number) => void,
): AsyncGenerator<Buffer> {
  let isFirst = true;
  let read = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    if (isFirst && withoutMark(chunk) !== chunk)
      log.note('the file starts with a byte order mark; passed over', { file, line: 1 });
    yield isFirst ? withoutMark(chunk) : chunk;
    isFirst = false;
    onBytes?.((read += chunk.length));
  }
}
