/** Copies in large blocks: the same values of the same type, apart from each other, and several to a block. */
import { describe, expect, it } from 'vitest';
import { LargeBlocks } from '../../src/engine/large-blocks.js';

describe('copies in large blocks', () => {
  it('are equal, of the same type, and do not touch each other or what they are of', () => {
    const blocks = new LargeBlocks();
    const originals = [
      Float32Array.of(1.5, -2, Infinity),
      Int8Array.of(-128, 127, 3),
      Uint16Array.of(65535),
      BigInt64Array.of(-5n, 7n),
      new Float32Array(new ArrayBuffer(24), 8, 2).fill(4),
      new Uint8Array(),
    ];
    const copies = originals.map((each) => blocks.copy(each));
    expect(copies).toEqual(originals);
    for (const [i, copy] of copies.entries()) {
      expect(copy.buffer).not.toBe(originals[i]?.buffer);
      new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength).fill(0);
      expect(copies.slice(i + 1)).toEqual(originals.slice(i + 1));
    }
  });

  it('leave room for zeros that are filled later', () => {
    const blocks = new LargeBlocks();
    const [zeros, behind] = [blocks.zeros(Int8Array, 3), blocks.copy(Int8Array.of(5))];
    expect(zeros).toEqual(new Int8Array(3));
    zeros.fill(7);
    expect([...behind]).toEqual([5]);
    expect(behind.buffer).toBe(zeros.buffer);
  });

  it('share a block of 64 MiB, and what does not fit begins another, as large as it has to be', () => {
    const blocks = new LargeBlocks();
    const [first, second] = [blocks.copy(new Float32Array(1000)), blocks.copy(new Float32Array(2 ** 23))];
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(4032);
    const third = blocks.copy(new Float32Array(2 ** 23));
    expect(third.buffer).not.toBe(first.buffer);
    expect(blocks.copy(new Uint8Array(2 ** 26 + 1)).buffer.byteLength).toBe(2 ** 26 + 1);
  });
});
