/** Which container a file is (JSON array, JSON Lines, CSV, TSV, Parquet), and its records, whatever it is. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { UserError } from '../../core/errors.js';
import { stubOf } from '../../files/stub.js';
import type { ProblemLog } from '../problems.js';
import { markedEncoding, parseEncoding, Recoder } from '../../files/encoding.js';
import { jsonArray, jsonObjects } from './json-array.js';
import { JsonFault, readJson } from '../../files/json-reader.js';
import { jsonLines } from './lines.js';
import type { SourceRecord } from './source-record.js';
import { csvRows } from './table.js';

/** `objects` are JSON objects one behind the other, each over several lines. */
export type Container = 'json' | 'jsonl' | 'objects' | 'csv' | 'tsv' | 'parquet';

const CHUNK_BYTES = 1 << 20;

/** A data file, as its first bytes and its name tell of it. */
export interface SourceFile {
  readonly path: string;
  /** Its name in messages. */
  readonly file: string;
  readonly container: Container;
  /** By the WHATWG standard's name. */
  readonly encoding: string;
}

/** What a file is, from its name and its first bytes; throws UserError when neither tells, or it is only a stand-in for the file. */
export async function detectSource(path: string, file: string, encoding?: string): Promise<SourceFile> {
  const head = await readHead(path);
  refuseOthers(head, file);
  const used = encodingOf(head, file, encoding);
  const text = new Recoder(used).text(head).replace(/^\ufeff/, '');
  return { path, file, container: containerOf(head, text, path, file), encoding: used };
}

function containerOf(head: Buffer, text: string, path: string, file: string): Container {
  const extension = extname(path).toLowerCase();
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet';
  if (extension === '.csv' || extension === '.tsv') return extension === '.csv' ? 'csv' : 'tsv';
  const [first = ''] = text.trimStart();
  if (first === '') throw new UserError(`${file}: is empty: write at least one record`);
  if (first === '[') return 'json';
  if (first === '{') return isOverLines(text) ? 'objects' : 'jsonl';
  throw new UserError(`${file}:1: starts with ${JSON.stringify(first)}, unknown as data: ${KNOWN}`);
}

const KNOWN = 'use a JSON array, JSON Lines, CSV, TSV, Parquet, or a folder of .txt or .md files';

/** Files of other kinds by their first bytes. */
const OTHERS: readonly (readonly [bytes: string, what: string])[] = [
  ['\x1f\x8b', 'is compressed with gzip: unpack it first'],
  ['\x28\xb5\x2f\xfd', 'is compressed with zstd: unpack it first'],
  ['BZh', 'is compressed with bzip2: unpack it first'],
  ['\xfd7zXZ', 'is compressed with xz: unpack it first'],
  ['PK\x03\x04', 'is a zip archive or an Excel or Word file: unpack it, or save it as CSV'],
  ['\xd0\xcf\x11\xe0', 'is an old Excel or Word file: save it as CSV'],
  ['ARROW1', 'is an Arrow file: save it as Parquet'],
  ['%PDF', 'is a PDF: save its text as .txt or .md'],
  ['SQLite format 3', 'is an SQLite database: save the table as CSV'],
];

function refuseOthers(head: Buffer, file: string): void {
  const other = OTHERS.find(([bytes]) => head.subarray(0, bytes.length).toString('latin1') === bytes);
  if (other) throw new UserError(`${file}: ${other[1]}`);
  const stub = head.length === 0 ? undefined : stubOf(head);
  if (stub) throw new UserError(`${file}: ${stub.what}: ${stub.fix}`);
}

/** The encoding that was asked for; without one what the byte order mark says, else UTF-8. */
function encodingOf(head: Buffer, file: string, asked: string | undefined): string {
  const marked = markedEncoding(head)?.encoding;
  if (marked === 'utf-32') throw new UserError(`${file}:1: is UTF-32 text: save it as UTF-8`);
  const wanted = asked === undefined ? undefined : parseEncoding(asked);
  if (wanted !== undefined && marked !== undefined && wanted !== marked)
    throw new UserError(
      `${file}:1: begins with the byte order mark of ${marked}, and --encoding says ${wanted}: leave the option out`,
    );
  if (marked === undefined && wanted === undefined && looksWide(head))
    throw new UserError(
      `${file}:1: looks like UTF-16 text without a byte order mark: give --encoding utf-16le or utf-16be`,
    );
  return wanted ?? marked ?? 'utf-8';
}

