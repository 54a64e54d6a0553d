/** Data sets in: any supported file or folder as a stream of items, with every problem told at once. */
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';
import { isObject } from '../core/json.js';
import type { Item } from '../core/records.js';
import { detectSource, readRecords, type Container } from './containers/source.js';
import type { SourceRecord } from './containers/source-record.js';
import { tableInObject, unwrapped } from './containers/wrapped.js';
import { akew } from './formats/akew.js';
import { alpaca } from './formats/alpaca.js';
import { folderItems } from './formats/folder.js';
import { FORMATS, type ColumnMapping, type DataFormat, type RecordFormat } from './formats/format.js';
import { items } from './formats/items.js';
import { longmemeval } from './formats/longmemeval.js';
import { openai } from './formats/openai.js';
import { columnFix, missingPart, plain, shellWord } from './formats/plain.js';
import { sharegpt } from './formats/sharegpt.js';
import { squad } from './formats/squad.js';
import { wikiupdate } from './formats/wikiupdate.js';
import { joinRows, type PlacedItem } from './table-items.js';
import { problemsError, ProblemLog, sharesLine, type Note, type Place, type Problem } from './problems.js';
import { kindOf } from './schema.js';
import { SourceNumber } from '../files/source-number.js';

/** Formats of single records, in the order in which they are recognised. */
const RECORD_FORMATS: readonly RecordFormat[] = [
  wikiupdate, akew, longmemeval, items, sharegpt, openai, squad, alpaca, plain,
]; // prettier-ignore

export interface LoadOptions {
  /** Default: recognised from the first record. */
  readonly format?: DataFormat;
  /** Name of the data set; default: the format's own, or the file's name without its ending. */
  readonly dataset?: string;
  /** Columns of plain records. */
  readonly columns?: ColumnMapping;
  /** Encoding of the text, e.g. `windows-1252`; default: UTF-8, or what a byte order mark says. */
  readonly encoding?: string;
  /** `error` (default): any problem ends the reading with UserErrors; `skip`: leaves out what is broken and reports how much. */
  readonly onProblem?: 'error' | 'skip';
  /** Most items to read; default: all. */
  readonly limit?: number;
  /** Told now and then how many bytes of the file have been read; not told for folders and Parquet. */
  readonly onBytes?: (read: number, total: number) => void;
  /** Told once, when all has been read. */
  readonly onReport?: (report: LoadReport) => void;
}

/** What was read and what was not. */
export interface LoadReport {
  readonly file: string;
  readonly format: DataFormat;
  readonly container: Container | 'folder';
  readonly dataset: string;
  readonly bytes: number;
  readonly items: number;
  readonly questions: number;
  /** Items left out because of a problem. */
  readonly skippedItems: number;
  readonly skippedQuestions: number;
  readonly problemCount: number;
  /** The first 50 problems. */
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
}

export interface Loaded {
  readonly items: readonly Item[];
  readonly report: LoadReport;
}

/** A format by its name; throws UserError naming the formats there are. */
export function parseFormat(name: string): DataFormat {
  const format = FORMATS.find((known) => known === name);
  if (format) return format;
  throw new UserError(`unknown format "${name}": use one of ${FORMATS.join(', ')}`);
}

/** All items of a file or folder, and the report. Throws UserErrors as `loadItems` does. */
export async function loadAll(path: string, options: LoadOptions = {}): Promise<Loaded> {
  const loaded: Item[] = [];
  let report: LoadReport | undefined;
  const onReport = (made: LoadReport) => {
    report = made;
    options.onReport?.(made);
  };
  for await (const item of loadItems(path, { ...options, onReport })) loaded.push(item);
  if (!report) throw new Error('loading ended without a report');
  return { items: loaded, report };
}

/**
 * Items of a file or folder, one at a time. Under `onProblem: 'error'` nothing more is yielded after the first problem,
 * the rest is read to find further ones, and UserErrors tells them all. An empty data set is an error under either policy.
 */
export async function* loadItems(path: string, options: LoadOptions = {}): AsyncGenerator<Item> {
  const log = new ProblemLog();
  const source = await openSource(path, options, log);
  const skips = options.onProblem === 'skip';
  const counts = { items: 0, questions: 0 };
  for await (const item of distinct(source, log)) {
    if (log.count > 0 && !skips) continue;
    if (counts.items >= (options.limit ?? Infinity)) break;
    counts.items++;
    counts.questions += item.questions.length;
    yield item;
  }
  const fatal = skips ? log.countOf('file') : log.count;
  if (fatal > 0) throw problemsError(source.file, log.problems, log.count);
  if (counts.items === 0) throw emptyError(source.file, log);
  options.onReport?.(report(source, log, counts));
}

