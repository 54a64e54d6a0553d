/** Bits of answers: as recorded with the questions, or estimated from how often each token occurs among the data set's answers. */

/** Gathers the answers of a data set and those found at each level, then tells how many bits the found ones hold. */
export class AnswerBits {
  readonly #all = new Map<number, number>();
  #tokens = 0;
  #unrecorded = 0;

  /** One answer of the data set. */
  addAnswer(tokens: readonly number[], bits: number | undefined): void {
    if (bits === undefined) this.#unrecorded++;
    for (const token of tokens) this.#all.set(token, (this.#all.get(token) ?? 0) + 1);
    this.#tokens += tokens.length;
  }

  /** Whether every answer has recorded bits. */
  get isRecorded(): boolean {
    return this.#unrecorded === 0;
  }

  /** −Σ log2 p(token), p being each token's share of all answer tokens. */
  estimate(found: ReadonlyMap<number, number>): number {
    let bits = 0;
    for (const [token, count] of found) bits -= count * Math.log2((this.#all.get(token) ?? 1) / this.#tokens);
    return bits;
  }
}
