/** Reading files with their size checked first: ranges straight into the memory they are wanted in, or piece by piece. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../core/errors.js';
import { readError } from './disk-error.js';

/** Opens a regular file for reading, gives it with its size in bytes to `use`, and closes it. Throws UserError where it cannot be opened. */
export function withFile<T>(path: string, use: (file: number, size: number) => T): T {
  const file = openForReading(path);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new UserError(`${path}: not a regular file`);
    return use(file, stat.size);
  } finally {
    closeSync(file);
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw readError(path, error);
  }
}

/** Fills `into` from a position in the file; throws UserError where the file ends before. */
export function readInto(path: string, file: number, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.length;) {
    const read = readSync(file, into, done, Math.min(into.length - done, 1 << 30), position + done);
    if (read === 0)
      throw new UserError(
        `${path}: the file ends at byte ${position + done}, inside of what it declares; it is cut short`,
      );
    done += read;
  }
}

/** Bytes read at a time where a file is read piece by piece; of a smaller one as many as it has, for a study has thousands of small ones. */
const [LEAST_CHUNK_BYTES, CHUNK_BYTES] = [1 << 12, 1 << 20];

/** A file's bytes from its beginning, a piece at a time, each in memory of its own. Throws UserError where it cannot be opened. */
export function* fileChunks(path: string): Generator<Buffer> {
  const file = openForReading(path);
  try {
    const stat = fstatSync(file);
    const bytes = stat.isFile() ? Math.min(CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, stat.size)) : CHUNK_BYTES;
    for (;;) {
      const chunk = Buffer.allocUnsafe(bytes);
      const read = readSync(file, chunk, 0, bytes, null);
      if (read === 0) return;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(file);
  }
}

/** SHA-256 of a file's bytes, as 64 hexadecimal digits, of which no more than a piece is in memory. Throws UserError where it cannot be opened. */
export function fileSha256(path: string): string {
  const digest = createHash('sha256');
  for (const chunk of fileChunks(path)) digest.update(chunk);
  return digest.digest('hex');
}

/** Bytes of a typed array, without a copy. */
export function bytesOf(array: Float32Array | Uint16Array | Float64Array | Int8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
