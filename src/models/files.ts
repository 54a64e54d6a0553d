/** Reading parts of files. */
import { readInto, withFile } from './file-range.js';

/** Exactly `length` bytes from `start`; throws UserError where the file ends before. */
export function readRange(path: string, start: number, length: number): Uint8Array {
  return withFile(path, (file) => {
    const bytes = new Uint8Array(length);
    readInto(path, file, bytes, start);
    return bytes;
  });
}
