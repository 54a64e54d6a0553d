/** The gate through which all requests to one endpoint pass, whoever makes them; its pace is the adaptive limit's. */
import { performance } from 'node:perf_hooks';
import { AdaptiveLimit, type AdaptiveLimitSettings, type PaceSignal, type Ticket } from './adaptive-limit.js';

interface Waiter {
  readonly admit: (ticket: Ticket | null) => void;
}

/** Admits requests one by one as fast as the endpoint bears; time is monotonic. */
export class Limiter {
  readonly limit: AdaptiveLimit;
  readonly #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: AdaptiveLimitSettings = {}) {
    this.limit = new AdaptiveLimit(settings);
  }

  /** Waits for admission; null once `signal` is aborted. A request that was throttled goes before those not yet tried. */
  async enter(signal?: AbortSignal, again = false): Promise<Ticket | null> {
    if (signal?.aborted === true) return null;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        admit: (ticket) => {
          signal?.removeEventListener('abort', give);
          resolve(ticket);
        },
      };
      const give = (): void => {
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
        waiter.admit(null);
      };
      signal?.addEventListener('abort', give, { once: true });
      if (again) this.#waiting.unshift(waiter);
      else this.#waiting.push(waiter);
      this.#pump();
    });
  }

  /** Notes how an admitted request ended. */
  leave(ticket: Ticket, signal: PaceSignal, retryAfterMs: number | null = null): void {
    this.limit.finish(ticket, performance.now(), signal, retryAfterMs);
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0) {
      const now = performance.now();
      const delay = this.limit.delay(now);
      if (delay === Infinity) return; // the next request to leave pumps again
      if (delay > 0.5) {
        this.#timer = setTimeout(() => this.#pump(), Math.ceil(delay));
        return;
      }
      this.#waiting.shift()?.admit(this.limit.start(now));
    }
  }
}

const shared = new Map<string, Limiter>();

/** The limiter of an endpoint and model: one per process, because limits are counted per account and model. */
export function sharedLimiter(baseUrl: string, model: string, settings: AdaptiveLimitSettings = {}): Limiter {
  const key = JSON.stringify([baseUrl, model]);
  const limiter = shared.get(key) ?? new Limiter(settings);
  shared.set(key, limiter);
  return limiter;
}
