/** Reading ranges of a file straight into the memory they are wanted in, with its size checked first. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError, messageOf } from '../core/errors.js';

const REASON: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'it is a folder',
};

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
    const reason = REASON[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error);
    throw new UserError(`cannot read ${path}: ${reason}`);
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

/** Bytes of a typed array, without a copy. */
export function bytesOf(array: Float32Array | Uint16Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
