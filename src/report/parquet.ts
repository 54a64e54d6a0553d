/** Rows as Parquet: one column for each of a row's fields, typed, null where a row has none. */
import type { BasicType, ColumnSource } from 'hyparquet-writer';
import type { Row } from '../core/records.js';
import { ROW_COLUMNS } from './export.js';

type RowColumn = (typeof ROW_COLUMNS)[number];

/** Types of the columns; whole numbers that have one are below 2³¹. */
const TYPES: Readonly<Record<RowColumn, BasicType>> = {
  run: 'STRING',
  dataset: 'STRING',
  item: 'STRING',
  question: 'STRING',
  type: 'STRING',
  book: 'STRING',
  level: 'STRING',
  rank: 'INT32',
  scale: 'DOUBLE',
  items: 'INT32',
  seed: 'INT32',
  judge: 'STRING',
  status: 'STRING',
  score: 'DOUBLE',
  correct: 'BOOLEAN',
  abstention: 'BOOLEAN',
  contextTruncated: 'BOOLEAN',
  trr: 'DOUBLE',
  retention: 'DOUBLE',
  bits: 'DOUBLE',
  prompt: 'STRING',
  reference: 'STRING',
  answer: 'STRING',
  finish: 'STRING',
  reason: 'STRING',
  reworded: 'BOOLEAN',
  form: 'STRING',
  exposures: 'INT32',
  control: 'STRING',
  group: 'STRING',
};

/** Columns that no row leaves out. */
const REQUIRED: ReadonlySet<RowColumn> = new Set([
  ...(['run', 'dataset', 'item', 'question', 'type', 'book', 'level', 'rank', 'scale', 'items', 'seed'] as const),
  ...(['judge', 'status', 'abstention', 'contextTruncated', 'prompt', 'reference', 'answer', 'reason'] as const),
]);

/** The bytes of a Parquet file (snappy) with the rows in their order. */
export async function parquetBytes(rows: readonly Row[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const columnData = ROW_COLUMNS.map((name): ColumnSource => ({
    name,
    data: rows.map((row) => row[name]),
    type: TYPES[name],
    nullable: !REQUIRED.has(name),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
