/** Parquet, read one row group at a time. */
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { messageOf } from '../../core/errors.js';
import type { ProblemLog } from '../problems.js';
import type { SourceRecord } from './source-record.js';

/** Records of a Parquet file; a file that cannot be read is told to the log. */
export async function* parquetRows(path: string, file: string, log: ProblemLog): AsyncGenerator<SourceRecord> {
  try {
    const buffer = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(buffer);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd, compressors });
      for (const [index, row] of rows.entries())
        yield { value: plainValue(row), place: { file, record: rowStart + index + 1 } };
      rowStart = rowEnd;
    }
  } catch (error) {
    const what = `is not a Parquet file that can be read (${messageOf(error)})`;
    log.add({ file, field: '', what, fix: 'write it again', scope: 'file' });
  }
}

/** Parquet's 64-bit integers, dates and bytes as JSON values. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));
  return value;
}
