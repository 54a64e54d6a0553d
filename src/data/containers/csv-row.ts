/** One row of a CSV file, read line by line: fields in quotes may hold line breaks, and what does not close is told. */

/** Where a row stands after a line: it goes on, it is read, or it is broken. */
export type RowState =
  | { readonly kind: 'open' }
  | { readonly kind: 'read'; readonly fields: readonly string[] }
  | { readonly kind: 'broken'; readonly what: string };

export class CsvRow {
  readonly #fields: string[] = [];
  /** What has been read of a field in quotes that has not closed yet. */
  #open: string | undefined;
  #lines = 0;
  /** Which of the row's lines opened the field in quotes that was read last, from 0. */
  opener = 0;

  constructor(readonly delimiter: string) {}

  /** Reads the row's next line, `ending` being what stood between it and the one before. */
  push(line: string, ending: string): RowState {
    let at = 0;
    if (this.#open !== undefined) this.#open += ending;
    for (;;) {
      const quote = this.#open === undefined ? this.#quoteAt(line, at) : at;
      const end = quote === undefined ? this.#plain(line, at) : this.#quoted(line, quote);
      if (typeof end !== 'number') return end;
      if (end >= line.length) return { kind: 'read', fields: this.#fields };
      at = end + this.delimiter.length;
    }
  }

  /** Behind the opening quote of the field that begins here; undefined where it has none. */
  #quoteAt(line: string, at: number): number | undefined {
    let start = at;
    while (line[start] === ' ') start++;
    if (line[start] !== '"') return undefined;
    this.#open = '';
    this.opener = this.#lines;
    return start + 1;
  }

  /** A field without quotes, up to the delimiter or the line's end; its place. Quotes within it are text. */
  #plain(line: string, at: number): number {
    const next = line.indexOf(this.delimiter, at);
    const end = next < 0 ? line.length : next;
    this.#fields.push(line.slice(at, end));
    return end;
  }

  /** A field in quotes from `at` on; the place behind it, or what became of it. */
  #quoted(line: string, at: number): number | RowState {
    for (let from = at; ;) {
      const quote = line.indexOf('"', from);
      this.#open = (this.#open ?? '') + line.slice(from, quote < 0 ? undefined : quote);
      if (quote < 0) {
        this.#lines++;
        return { kind: 'open' };
      }
      if (line[quote + 1] !== '"') return this.#close(line, quote + 1);
      this.#open += '"';
      from = quote + 2;
    }
  }

  #close(line: string, at: number): number | RowState {
    let end = at;
    while (line[end] === ' ' && !line.startsWith(this.delimiter, end)) end++;
    if (end < line.length && !line.startsWith(this.delimiter, end))
      return { kind: 'broken', what: `behind its closing quote stands ${JSON.stringify(line.slice(at, at + 12))}` };
    this.#fields.push(this.#open ?? '');
    this.#open = undefined;
    return end;
  }
}
