/** CSV and TSV, streamed: the first row names the columns, each further row is one record of text fields. */
import type { Place, ProblemLog } from '../problems.js';
import { CsvRow, type RowState } from './csv-row.js';
import type { SourceRecord } from './source-record.js';
import { TextLines, type TextLine } from './text-lines.js';

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** Longest field in quotes, in lines: a quote that does not close is not to take a whole file into memory. */
const MAX_ROW_LINES = 1_000_000;

/** What separates the columns, from the line that names them: of `,` `;` `|` and the tab the one that stands there oftenest outside quotes. */
export function delimiterOf(head: string, tabs = false): string {
  const names = head.replace(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string) => names.split(delimiter).length;
  if (tabs && names.includes('\t')) return '\t';
  return DELIMITERS.reduce<string>((best, each) => (count(each) > count(best) ? each : best), ',');
}

/** Records of a CSV stream; a broken row is told to the log and the next one read. */
export async function* csvRows(
  chunks: AsyncIterable<Buffer>,
  file: string,
  log: ProblemLog,
  tabs: boolean,
): AsyncGenerator<SourceRecord> {
  const lines = new TextLines(withLineFeeds(chunks), file);
  try {
    const head = await readHead(lines, file, log, tabs);
    if (head) yield* new Table(head, lines, file, log).rows();
  } finally {
    await lines.end();
  }
}

/** Lines that end in a carriage return alone, as old programs write them, ended by line feeds. */
async function* withLineFeeds(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isOld: boolean | undefined;
  for await (const chunk of chunks) {
    isOld ??= !chunk.includes(10) && chunk.includes(13);
    yield isOld ? Buffer.from(chunk.map((byte) => (byte === 13 ? 10 : byte))) : chunk;
  }
}

interface Head {
  readonly names: readonly string[];
  readonly delimiter: string;
  readonly tabs: boolean;
}

