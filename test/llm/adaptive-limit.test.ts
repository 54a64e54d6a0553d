import { describe, expect, test } from 'vitest';
import { AdaptiveLimit, type Ticket } from '../../src/llm/pace/adaptive-limit.js';
import {
  concurrencyCap,
  fixedWindow,
  simulate,
  slidingWindow,
  tokenBucket,
  type ServerRule,
} from './support/simulation.js';

/** Rule, latency, and the least share of the possible throughput within a minute. */
const RULES: readonly (readonly [string, () => ServerRule, number, number])[] = [
  ...[50, 200].flatMap((latency) => [
    ['a bucket of 50, silent', () => tokenBucket(50, 50, null), latency, 0.97] as const,
    ['a bucket of 50, waits of 1 s', () => tokenBucket(50, 50, 1000), latency, 0.97] as const,
    ['a bucket of 10, silent', () => tokenBucket(50, 10, null), latency, 0.95] as const,
    ['a bucket of 10, waits of 20 ms', () => tokenBucket(50, 10, 20), latency, 0.95] as const,
    ['a bucket of 10, waits of 1 s', () => tokenBucket(50, 10, 1000), latency, 0.85] as const,
    ['no bursts at all, silent', () => tokenBucket(50, 1, null), latency, 0.88] as const,
    ['50 in each second, told', () => fixedWindow(50, 1000, true), latency, 0.88] as const,
    ['50 in each second, silent', () => fixedWindow(50, 1000, false), latency, 0.9] as const,
    ['50 in any second, waits of 1 s', () => slidingWindow(50, 1000), latency, 0.87] as const,
    ['50 in any second, silent', () => slidingWindow(50, null), latency, 0.93] as const,
    ['16 at once, silent', () => concurrencyCap(16, latency, null), latency, 0.88] as const,
  ]),
  ['600 a minute, told', () => fixedWindow(600, 60_000, true), 200, 0.99],
  ['600 a minute, silent', () => fixedWindow(600, 60_000, false), 200, 0.99],
];

describe('the adaptive limit', () => {
  test('comes near the endpoint’s own limit, whatever that is', () => {
    for (const [name, rule, latency, least] of RULES) {
      const result = simulate(rule(), latency, 60_000);
      expect(result.share, `${name} at ${latency} ms: ${JSON.stringify(result)}`).toBeGreaterThanOrEqual(least);
      expect(result.throttled, name).toBeLessThan(0.1 * result.accepted);
      expect(result.retriedTooEarly, name).toBe(0);
    }
    console.log(`${RULES.length} rate limits simulated`);
  });

  test('starts slowly and doubles each round trip', () => {
    const limit = new AdaptiveLimit({ startConcurrency: 2, maxConcurrency: 64 });
    const start = (now: number): Ticket[] => {
      const tickets: Ticket[] = [];
      while (limit.delay(now) === 0) tickets.push(limit.start(now));
      return tickets;
    };
    let underWay = start(0);
    const sizes = [underWay.length];
    for (let now = 100; now <= 500; now += 100) {
      const next: Ticket[] = [];
      for (const ticket of underWay) {
        limit.finish(ticket, now, 'accepted');
        next.push(...start(now));
      }
      underWay = next;
      sizes.push(underWay.length);
    }
    expect(sizes).toEqual([2, 4, 8, 16, 32, 64]);
  });

  test('lets nothing start while a wait that was asked for lasts', () => {
    const limit = new AdaptiveLimit();
    const ticket = limit.start(0);
    limit.finish(ticket, 10, 'throttled', 5000);
    expect(limit.delay(20)).toBeCloseTo(4990);
    expect(limit.delay(5009)).toBeCloseTo(1);
    expect(limit.delay(5011)).toBe(0);
  });

  test('never allows less than one request at a time', () => {
    const limit = new AdaptiveLimit();
    for (let i = 0; i < 100; i++) limit.finish(limit.start(i * 60_000), i * 60_000 + 1, 'throttled', null);
    expect(limit.concurrency).toBeGreaterThanOrEqual(1);
    expect(limit.delay(1e9)).toBe(0);
  });
});
