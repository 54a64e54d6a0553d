/** Copies of arrays in blocks so large that their memory is the system's own, and goes back to it with them. */

/** Bytes of a block, 64 MiB: what is smaller than 32 MiB the C library may keep for later, between what is still used (M_MMAP_THRESHOLD in glibc's mallopt). */
const BLOCK_BYTES = 2 ** 26;
/** What every array begins at a multiple of, in bytes. */
const ALIGNMENT = 64;

type TypedArray = NodeJS.TypedArray;
type Maker<T> = { readonly BYTES_PER_ELEMENT: number } & (new (
  buffer: ArrayBuffer,
  offset: number,
  length: number,
) => T);

/** Blocks that are filled one after the other; one goes when no copy in it is referred to. */
export class LargeBlocks {
  #block = new ArrayBuffer(0);
  #used = 0;

  /** A typed array's copy. */
  copy<T extends TypedArray>(values: T): T {
    const { buffer, byteOffset, byteLength, length } = values;
    const copy = this.zeros(values.constructor as Maker<T>, length);
    new Uint8Array(copy.buffer, copy.byteOffset).set(new Uint8Array(buffer, byteOffset, byteLength));
    return copy;
  }

  /** A typed array of zeros. */
  zeros<T extends TypedArray>(array: Maker<T>, length: number): T {
    const bytes = length * array.BYTES_PER_ELEMENT;
    if (this.#used + bytes > this.#block.byteLength) {
      this.#block = new ArrayBuffer(Math.max(BLOCK_BYTES, bytes));
      this.#used = 0;
    }
    const made = new array(this.#block, this.#used, length);
    this.#used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return made;
  }
}