function emptyError(file: string, log: ProblemLog): UserError {
  if (log.count > 0) return problemsError(`${file}: no item is left`, log.problems, log.count);
  return new UserError(`${file}: holds no item: give a file with at least one record`);
}

function report(source: Source, log: ProblemLog, counts: { items: number; questions: number }): LoadReport {
  const { file, format, container, dataset, bytes } = source;
  return {
    file,
    format,
    container,
    dataset,
    bytes,
    ...counts,
    skippedItems: log.skippedItems,
    skippedQuestions: log.countOf('question'),
    problemCount: log.count,
    problems: log.problems,
    notes: log.notes,
  };
}

interface Source {
  readonly file: string;
  readonly format: DataFormat;
  readonly container: Container | 'folder';
  readonly dataset: string;
  readonly bytes: number;
  readonly items: AsyncIterable<PlacedItem>;
}

async function openSource(path: string, options: LoadOptions, log: ProblemLog): Promise<Source> {
  const info = await statOrExplain(path);
  const stem = basename(path, extname(path));
  const columns = options.columns ?? {};
  if (info.isDirectory()) {
    const dataset = options.dataset ?? basename(path);
    const found = placeless(folderItems(path, log, { dataset, columns, encoding: options.encoding }));
    return { file: path, format: 'folder', container: 'folder', dataset, bytes: 0, items: found };
  }
  if (options.format === 'folder') throw new UserError(`${path}: is no folder: give a folder or another format`);
  const file = await detectSource(path, path, options.encoding);
  const { container } = file;
  const onBytes = (read: number) => options.onBytes?.(read, info.size);
  const found = readRecords(file, log, onBytes);
  const isTable = TABLES.includes(container);
  const onUnread = (field: string, place: Place) =>
    log.note(`records under "${field}" are not read; write them to a file of their own`, place);
  const wrapping = { path, onUnread, isRecord: (record: Fields) => isKnown(record, options) };
  const records = await peek(isTable ? found : flattened(found, wrapping));
  if (isTable) checkColumns(columns, records.first?.value, path);
  const format = chooseFormat(options.format, records.first, path, columns);
  if (isTable && format === plain) checkParts(columns, records.first?.value, path);
  const dataset = options.dataset ?? format.dataset ?? stem;
  const read = readItems(records.all, format, { dataset, columns, log });
  const joined = format.joinsRows === true ? joinRows(read, log) : read;
  return { file: path, format: format.name, container, dataset, bytes: info.size, items: joined };
}

async function statOrExplain(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(missing ? `no such file or folder: ${path}: check the path` : messageOf(error));
  }
}

