/** A stream of bytes cut into lines, whatever pieces it comes in. */

const [NEWLINE, RETURN] = [10, 13];

export interface Line {
  /** Number of the line, from 1. */
  readonly line: number;
  /** Its bytes without `\n` or `\r\n`; undefined where it is longer than the limit. */
  readonly bytes: Buffer | undefined;
  /** Length in bytes. */
  readonly length: number;
  /** Bytes of the stream up to here, the line and its end included. */
  readonly end: number;
  /** Whether a newline ends it, which a torn last line lacks. */
  readonly isEnded: boolean;
}

/** Takes a stream piece by piece; keeps no more of it than the line that has not ended yet. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;
  #line = 0;
  #end = 0;

  /** Lines of more than `maxBytes` are told by their length alone. */
  constructor(readonly maxBytes = Infinity) {}

  /** The lines that end in this piece. */
  *push(piece: Buffer): Generator<Line> {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      this.#keep(piece.subarray(start, end));
      yield this.#take(true);
      start = end + 1;
    }
    this.#keep(piece.subarray(start));
  }

  /** What stands behind the last newline, if anything. */
  *rest(): Generator<Line> {
    if (this.#length > 0) yield this.#take(false);
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.maxBytes) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(isEnded: boolean): Line {
    const [first] = this.#pieces;
    const bytes = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces);
    const length = this.#length;
    this.#pieces = [];
    this.#length = 0;
    this.#end += length + (isEnded ? 1 : 0);
    const whole = bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
    return { line: ++this.#line, bytes: length > this.maxBytes ? undefined : whole, length, end: this.#end, isEnded };
  }
}

/** The beginning of a file without a byte order mark. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Whether a line holds nothing but blanks. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === RETURN);
}
