/** A stream's lines as text, one at a time, some of which may be given back to be read again. */
import { LineSplitter } from '../../files/lines.js';
import type { Place, ProblemLog } from '../problems.js';
import { decode } from './decode.js';
import { MAX_RECORD_BYTES } from './source-record.js';

/** A line without its end. */
export interface TextLine {
  readonly line: number;
  readonly text: string;
  /** `\n` or `\r\n`, as the line ends. */
  readonly ending: string;
  /** Tells the log why the text is not to be used; undefined where it is sound. */
  readonly tell: ((log: ProblemLog) => void) | undefined;
}

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

export class TextLines {
  readonly #source: AsyncIterator<TextLine>;
  readonly #returned: TextLine[] = [];

  constructor(chunks: AsyncIterable<Buffer>, file: string) {
    this.#source = linesOf(chunks, file);
  }

  async next(): Promise<TextLine | undefined> {
    const again = this.#returned.pop();
    if (again) return again;
    const next = await this.#source.next();
    return next.done === true ? undefined : next.value;
  }

  /** Gives lines back, which will be read once more in their order. */
  unread(lines: readonly TextLine[]): void {
    for (const line of [...lines].reverse()) this.#returned.push(line);
  }

  async end(): Promise<void> {
    await this.#source.return?.();
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<TextLine> {
  const splitter = new LineSplitter(MAX_RECORD_BYTES);
  for await (const chunk of chunks)
    for (const line of splitter.push(chunk)) yield textLine(line.bytes, line.length, { file, line: line.line });
  for (const line of splitter.rest()) yield textLine(line.bytes, line.length, { file, line: line.line });
}

function textLine(bytes: Buffer | undefined, length: number, place: Place & { line: number }): TextLine {
  const { line } = place;
  if (bytes === undefined)
    return { line, text: '', ending: '\n', tell: (log) => log.add(tooLongProblem(place, length)) };
  const text = lenient.decode(bytes);
  const isBroken = text.includes('\uFFFD') && decode(bytes, place, null) === undefined;
  const tell = isBroken ? (log: ProblemLog) => void decode(bytes, place, log, 'line') : undefined;
  return { line, text, ending: length > bytes.length ? '\r\n' : '\n', tell };
}

/** The problem of a record longer than the limit. */
export function tooLongProblem(place: Place, length: number) {
  const what = `is ${Math.ceil(length / 2 ** 20)} MiB long, more than the ${MAX_RECORD_BYTES / 2 ** 20} MiB read`;
  return { ...place, field: '', what, fix: 'split the record', scope: 'item' as const };
}
