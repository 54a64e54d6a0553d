/** An index of the ids seen so far, at 12 bytes a slot, so that duplicates are found in files of many millions of records. */

const LOAD = 0.7;

/** Remembers the position of each id by a 64-bit hash: two different ids collide with odds of n² / 2⁶⁵. */
export class IdIndex {
  #size = 0;
  #table = new Uint32Array(3 * 1024);

  /** The position at which the id was seen before, or undefined after remembering this one; positions are 1 to 2³² − 1. */
  add(id: string, position: number): number | undefined {
    if (this.#size + 1 > LOAD * (this.#table.length / 3)) this.#grow();
    const [high, low] = hash(id);
    const slot = find(this.#table, high, low);
    const before = this.#table[slot + 2] ?? 0;
    if (before > 0) return before;
    this.#table.set([high, low, position], slot);
    this.#size++;
    return undefined;
  }

  #grow(): void {
    const old = this.#table;
    const table = new Uint32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += 3) {
      if ((old[slot + 2] ?? 0) === 0) continue;
      table.set(old.subarray(slot, slot + 3), find(table, old[slot] ?? 0, old[slot + 1] ?? 0));
    }
    this.#table = table;
  }
}

/** The slot that holds this hash, or the empty one where it belongs. */
function find(table: Uint32Array, high: number, low: number): number {
  const slots = table.length / 3;
  for (let i = low & (slots - 1); ; i = (i + 1) & (slots - 1)) {
    const slot = 3 * i;
    if (table[slot + 2] === 0 || (table[slot] === high && table[slot + 1] === low)) return slot;
  }
}

/** Two 32-bit hashes with multiplicative mixing. */
function hash(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
    a = (a << 13) | (a >>> 19);
    b = (b << 11) | (b >>> 21);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return [a >>> 0, b >>> 0];
}
