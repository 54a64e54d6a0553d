/** A JSON array, or JSON values one behind the other, read element by element: brackets and strings are followed byte by byte, so only one element is in memory. */
import type { ProblemLog } from '../problems.js';
import { decode } from './decode.js';
import { JsonFault, readJson } from '../../files/json-reader.js';
import { parseRecord, syntaxProblem } from './json-text.js';
import { tooLongProblem } from './text-lines.js';
import { MAX_RECORD_BYTES, type SourceRecord } from './source-record.js';

const [NEWLINE, QUOTE, BACKSLASH, COMMA] = [10, 34, 92, 44];
const [OPEN, CLOSE, OPEN_BRACE, CLOSE_BRACE] = [91, 93, 123, 125];

/** Records of a stream that holds one JSON array; a broken element is told to the log and the next one read. */
export function jsonArray(chunks: AsyncIterable<Buffer>, file: string, log: ProblemLog): AsyncGenerator<SourceRecord> {
  return elements(new ArrayScanner('start'), chunks, file, log);
}

/** Records of a stream of JSON objects, each over as many lines as it likes. */
export function jsonObjects(
  chunks: AsyncIterable<Buffer>,
  file: string,
  log: ProblemLog,
): AsyncGenerator<SourceRecord> {
  return elements(new ArrayScanner('between'), chunks, file, log);
}

async function* elements(
  scanner: ArrayScanner,
  chunks: AsyncIterable<Buffer>,
  file: string,
  log: ProblemLog,
): AsyncGenerator<SourceRecord> {
  let record = 0;
  let isTrusted = true;
  for await (const chunk of chunks) {
    for (const element of scanner.scan(chunk)) {
      const place = { file, line: element.line, record: ++record };
      if (element.bytes === undefined) log.add(tooLongProblem(place, element.length));
      const parsed = element.bytes && parseRecord(element.bytes, place, log);
      if (parsed) yield parsed;
      // A broken object that took the bracket behind it, as quotes of another kind make it.
      else isTrusted = element.bytes?.at(-1) !== CLOSE || element.bytes[0] !== OPEN_BRACE;
    }
    if (scanner.fault !== undefined) break;
  }
  const fault = scanner.fault ?? scanner.faultAtEnd();
  if (fault && isTrusted)
    log.add({ file, ...(faultWithin(scanner.rest, file) ?? { ...fault, field: '' }), scope: 'file' });
}

/** The mistake in an element that never ends which makes it never end, such as a quote of another kind; undefined where it is cut off. */
function faultWithin(rest: Element | undefined, file: string) {
  const text = rest?.bytes && decode(rest.bytes, { file }, null);
  if (rest === undefined || text === undefined) return undefined;
  try {
    readJson(text);
  } catch (error) {
    if (error instanceof JsonFault && !error.isCut) return syntaxProblem(text, error, { file, line: rest.line });
  }
  return undefined;
}

interface Element {
  /** Undefined when the element is longer than the limit. */
  readonly bytes: Buffer | undefined;
  readonly length: number;
  readonly line: number;
}

interface Fault {
  readonly line: number;
  readonly what: string;
  readonly fix: string;
}

/** Before `[`, after `[`, after a comma, after an element, inside one, inside a string of one, after `]`; between objects without an array. */
type State = 'start' | 'first' | 'value' | 'after' | 'element' | 'string' | 'end' | 'between';

/** What may stand where the scanner is, for messages. */
const WANTED: Partial<Record<State, string>> = {
  start: '[',
  first: 'a record or ]',
  value: 'a record',
  after: ', or ]',
  end: 'nothing more',
  between: 'a record',
};

/** Finds where elements of the top-level array start and end. */
class ArrayScanner {
  fault: Fault | undefined;
  #state: State;
  #depth = 0;
  #line = 1;
  #elementLine = 1;
  #pieces: Buffer[] = [];
  #length = 0;
  /** Whether the last byte of the chunk before was a backslash that escapes the next. */
  #escaped = false;

  constructor(readonly start: 'start' | 'between') {
    this.#state = start;
  }