/** The first record, and all of them again. */
async function peek(records: AsyncIterable<SourceRecord>) {
  const iterator = records[Symbol.asyncIterator]();
  const head = await iterator.next();
  const first = head.done === true ? undefined : head.value;
  async function* all(): AsyncGenerator<SourceRecord> {
    if (first === undefined) return;
    try {
      yield first;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { first, all: all() };
}

/** Whether a record is of the form that was asked for, of any form that there is, or has the columns that were named. */
function isKnown(record: Readonly<Record<string, unknown>>, { format, columns = {} }: LoadOptions): boolean {
  const { levels = {}, ...parts } = columns;
  if ([...Object.values(parts), ...Object.values(levels)].some((name) => Object.hasOwn(record, name))) return true;
  return RECORD_FORMATS.some((each) => (format === undefined || each.name === format) && each.matches(record));
}

type Fields = Readonly<Record<string, unknown>>;

interface Wrapping {
  readonly path: string;
  readonly isRecord: (record: Fields) => boolean;
  readonly onUnread: (field: string, place: Place) => void;
}

/** Records taken out of what wraps them, where the first is wrapped; throws UserError where that is a whole table in one object. */
async function* flattened(
  records: AsyncIterable<SourceRecord>,
  { path, isRecord, onUnread }: Wrapping,
): AsyncGenerator<SourceRecord> {
  let isWrapped: boolean | undefined;
  let record = 0;
  for await (const source of records) {
    const { value } = source;
    const table = isWrapped === undefined && isObject(value) ? tableInObject(value) : undefined;
    if (table !== undefined) throw new UserError(`${path}: ${table}`);
    isWrapped ??= isObject(value) && !isRecord(value);
    if (!isWrapped) yield source;
    else
      for (const inner of unwrapped(source, isRecord, onUnread))
        yield { ...inner, place: { ...inner.place, record: ++record } };
  }
}

function chooseFormat(
  name: DataFormat | undefined,
  first: SourceRecord | undefined,
  path: string,
  columns: ColumnMapping,
): RecordFormat {
  const value = first?.value;
  const found =
    name === undefined
      ? RECORD_FORMATS.find((format) => isObject(value) && format.matches(value))
      : RECORD_FORMATS.find((format) => format.name === name);
  if (found) return found;
  if (!isObject(value) || columns.text !== undefined || columns.question !== undefined) return plain;
  const names = Object.keys(value);
  const fields = names.slice(0, 8).join(', ');
  const isData = names.some((name) => /^[\d.,]+$|[.?!]$/.test(name))
    ? ' (a table names its columns in its first row)'
    : '';
  const typed = names.slice(0, 3).map((name, i) => `${['text', 'question', 'answer'][i] ?? ''}=${shellWord(name)}`);
  throw new UserError(
    `${path}: the records' form is not recognised from their fields (${fields})${isData}: name it with --format (${FORMATS.join(', ')}), or say where the parts are, e.g. --column ${typed.join(' ')}`,
  );
}

/** Containers whose records all have the same columns. */
const TABLES: readonly Container[] = ['csv', 'tsv', 'parquet'];

/** Throws UserError where a column is mapped that a table does not have. */
function checkColumns({ levels = {}, ...parts }: ColumnMapping, record: unknown, path: string): void {
  if (!isObject(record)) return;
  for (const [part, column] of Object.entries({ ...parts, ...levels })) {
    if (Object.hasOwn(record, column)) continue;
    const fields = Object.keys(record).slice(0, 12).join(', ');
    throw new UserError(`${path}: no column "${column}" for ${part}: use one of ${fields}`);
  }
}

/** Throws UserError where a table has a column for questions and none for their answers, or the other way round. */
function checkParts(columns: ColumnMapping, record: unknown, path: string): void {
  const part = isObject(record) ? missingPart(record, columns) : undefined;
  if (part === undefined || !isObject(record)) return;
  throw new UserError(`${path}: no column is known to hold the ${part}: ${columnFix(record, part, columns)}`);
}

async function* readItems(
  records: AsyncIterable<SourceRecord>,
  format: RecordFormat,
  context: { dataset: string; columns: ColumnMapping; log: ProblemLog },
): AsyncGenerator<PlacedItem> {
  for await (const { value, place } of records) {
    if (isObject(value) && !(value instanceof SourceNumber)) {
      const item = format.read(value, { ...context, place });
      if (item) yield { item, place };
      continue;
    }
    const what = `is ${kindOf(value)}`;
    context.log.add({ ...place, field: '', what, fix: 'write an object with named fields', scope: 'item' });
  }
}

async function* placeless(found: AsyncIterable<Item>): AsyncGenerator<PlacedItem> {
  let record = 0;
  for await (const item of found) yield { item, place: { file: item.id, record: ++record } };
}

/** Items whose id has not come before; a second one is told with both places. */
async function* distinct(source: Source, log: ProblemLog): AsyncGenerator<Item> {
  const seen = new Map<string, number>();
  const folded = new Set<string>();
  for await (const { item, place } of source.items) {
    const position = (sharesLine(place) ? place.record : place.line) ?? place.record ?? 1;
    const before = seen.get(item.id);
    if (before !== undefined) {
      noteDuplicate(item.id, place, before, log);
      continue;
    }
    seen.set(item.id, position);
    const form = item.id.normalize('NFC').toLowerCase();
    if (folded.has(form)) log.note('two ids differ only in case or Unicode form', place, 'id');
    folded.add(form);
    yield item;
  }
}

function noteDuplicate(id: string, place: Place, before: number, log: ProblemLog): void {
  const where = place.line === undefined || sharesLine(place) ? `record ${before}` : `line ${before}`;
  const what = `${JSON.stringify(id)} was given before, on ${where}`;
  log.add({ ...place, field: 'id', what, fix: 'give each item its own id', scope: 'item' });
}
