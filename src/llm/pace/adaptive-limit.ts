/** How fast an endpoint may be asked, learned from its answers: a pure state machine over given instants, so that it can be simulated. */

export interface AdaptiveLimitSettings {
  /** Most requests under way at once; default 64. */
  readonly maxConcurrency?: number;
  /** Requests under way at the start, doubled each round trip (slow start); default 8. */
  readonly startConcurrency?: number;
}

/** How a request ended, as far as the pace is concerned. */
export type PaceSignal = 'accepted' | 'throttled' | 'failed';

/** A request that was started. */
export interface Ticket {
  readonly startedAt: number;
}

/** Growth of the rate per second, and how long it stays put first, after 0, 1, 2 … throttles that found the same limit. */
const GROWTH = [3, 0.5, 0.1, 0.03, 0.015] as const;
const HOLD_MS = [0, 1_000, 3_000, 6_000, 12_000, 25_000, 50_000] as const;
/** Wait after a throttle that names none: doubled while nothing is accepted in between. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 20_000;
/** Throttles that ask for hardly any wait cost nothing but themselves: the rate goes on being tried in steps of this size. */
const CHEAP_MS = 100;
const CHEAP = 2;
/** What counts as lately. */
const RECENT_MS = 1_000;
/** Lateness of timers that may be made up for. */
const LATENESS_MS = 50;

/**
 * Two limits at once. *Concurrency* begins small and doubles each round trip until the first throttle (slow start); from
 * then on it follows rate × latency (Little's law). *Rate* is unlimited until the first throttle, then what was accepted
 * lately; it is raised in ever smaller steps, ever more rarely, as long as throttles find the same limit. All times in
 * milliseconds.
 */
export class AdaptiveLimit {
  readonly #max: number;
  #window: number;
  #underWay = 0;
  #rate = Infinity;
  #credit = 1;
  #creditAt = 0;
  #pausedUntil = 0;
  #lastThrottle = 0;
  #agreeing = 0;
  #refused = Infinity;
  #acceptedSince = 0;
  #throttlesInARow = 0;
  #recentStarts: number[] = [];
  #latency = 0;
  #measured = false;
  #cheap = false;

  constructor(settings: AdaptiveLimitSettings = {}) {
    this.#max = Math.max(1, settings.maxConcurrency ?? 64);
    this.#window = Math.min(this.#max, settings.startConcurrency ?? 8);
  }

