/** Records that are wrapped in objects: `{"data": […]}`, SQuAD's articles of paragraphs, the rows of a data set server; and objects that are no records at all. */
import { isObject } from '../../core/json.js';
import type { Place } from '../problems.js';
import type { SourceRecord } from './source-record.js';

type Fields = Readonly<Record<string, unknown>>;

/** Fields that usually hold a file's records. */
const USUAL = [
  'data',
  'rows',
  'records',
  'items',
  'examples',
  'samples',
  'instances',
  'dataset',
  'train',
  'paragraphs',
  'questions',
];

const isRecords = (value: unknown): value is readonly Fields[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => isObject(each));

/** The field whose entries are the records, where an object has one: a usual name, or the only list of objects. */
export function wrappingField(record: Fields): string | undefined {
  const lists = Object.keys(record).filter((name) => isRecords(record[name]));
  return USUAL.find((name) => lists.includes(name)) ?? (lists.length === 1 ? lists[0] : undefined);
}

/** The records within a record, as deep as `isKnown` says that they are none yet, each with its path as its place; lists of objects beside them are told to `onUnread`. */
export function* unwrapped(
  source: SourceRecord,
  isKnown: (record: Fields) => boolean,
  onUnread: (field: string, place: Place) => void,
): Generator<SourceRecord, undefined> {
  const { value, place } = source;
  const inner = isObject(value) && !isKnown(value) ? innerRecords(value) : undefined;
  if (!inner) yield source;
  else {
    if (isObject(value)) for (const field of otherLists(value)) onUnread(field, place);
    for (const [path, record] of inner)
      yield* unwrapped({ value: record, place: path === '' ? place : deeper(place, path) }, isKnown, onUnread);
  }
  return undefined;
}

/** Lists of objects in an object that wraps records, but for the one that is read. */
function otherLists(value: Fields): string[] {
  const read = wrappingField(value);
  return Object.keys(value).filter((name) => name !== read && name !== 'features' && isRecords(value[name]));
}

const deeper = (place: Place, path: string): Place => ({
  ...place,
  within: place.within === undefined ? path : `${place.within}.${path}`,
});

/** The records that an object wraps, each with its path in it; undefined where it wraps none. */
function innerRecords(value: Fields): [path: string, record: unknown][] | undefined {
  if (isObject(value['row']) && Object.hasOwn(value, 'row_idx')) return [['', value['row']]];
  const field = wrappingField(value);
  if (field === undefined) return onlyObject(value);
  return (value[field] as readonly Fields[]).map((record, index) => [`${field}[${index}]`, record]);
}

/** The one object that an object holds and nothing else, where that wraps records: `{"dataset": {"train": […]}}`. */
function onlyObject(value: Fields): [path: string, record: unknown][] | undefined {
  const [[name = '', inner] = [], ...others] = Object.entries(value);
  const isWrapping = isObject(inner) && others.length === 0 && innerRecords(inner) !== undefined;
  return isWrapping ? [[name, inner]] : undefined;
}

/** What an object is that holds a whole table and no record, and what to do; undefined for others. */
export function tableInObject(record: Fields): string | undefined {
  const values = Object.values(record);
  if (values.length < 2) return undefined;
  if (isSplit(record) || areColumns(values) || values.every(isNumbered))
    return 'is one object of columns, not records: in pandas write df.to_json(FILE, orient="records", lines=True)';
  const isNamed = values.every((value) => isObject(value) && sameNames(value, values[0]));
  if (!isNamed) return undefined;
  return "is one object of records by their names: write the records alone, e.g. jq -c '.[]' FILE > records.jsonl";
}

/** Names of columns, and rows as lists, as pandas writes a table by `orient="split"`. */
const isSplit = ({ columns, data }: Fields): boolean =>
  Array.isArray(columns) && Array.isArray(data) && data.every((row) => Array.isArray(row));

/** Lists of one length, none of objects. */
function areColumns(values: readonly unknown[]): boolean {
  const [first] = values;
  const length = Array.isArray(first) ? first.length : 0;
  const isColumn = (value: unknown): boolean =>
    Array.isArray(value) && value.length === length && !value.some((each) => isObject(each));
  return length > 1 && values.every(isColumn);
}

/** A column as pandas writes it: values by their rows' numbers. */
const isNumbered = (value: unknown): boolean =>
  isObject(value) && Object.keys(value).length > 0 && Object.keys(value).every((key, index) => key === String(index));

const sameNames = (a: Fields, b: unknown): boolean =>
  isObject(b) && Object.keys(a).join('\0') === Object.keys(b).join('\0');
