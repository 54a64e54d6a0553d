/** What a fit has spent of its budget: time while it works, or tokens that were trained. */
import type { Budget } from './budget.js';

/** Counts what is spent, and says what may still begin. */
export class Ledger {
  readonly #start: number;
  #tokens = 0;
  #reserved = 0;

  /** `before` is the time that earlier processes spent; `now` gives milliseconds. */
  constructor(
    readonly budget: Budget,
    readonly before: number,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#start = now();
  }

  /** In the budget's unit. */
  get spent(): number {
    return this.budget.unit === 'tokens' ? this.#tokens : this.before + (this.now() - this.#start) / 1000;
  }

  /** What is left for trials. */
  get left(): number {
    return this.budget.amount - this.#reserved - this.spent;
  }

  /** Keeps an amount for what comes last. */
  reserve(amount: number): void {
    this.#reserved = amount;
  }

  /** Counts tokens anew: those of trials that are finished, whichever process carried them out. */
  recount(tokens: number): void {
    this.#tokens = tokens;
  }

  /**
   * Whether a trial may begin. Of time some must be left, so that no more than the trials under way run over it; tokens are known
   * beforehand, and those of a trial that begins count as spent.
   */
  begin(tokens: number): boolean {
    if (this.budget.unit === 'seconds') return this.left > 0;
    if (tokens > this.left) return false;
    this.#tokens += tokens;
    return true;
  }
}