  /** What has been read of an element that has not ended. */
  get rest(): Element | undefined {
    if (this.#state !== 'element' && this.#state !== 'string') return undefined;
    return this.#take(Buffer.alloc(0));
  }

  /** The elements that end in this chunk. */
  *scan(chunk: Buffer): Generator<Element> {
    let start = 0;
    for (let i = 0; i < chunk.length && this.fault === undefined;) {
      if (this.#state === 'string') {
        i = this.#skipString(chunk, i);
        continue;
      }
      const byte = chunk[i] ?? 0;
      if (this.#state !== 'element' && this.#startsAt(byte)) start = i;
      const end = this.#state === 'element' ? this.#endAt(byte, i) : undefined;
      if (end !== undefined) {
        yield this.#take(chunk.subarray(start, end));
        this.#state = this.start === 'between' ? 'between' : 'after';
        i = end;
        continue;
      }
      if (byte === NEWLINE) this.#line++;
      i++;
    }
    if (this.#state === 'element' || this.#state === 'string') this.#keep(chunk.subarray(start));
  }

  /** What is missing when the stream ends here, if anything. */
  faultAtEnd(): Fault | undefined {
    const line = this.#line;
    switch (this.#state) {
      case 'end':
      case 'between':
        return undefined;
      case 'start':
        return { line, what: 'is empty', fix: 'write a JSON array of records' };
      case 'element':
      case 'string':
        return {
          line: this.#elementLine,
          what: 'the record that starts here never ends',
          fix: 'close its quote, brace or bracket; the file may be cut off',
        };
      default:
        return { line, what: 'the array never ends', fix: 'close it with ]; the file may be cut off' };
    }
  }

  /** Moves over one byte between elements; true when an element starts at it. */
  #startsAt(byte: number): boolean {
    if (byte === 32 || byte === 9 || byte === 13 || byte === NEWLINE) return false;
    const state = this.#state;
    if (state === 'start' && byte === OPEN) this.#state = 'first';
    else if (state === 'after' && byte === COMMA) this.#state = 'value';
    else if ((state === 'after' || state === 'first') && byte === CLOSE) this.#state = 'end';
    else if (this.#mayStart(byte)) {
      this.#state = 'element';
      this.#depth = 0;
      this.#elementLine = this.#line;
      return true;
    } else this.#refuse(byte);
    return false;
  }

  #mayStart(byte: number): boolean {
    if (this.#state === 'between') return byte === OPEN_BRACE;
    return (this.#state === 'first' || this.#state === 'value') && byte !== COMMA && byte !== CLOSE;
  }

  #refuse(byte: number): void {
    const what = `has ${JSON.stringify(String.fromCharCode(byte))} where ${WANTED[this.#state] ?? 'a value'} belongs`;
    this.fault = { line: this.#line, what, fix: 'mend the JSON array' };
  }

  /** Moves over one byte of an element; its end (exclusive) when it ends here: after its last bracket, or before what follows a bare value. */
  #endAt(byte: number, index: number): number | undefined {
    if (byte === QUOTE) this.#state = 'string';
    else if (byte === OPEN || byte === OPEN_BRACE) this.#depth++;
    else if (byte === COMMA && this.#depth === 0) return index;
    else if (byte === CLOSE || byte === CLOSE_BRACE) {
      if (this.#depth === 0) return index;
      if (--this.#depth === 0) return index + 1;
    }
    return undefined;
  }

  /** The place after the string's closing quote, or the chunk's end. */
  #skipString(chunk: Buffer, from: number): number {
    let i = this.#escaped ? from + 1 : from;
    this.#escaped = false;
    for (;;) {
      const quote = chunk.indexOf(QUOTE, i);
      const end = quote < 0 ? chunk.length : quote;
      const escaped = isEscaped(chunk, i, end);
      if (quote < 0) {
        this.#escaped = escaped;
        return chunk.length;
      }
      i = quote + 1;
      if (escaped) continue;
      this.#state = 'element';
      return i;
    }
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > MAX_RECORD_BYTES) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(last: Buffer): Element {
    this.#keep(last);
    const length = this.#length;
    const bytes = length > MAX_RECORD_BYTES ? undefined : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return { bytes, length, line: this.#elementLine };
  }
}

/** Whether an odd number of backslashes, none before `from`, stands before `end`. */
function isEscaped(chunk: Buffer, from: number, end: number): boolean {
  let slashes = 0;
  while (end - slashes > from && chunk[end - slashes - 1] === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}
