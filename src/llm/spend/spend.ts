/** What was asked and what it cost: the ledger of a run, and the limits that end it cleanly. */
import type { ChatMessage, ChatUsage } from '../chat-model.js';
import { estimateTokens } from './token-estimate.js';

/** Price per million tokens, in whatever currency the user thinks. */
export interface Price {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
}

/** Cost of tokens at a price. */
export function costAt(price: Price, promptTokens: number, completionTokens: number): number {
  return (promptTokens * price.inputPerMillion + completionTokens * price.outputPerMillion) / 1e6;
}

/** Spends from here on are large: in the price's currency, and in tokens where no price is given. */
const LARGE_COST = 1;
const LARGE_TOKENS = 1_000_000;

/** Whether a spend is one to ask about before; `cost` is null without a price. */
export function isLargeSpend(tokens: number, cost: number | null): boolean {
  return cost === null ? tokens > LARGE_TOKENS : cost > LARGE_COST;
}

export interface SpendLimits {
  /** Most to spend, in the price's currency; needs a price. */
  readonly maxCost?: number;
  /** Most tokens, prompts and answers together. */
  readonly maxTokens?: number;
}

export interface SpendTotals {
  /** Requests that were sent, retries among them. */
  readonly requests: number;
  readonly retries: number;
  /** Answers that came from the cache at no cost. */
  readonly cached: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Requests whose answer never arrived: the server may have charged for them. */
  readonly unconfirmed: number;
  /** Answers whose tokens the server did not tell and that are estimated. */
  readonly estimated: number;
  /** Null without a price. */
  readonly cost: number | null;
}

/** A share of the limits set aside for a request under way. */
export interface Reservation {
  /** Estimated tokens of the prompt. */
  readonly estimate: number;
  readonly tokens: number;
  readonly cost: number;
}

/** Counts requests and tokens, and keeps to the limits: what is under way is counted at its largest, so they are never passed. */
export class Spend {
  readonly #price: Price | undefined;
  readonly #limits: SpendLimits;
  readonly #note: ((end: SentRequest) => void) | undefined;
  #requests = 0;
  #retries = 0;
  #cached = 0;
  #prompt = 0;
  #completion = 0;
  #unconfirmed = 0;
  #unconfirmedTokens = 0;
  #estimated = 0;
  #reservedTokens = 0;
  #reservedCost = 0;
  #underWay = 0;
  /** Prompts may have so many times the tokens estimated; learned from the largest seen. */
  #safety = 1.5;
  #waiting: (() => void)[] = [];

  /** `note` is told the end of every request that was sent, e.g. to keep a journal. */
  constructor(price?: Price, limits: SpendLimits = {}, note?: (end: SentRequest) => void) {
    this.#price = price;
    this.#limits = limits;
    this.#note = note;
  }

  get totals(): SpendTotals {
    return {
      requests: this.#requests,
      retries: this.#retries,
      cached: this.#cached,
      promptTokens: this.#prompt,
      completionTokens: this.#completion,
      unconfirmed: this.#unconfirmed,
      estimated: this.#estimated,
      cost: this.#price === undefined ? null : this.costOf(this.#prompt, this.#completion),
    };
  }

  /** Cost of tokens at the price; 0 without one. */
  costOf(promptTokens: number, completionTokens: number): number {
    return this.#price === undefined ? 0 : costAt(this.#price, promptTokens, completionTokens);
  }

  /** Notes an answer from the cache. */
  noteCached(): void {
    this.#cached++;
  }

  /**
   * Sets tokens aside for a request, waiting for those under way where only they stand in the way; null when the limits
   * do not allow it any more.
   */
  async reserve(messages: readonly ChatMessage[], maxTokens: number): Promise<Reservation | null> {
    const estimate = promptEstimate(messages);
    const wanted = (): Reservation => {
      const prompt = Math.ceil(estimate * this.#safety);
      return { estimate, tokens: prompt + maxTokens, cost: this.costOf(prompt, maxTokens) };
    };
    while (!this.#fits(wanted(), true)) {
      if (this.#underWay === 0 || !this.#fits(wanted(), false)) return null;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const reserved = wanted();
    this.#reservedTokens += reserved.tokens;
    this.#reservedCost += reserved.cost;
    this.#underWay++;
    return reserved;
  }

  #fits(wanted: Reservation, withUnderWay: boolean): boolean {
    const { maxTokens = Infinity, maxCost = Infinity } = this.#limits;
    const spent = this.#prompt + this.#completion + this.#unconfirmedTokens;
    const cost = this.costOf(this.#prompt + this.#unconfirmedTokens, this.#completion);
    const tokensUnderWay = withUnderWay ? this.#reservedTokens : 0;
    const costUnderWay = withUnderWay ? this.#reservedCost : 0;
    return spent + tokensUnderWay + wanted.tokens <= maxTokens && cost + costUnderWay + wanted.cost <= maxCost;
  }

  /** Notes the end of a request: answered (with its usage, or its text where the server told none), refused unpaid, or lost. */
  settle(reservation: Reservation, end: RequestEnd): void {
    this.#reservedTokens -= reservation.tokens;
    this.#reservedCost -= reservation.cost;
    this.#underWay--;
    this.#count(end, reservation);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #sent(end: Exclude<RequestEnd, { kind: 'unsent' }>): SentRequest {
    const usage = end.kind === 'answered' ? end.usage : { promptTokens: 0, completionTokens: 0 };
    const cost = this.#price === undefined ? null : this.costOf(usage.promptTokens, usage.completionTokens);
    return { end: end.kind, ...usage, cost };
  }

  #count(end: RequestEnd, { estimate }: Reservation): void {
    if (end.kind === 'unsent') return;
    this.#requests++;
    if (end.again) this.#retries++;
    this.#note?.(this.#sent(end));
    if (end.kind === 'lost') {
      this.#unconfirmed++;
      this.#unconfirmedTokens += end.promptTokens;
    }
    if (end.kind === 'answered') {
      this.#prompt += end.usage.promptTokens;
      this.#completion += end.usage.completionTokens;
      if (end.estimated) this.#estimated++;
      this.#safety = Math.max(this.#safety, end.usage.promptTokens / Math.max(1, estimate));
    }
  }
}

/** A request that was sent, and what it took. */
export interface SentRequest extends ChatUsage {
  readonly end: 'answered' | 'refused' | 'lost';
  /** Null without a price. */
  readonly cost: number | null;
}

export type RequestEnd =
  | { readonly kind: 'unsent' }
  | { readonly kind: 'refused'; readonly again: boolean }
  | { readonly kind: 'lost'; readonly again: boolean; readonly promptTokens: number }
  | { readonly kind: 'answered'; readonly again: boolean; readonly usage: ChatUsage; readonly estimated: boolean };

/** Estimated tokens of a prompt, template included. */
export function promptEstimate(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + estimateTokens(content) + 6, 3);
}
