/** JSON Lines, streamed: one record a line, blank lines passed over. */
import type { Place, ProblemLog } from '../problems.js';
import { parseRecord } from './json-text.js';
import { MAX_RECORD_BYTES, type SourceRecord } from './source-record.js';

const NEWLINE = 10;

/** Records of a JSONL stream; a broken line is told to the log and the next one read. */
export async function* jsonLines(
  chunks: AsyncIterable<Buffer>,
  file: string,
  log: ProblemLog,
): AsyncGenerator<SourceRecord> {
  let record = 0;
  for await (const { bytes, line } of lines(chunks, file, log)) {
    if (isBlank(bytes)) continue;
    const parsed = parseRecord(bytes, { file, line, record: ++record }, log);
    if (parsed) yield parsed;
  }
}

/** Lines as bytes without their end (`\n` or `\r\n`); one longer than the limit is told and passed over. */
async function* lines(chunks: AsyncIterable<Buffer>, file: string, log: ProblemLog) {
  const open = new OpenLine();
  let line = 1;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      open.push(chunk.subarray(start, end));
      const bytes = open.take({ file, line }, log);
      if (bytes) yield { bytes, line };
      start = end + 1;
      line++;
    }
    open.push(chunk.subarray(start));
  }
  const bytes = open.take({ file, line }, log);
  if (bytes) yield { bytes, line };
}

/** Pieces of a line whose end has not come yet. */
class OpenLine {
  #pieces: Buffer[] = [];
  #length = 0;

  push(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > MAX_RECORD_BYTES) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  take(place: Place, log: ProblemLog): Buffer | undefined {
    const [first] = this.#pieces;
    const bytes = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces);
    const tooLong = this.#length > MAX_RECORD_BYTES;
    if (tooLong) log.add(tooLongProblem(place, this.#length));
    this.#pieces = [];
    this.#length = 0;
    return tooLong ? undefined : bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes;
  }
}

/** The problem of a record longer than the limit. */
export function tooLongProblem(place: Place, length: number) {
  const what = `is ${Math.ceil(length / 2 ** 20)} MiB long, more than the ${MAX_RECORD_BYTES / 2 ** 20} MiB read`;
  return { ...place, field: '', what, fix: 'split the record', scope: 'item' as const };
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);
}