/** The names of the columns and what separates them; lines for programs (`sep=;`, `#TYPE …`) before them are obeyed or passed over. */
async function readHead(lines: TextLines, file: string, log: ProblemLog, tabs: boolean): Promise<Head | undefined> {
  let given: string | undefined;
  for (let line = await lines.next(); line; line = await lines.next()) {
    const sep = /^"?sep=(.|\\t)"?\s*$/i.exec(line.text)?.[1]?.replace('\\t', '\t');
    if (sep !== undefined) given = sep;
    else if (/^#TYPE /.test(line.text))
      log.note('a line for programs (#TYPE …) is passed over', { file, line: line.line });
    else if (line.text.trim() !== '') return headOf(line, lines, { file, log, tabs, given });
  }
  return undefined;
}

interface HeadOptions {
  readonly file: string;
  readonly log: ProblemLog;
  readonly tabs: boolean;
  readonly given: string | undefined;
}

async function headOf(
  line: TextLine,
  lines: TextLines,
  { file, log, tabs, given }: HeadOptions,
): Promise<Head | undefined> {
  const delimiter = given ?? delimiterOf(line.text, tabs);
  const read = await readRow(line, lines, delimiter);
  line.tell?.(log);
  if (read.state.kind === 'read')
    return { names: checkedNames(read.state.fields, { file, line: line.line }, log), delimiter, tabs };
  const what = 'names the columns, and a quote in it does not close';
  log.add({ file, line: line.line, field: '', what, fix: QUOTE_FIX, scope: 'file' });
  return undefined;
}

const QUOTE_FIX = 'close the quote, and write quotes inside a field in quotes twice ("")';

function checkedNames(fields: readonly string[], place: Place, log: ProblemLog): string[] {
  const names = fields.map((name) => name.trim());
  const repeated = names.filter((name, index) => name !== '' && names.indexOf(name) !== index);
  for (const name of repeated)
    log.add({ ...place, field: name, what: 'names two columns', fix: 'give each column its own name', scope: 'file' });
  return names;
}

interface RowRead {
  readonly state: Exclude<RowState, { kind: 'open' }>;
  readonly first: TextLine;
  readonly lines: readonly TextLine[];
  /** Which of the lines opened the quote that was open last. */
  readonly opener: number;
}

/** The row that begins with a line, with all lines that were read for it. */
async function readRow(first: TextLine, lines: TextLines, delimiter: string): Promise<RowRead> {
  const row = new CsvRow(delimiter);
  const taken = [first];
  let state = row.push(first.text, '');
  while (state.kind === 'open' && taken.length < MAX_ROW_LINES) {
    const next = await lines.next();
    if (!next) break;
    const ending = taken.at(-1)?.ending ?? '\n';
    taken.push(next);
    state = row.push(next.text, ending);
  }
  const closed = state.kind === 'open' ? { kind: 'broken' as const, what: 'it is never closed' } : state;
  return { state: closed, first, lines: taken, opener: row.opener };
}

/** A row whose quotes do not close, with the lines that were lost behind it, until it is told. */
interface Broken {
  readonly opener: number;
  readonly first: number;
  last: number;
  readonly what: string;
}

/** The rows of a table behind its head. */
class Table {
  #record = 0;
  #broken: Broken | undefined;

  constructor(
    readonly head: Head,
    readonly lines: TextLines,
    readonly file: string,
    readonly log: ProblemLog,
  ) {}

  async *rows(): AsyncGenerator<SourceRecord> {
    for (let line = await this.lines.next(); line; line = await this.lines.next()) {
      if (line.text.trim() === '' && !line.tell) continue;
      const row = this.#taken(await readRow(line, this.lines, this.head.delimiter));
      if (row) yield row;
    }
    this.#tellBroken();
  }

  /** The record of a row that was read, if it is one. */
  #taken(row: RowRead): SourceRecord | undefined {
    const { state, lines } = row;
    if (state.kind === 'broken') return this.#unclosed(row, state.what);
    const { fields } = state;
    const place = { file: this.file, line: row.first.line };
    if (fields.every((field) => field.trim() === '') && !row.first.tell) {
      this.log.note('a row holds nothing; passed over', place);
      return undefined;
    }
    if (this.#fits(fields)) return this.#recordOf(fields, row);
    if (lines.length > 1 || this.#broken) return this.#unclosed(row, this.#misfit(fields));
    this.#tellMisfit(fields, place);
    return undefined;
  }

  /** Whether there is a field for each column; fields behind the last column may be there where they are empty. */
  #fits(fields: readonly string[]): boolean {
    const { names } = this.head;
    return fields.length >= names.length && fields.slice(names.length).every((field) => field.trim() === '');
  }

  #misfit(fields: readonly string[]): string {
    return `has ${fields.length} fields for ${this.head.names.length} columns`;
  }

  #tellMisfit(fields: readonly string[], place: Place): void {
    const fix = `give it one field a column, separated by ${JSON.stringify(this.head.delimiter)}, and put fields that hold that in quotes`;
    this.log.add({ ...place, field: '', what: `the row ${this.#misfit(fields)}`, fix, scope: 'item' });
  }

  #recordOf(fields: readonly string[], { first, lines }: Pick<RowRead, 'first' | 'lines'>): SourceRecord | undefined {
    this.#tellBroken();
    const broken = lines.find(({ tell }) => tell);
    broken?.tell?.(this.log);
    if (broken) return undefined;
    const place = { file: this.file, line: first.line };
    this.#noteSwallowed(lines, place);
    const named = this.head.names.map((name, index) => [name, fields[index] ?? ''] as const);
    if (named.some(([name, field]) => name === '' && field.trim() !== ''))
      this.log.note('a column without a name is not used', place);
    return {
      value: Object.fromEntries(named.filter(([name]) => name !== '')),
      place: { ...place, record: ++this.#record },
    };
  }

  /** Notes a field in quotes that goes over lines which would all be rows of this table: a quote may be missing. */
  #noteSwallowed(lines: readonly TextLine[], place: Place): void {
    const inner = lines.slice(1, -1);
    const { delimiter, names } = this.head;
    if (inner.length < 2 || names.length < 2) return;
    if (inner.every(({ text }) => text.split(delimiter).length === names.length))
      this.log.note(
        `a field in quotes goes over lines ${place.line} to ${lines.at(-1)?.line ?? place.line}, which look like rows: does a quote not close?`,
        place,
      );
  }

  /** A row that its quotes make no row of. In a TSV its first line is read without quotes; elsewhere what opened the quote is lost, and lines behind it until one is a row. */
  #unclosed({ first, lines, opener }: RowRead, what: string): SourceRecord | undefined {
    if (this.head.tabs) return this.#asItStands(first, lines);
    const opened = this.#broken ? 0 : opener;
    this.lines.unread(lines.slice(opened + 1));
    const last = lines[opened]?.line ?? first.line;
    if (this.#broken) this.#broken.last = last;
    else this.#broken = { opener: last, first: first.line, last, what };
    return undefined;
  }

  #asItStands(first: TextLine, lines: readonly TextLine[]): SourceRecord | undefined {
    this.lines.unread(lines.slice(1));
    const fields = first.text.split(this.head.delimiter);
    const place = { file: this.file, line: first.line };
    if (this.#fits(fields)) {
      this.log.note('a field begins with a quote that does not close; read as it stands', place);
      return this.#recordOf(fields, { first, lines: [first] });
    }
    this.#tellMisfit(fields, place);
    return undefined;
  }

  #tellBroken(): void {
    if (!this.#broken) return;
    const { opener, first, last, what } = this.#broken;
    this.#broken = undefined;
    const lost = last > first ? `; lines ${first} to ${last} are left out with it` : '';
    const whole = `a quote that opens here does not close its field (${what})${lost}`;
    this.log.add({ file: this.file, line: opener, field: '', what: whole, fix: QUOTE_FIX, scope: 'item' });
  }
}
