/** TFRecord files: each record with its length, and both with a checksum. */
import { crc32c } from './crc32c.js';

/** Bytes around a record's own: length (8) and its checksum (4) before it, its checksum (4) behind it. */
const [HEAD, TAIL] = [12, 4];

/** Checksums are stored rotated and shifted, so that one over bytes that hold others says something. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A record as it lies in a file. */
export function framed(record: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEAD + record.length + TAIL);
  bytes.writeBigUInt64LE(BigInt(record.length));
  bytes.writeUInt32LE(masked(bytes.subarray(0, 8)), 8);
  bytes.set(record, HEAD);
  bytes.writeUInt32LE(masked(record), HEAD + record.length);
  return bytes;
}

/** A record that was read, and where the bytes behind it begin. */
export interface ReadRecord {
  readonly record: Buffer;
  readonly end: number;
}

/** The records that a file begins with, up to the first that is cut short or damaged. */
export function* records(file: Buffer): Generator<ReadRecord> {
  for (let at = 0; at + HEAD + TAIL <= file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    const end = at + HEAD + length + TAIL;
    if (masked(file.subarray(at, at + 8)) !== file.readUInt32LE(at + 8) || end > file.length) return;
    const record = file.subarray(at + HEAD, end - TAIL);
    if (masked(record) !== file.readUInt32LE(end - TAIL)) return;
    yield { record, end };
    at = end;
  }
}
