/** Parquet, read one row group at a time, its dates, decimals and large numbers spelt as the file has them. */
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { messageOf } from '../../core/errors.js';
import type { ProblemLog } from '../problems.js';
import { columnTypes, PARSERS, rawSchema, spelt } from './parquet-values.js';
import type { SourceRecord } from './source-record.js';

/** Records of a Parquet file; a file that cannot be read is told to the log. */
export async function* parquetRows(path: string, file: string, log: ProblemLog): AsyncGenerator<SourceRecord> {
  try {
    const buffer = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(buffer);
    const types = columnTypes(metadata);
    for await (const [record, row] of rowsOf(buffer, { ...metadata, schema: rawSchema(metadata) }))
      yield { value: spelt(row, types), place: { file, record } };
  } catch (error) {
    const what = `is not a Parquet file that can be read (${messageOf(error)})`;
    log.add({ file, field: '', what, fix: 'write it again', scope: 'file' });
  }
}

type ParquetBuffer = Awaited<ReturnType<typeof asyncBufferFromFile>>;

/** Rows with their numbers, from 1. */
async function* rowsOf(file: ParquetBuffer, metadata: FileMetaData): AsyncGenerator<[record: number, row: object]> {
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const options = { file, metadata, rowStart, rowEnd, compressors, parsers: PARSERS, utf8: false };
    for (const [index, row] of (await parquetReadObjects(options)).entries()) yield [rowStart + index + 1, row];
    rowStart = rowEnd;
  }
}