/** Whether every other byte of the beginning is zero. */
function looksWide(head: Buffer): boolean {
  const zeros = (from: number) => [0, 2, 4, 6].every((at) => head[from + at] === 0);
  return head.length >= 8 && zeros(0) !== zeros(1) && head.subarray(0, 4).toString('latin1') !== 'PAR1';
}

/** Whether the first object goes on behind its line: the line ends inside of it, and the next is no object of its own. */
function isOverLines(text: string): boolean {
  const [line = '', ...more] = text.trimStart().split('\n');
  const next = more.find((each) => each.trim() !== '');
  if (next === undefined || faultOf(line)?.isCut !== true) return false;
  const both = faultOf(`${line}\n${next}`);
  return both === undefined || both.offset > line.length + 1 + (next.length - next.trimStart().length);
}

function faultOf(text: string): JsonFault | undefined {
  try {
    readJson(text);
    return undefined;
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
}

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The records of a file; `onBytes` is told how much has been read. */
export function readRecords(
  source: SourceFile,
  log: ProblemLog,
  onBytes?: (read: number) => void,
): AsyncIterable<SourceRecord> {
  const { path, file, container } = source;
  if (container === 'parquet') return parquetRecords(path, file, log);
  const chunks = bytesOf(source, log, onBytes);
  if (container === 'json') return jsonArray(chunks, file, log);
  if (container === 'objects') return jsonObjects(chunks, file, log);
  if (container === 'jsonl') return jsonLines(chunks, file, log);
  return csvRows(chunks, file, log, container === 'tsv');
}

/** Parquet's readers are loaded for a Parquet file alone. */
async function* parquetRecords(path: string, file: string, log: ProblemLog): AsyncGenerator<SourceRecord> {
  const { parquetRows } = await import('./parquet.js');
  yield* parquetRows(path, file, log);
}

/** The file's bytes in pieces as UTF-8, without a leading byte order mark. */
async function* bytesOf(
  { path, file, encoding }: SourceFile,
  log: ProblemLog,
  onBytes?: (read: number) => void,
): AsyncGenerator<Buffer> {
  let read = 0;
  const recoder = encoding === 'utf-8' ? undefined : new RecodedStream(encoding, file, log);
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    const mark = read === 0 ? (markedEncoding(chunk)?.bytes ?? 0) : 0;
    if (mark > 0) log.note('the file starts with a byte order mark; passed over', { file, line: 1 });
    const bytes = chunk.subarray(mark);
    yield recoder?.push(bytes) ?? bytes;
    onBytes?.((read += chunk.length));
  }
  if (recoder) yield recoder.push();
}

/** A stream of another encoding as UTF-8; what is no character of it is told once, with its line. */
class RecodedStream {
  readonly #recoder: Recoder;
  #line = 1;
  #isTold = false;

  constructor(
    readonly encoding: string,
    readonly file: string,
    readonly log: ProblemLog,
  ) {
    this.#recoder = new Recoder(encoding);
  }

  push(bytes?: Uint8Array): Buffer {
    const text = this.#recoder.text(bytes);
    const broken = this.#isTold ? -1 : text.indexOf('\uFFFD');
    if (broken >= 0) this.#tell(text, broken);
    this.#line += text.split('\n').length - 1;
    return Buffer.from(text);
  }

  #tell(text: string, at: number): void {
    this.#isTold = true;
    const before = text.slice(0, at);
    const line = this.#line + before.split('\n').length - 1;
    const what = `is not valid ${this.encoding} behind ${JSON.stringify(before.slice(-15).replace(/^.*\n/s, ''))}`;
    const fix = 'name the encoding that the file has with --encoding';
    this.log.add({ file: this.file, line, field: '', what, fix, scope: 'file' });
  }
}
