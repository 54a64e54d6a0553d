/** A discrete-event simulation of clients of an endpoint with a limit: what share of the possible requests is accepted. */
import { AdaptiveLimit } from '../../../src/llm/pace/adaptive-limit.js';

/** A server's rule: whether a request that arrives now is accepted, and what a refused one is told to wait. */
export interface ServerRule {
  arrive(now: number): { readonly accepted: boolean; readonly retryAfterMs: number | null };
  /** An accepted request ended. */
  leave?(): void;
  /** Most requests it could accept in a time. */
  possible(ms: number): number;
}

/** A bucket of `capacity` requests filled at `rate` per second. */
export function tokenBucket(rate: number, capacity: number, retryAfterMs: number | null): ServerRule {
  let tokens = capacity;
  let at = 0;
  return {
    arrive(now) {
      tokens = Math.min(capacity, tokens + ((now - at) / 1000) * rate);
      at = now;
      const accepted = tokens >= 1;
      if (accepted) tokens -= 1;
      return { accepted, retryAfterMs };
    },
    possible: (ms) => (ms / 1000) * rate,
  };
}

/** `count` requests in each window of `windowMs`; the wait told is the rest of the window in whole seconds, or none. */
export function fixedWindow(count: number, windowMs: number, tells: boolean): ServerRule {
  let window = -1;
  let used = 0;
  return {
    arrive(now) {
      const current = Math.floor(now / windowMs);
      if (current !== window) [window, used] = [current, 0];
      const rest = (current + 1) * windowMs - now;
      const accepted = used < count;
      if (accepted) used++;
      return { accepted, retryAfterMs: tells ? Math.ceil(rest / 1000) * 1000 : null };
    },
    possible: (ms) => Math.ceil(ms / windowMs) * count,
  };
}

/** `count` requests in any second. */
export function slidingWindow(count: number, retryAfterMs: number | null): ServerRule {
  let accepted: number[] = [];
  return {
    arrive(now) {
      accepted = accepted.filter((at) => at > now - 1000);
      if (accepted.length >= count) return { accepted: false, retryAfterMs };
      accepted.push(now);
      return { accepted: true, retryAfterMs };
    },
    possible: (ms) => (ms / 1000) * count,
  };
}

/** At most `count` requests at once, each of `latencyMs`. */
export function concurrencyCap(count: number, latencyMs: number, retryAfterMs: number | null): ServerRule {
  let busy = 0;
  return {
    arrive() {
      if (busy >= count) return { accepted: false, retryAfterMs };
      busy++;
      return { accepted: true, retryAfterMs };
    },
    leave: () => void busy--,
    possible: (ms) => (count * ms) / latencyMs,
  };
}

export interface SimulationResult {
  readonly accepted: number;
  readonly throttled: number;
  readonly share: number;
  readonly retriedTooEarly: number;
}

/** Runs an endless queue of requests against a rule for `ms` milliseconds. */
export function simulate(rule: ServerRule, latencyMs: number, ms: number, maxConcurrency = 64): SimulationResult {
  const limit = new AdaptiveLimit({ maxConcurrency });
  const ends: { at: number; run: () => void }[] = [];
  let accepted = 0;
  let throttled = 0;
  let forbiddenUntil = 0;
  let retriedTooEarly = 0;
  let now = 0;
  const begin = (): void => {
    const ticket = limit.start(now);
    if (now < forbiddenUntil) retriedTooEarly++;
    const answer = rule.arrive(now);
    const at = now + (answer.accepted ? latencyMs : 5);
    const run = (): void => {
      if (answer.accepted) {
        accepted++;
        rule.leave?.();
        limit.finish(ticket, now, 'accepted');
      } else {
        throttled++;
        if (answer.retryAfterMs !== null) forbiddenUntil = Math.max(forbiddenUntil, now + answer.retryAfterMs);
        limit.finish(ticket, now, 'throttled', answer.retryAfterMs);
      }
    };
    ends.push({ at, run });
    ends.sort((a, b) => a.at - b.at);
  };
  while (now < ms) {
    let wait = limit.delay(now);
    while (wait <= 1e-9) {
      begin();
      wait = limit.delay(now);
    }
    const next = ends[0];
    if (next !== undefined && next.at <= now + wait) {
      now = next.at;
      ends.shift();
      next.run();
    } else now += wait;
  }
  return { accepted, throttled, share: accepted / rule.possible(ms), retriedTooEarly };
}
