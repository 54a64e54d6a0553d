/** JSON Lines, streamed: one record a line, blank lines passed over. */
import { isBlank, LineSplitter, type Line } from '../../files/lines.js';
import type { ProblemLog } from '../problems.js';
import { parseRecord } from './json-text.js';
import { MAX_RECORD_BYTES, type SourceRecord } from './source-record.js';
import { tooLongProblem } from './text-lines.js';

/** Records of a JSONL stream; a broken line, or one longer than the limit, is told to the log and the next one read. */
export async function* jsonLines(
  chunks: AsyncIterable<Buffer>,
  file: string,
  log: ProblemLog,
): AsyncGenerator<SourceRecord> {
  let record = 0;
  for await (const { line, bytes, length } of linesOf(chunks)) {
    if (bytes === undefined) log.add(tooLongProblem({ file, line }, length));
    if (bytes === undefined || isBlank(bytes)) continue;
    const parsed = parseRecord(bytes, { file, line, record: ++record }, log);
    if (parsed) yield parsed;
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const splitter = new LineSplitter(MAX_RECORD_BYTES);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.rest();
}