  /** Requests allowed under way at once, now. */
  get concurrency(): number {
    return Math.max(1, Math.floor(this.#window));
  }

  /** Requests per second allowed, now; Infinity until the endpoint first throttles. */
  get ratePerSecond(): number {
    return this.#rate * 1000;
  }

  /** Milliseconds until a request may start; Infinity while as many are under way as may be. */
  delay(now: number): number {
    if (this.#underWay >= this.concurrency) return Infinity;
    if (now < this.#pausedUntil) return this.#pausedUntil - now;
    this.#accrue(now);
    return this.#credit >= 1 ? 0 : (1 - this.#credit) / this.#rate;
  }

  /** Notes that a request starts. */
  start(now: number): Ticket {
    this.#accrue(now);
    this.#underWay++;
    if (this.#rate !== Infinity) this.#credit -= 1;
    this.#recentStarts.push(now);
    return { startedAt: now };
  }

  /** Notes how a request ended; `retryAfterMs` is what a throttled one was asked to wait. */
  finish(ticket: Ticket, now: number, signal: PaceSignal, retryAfterMs: number | null = null): void {
    this.#underWay--;
    if (signal === 'accepted') this.#accepted(ticket, now);
    if (signal === 'throttled') this.#throttled(ticket, now, retryAfterMs);
  }

  #accepted(ticket: Ticket, now: number): void {
    this.#acceptedSince++;
    this.#throttlesInARow = 0;
    const latency = now - ticket.startedAt;
    this.#latency = this.#latency === 0 ? latency : 0.9 * this.#latency + 0.1 * latency;
    this.#forget(now);
    if (this.#rate !== Infinity) this.#followRate();
    else if (this.#underWay + 1 >= this.concurrency * 0.75) this.#window = Math.min(this.#max, this.#window + 1);
  }

  /** Keeps the starts of the last second (and of one round trip, where that is longer). */
  #forget(now: number): void {
    const oldest = now - RECENT_MS;
    const keep = this.#recentStarts.findIndex((at) => at > oldest);
    if (keep !== 0) this.#recentStarts.splice(0, keep < 0 ? this.#recentStarts.length : keep);
  }

  /** Little's law, doubled because latencies vary. */
  #followRate(): void {
    this.#window = Math.min(this.#max, 2 + 2 * this.#rate * this.#latency);
  }

  #throttled(ticket: Ticket, now: number, retryAfterMs: number | null): void {
    const started = this.#recentStarts.indexOf(ticket.startedAt);
    if (started >= 0) this.#recentStarts.splice(started, 1);
    if (ticket.startedAt >= this.#lastThrottle && now >= this.#pausedUntil) {
      this.#slowDown(now, (retryAfterMs ?? 0) <= CHEAP_MS);
      this.#pausedUntil = now + (retryAfterMs ?? this.#ownPause());
      return;
    }
    if (started >= 0 && this.#measured) this.#rate = this.#lately();
    this.#pausedUntil = Math.max(this.#pausedUntil, now + (retryAfterMs ?? 0));
  }

  #ownPause(): number {
    if (this.#throttlesInARow < 2) return 0;
    return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#throttlesInARow - 2));
  }

  #slowDown(now: number, silent: boolean): void {
    this.#forget(now);
    const before = this.#rate;
    this.#rate = before === Infinity ? this.#firstRate(silent) : this.#lowered(silent);
    if (before !== Infinity) this.#agreeing = Math.min(this.#agreeing + 1, silent ? CHEAP : HOLD_MS.length);
    this.#refused = before;
    this.#cheap = silent;
    this.#followRate();
    this.#credit = 1;
    this.#creditAt = now;
    this.#lastThrottle = now;
    this.#acceptedSince = 0;
    this.#throttlesInARow++;
  }

  /** Requests per millisecond after the first throttle: what was accepted lately, trusted when that is much and long enough. */
  #firstRate(silent: boolean): number {
    this.#measured = true;
    if (this.#acceptedSince >= 20) this.#agreeing = silent ? 1 : 2;
    return this.#lately();
  }

  /** Requests per millisecond after a later throttle: what was accepted lately, or a little under the rate of a second ago. */
  #lowered(silent: boolean): number {
    this.#measured = false;
    if (silent) return 0.92 * this.#rate;
    const before = (0.97 * this.#rate) / (1 + this.#growth());
    return Math.min(0.97 * this.#rate, Math.max(before, 0.98 * this.#lately()));
  }

  #lately(): number {
    return Math.max(1, this.#recentStarts.length) / RECENT_MS;
  }

  #growth(): number {
    return GROWTH[Math.min(this.#agreeing, GROWTH.length - 1)] ?? 0;
  }

  #accrue(now: number): void {
    const elapsed = Math.max(0, now - Math.max(this.#creditAt, this.#pausedUntil));
    this.#creditAt = now;
    if (this.#rate === Infinity) return;
    const hold = this.#cheap ? 0 : (HOLD_MS[Math.min(this.#agreeing, HOLD_MS.length - 1)] ?? 0);
    if (now > this.#pausedUntil + hold) this.#grow(elapsed);
    this.#credit = Math.min(1 + this.#rate * LATENESS_MS, this.#credit + elapsed * this.#rate);
  }

  #grow(elapsed: number): void {
    this.#rate *= (1 + this.#growth()) ** (Math.min(elapsed, RECENT_MS) / 1000);
    if (this.#rate < 1.3 * this.#refused) return;
    this.#refused = this.#rate; // the limit was raised
    this.#agreeing = Math.max(0, this.#agreeing - 1);
  }
}
