/** What a fit is put together from: budgets, candidates, ranks, and jobs that may not begin any more. */
import { describe, expect, it } from 'vitest';
import type { Executor, Job, JobOutcome } from '../../src/executors/executor.js';
import { parseBudget } from '../../src/fit/budget.js';
import { candidatesOf } from '../../src/fit/candidate.js';
import { GatedExecutor } from '../../src/fit/gated-executor.js';
import { Ledger } from '../../src/fit/ledger.js';
import { rankFloor, ranksToTry } from '../../src/fit/rank-floor.js';

describe('a budget', () => {
  it('is time, trained tokens, or money for an hour of the machine', () => {
    expect(['90s', '30m', '2h', '1.5Mtok', '500ktok'].map((text) => parseBudget(text).amount)).toEqual([
      90, 1800, 7200, 1.5e6, 5e5,
    ]);
    expect(parseBudget('5eur', 2)).toMatchObject({ unit: 'seconds', amount: 9000 });
  });

  it('that cannot be read says what can be given', () => {
    expect(() => parseBudget('soon')).toThrow(/invalid budget "soon": use time \(90s, 30m, 2h\)/);
    expect(() => parseBudget('0m')).toThrow(/invalid budget/);
    expect(() => parseBudget('5eur')).toThrow(/price of an hour/);
  });

  it('of tokens lets begin only what it bears, and keeps what is reserved', () => {
    const ledger = new Ledger(parseBudget('100tok'), 0);
    ledger.reserve(20);
    expect([ledger.begin(50), ledger.begin(40), ledger.begin(30), ledger.spent]).toEqual([true, false, true, 80]);
  });

  it('of time lets nothing begin once it is spent, by this process and those before', () => {
    let now = 0;
    const ledger = new Ledger(parseBudget('10s'), 6, () => now);
    expect(ledger.begin(1)).toBe(true);
    now = 4_000;
    expect([ledger.spent, ledger.begin(1)]).toEqual([10, false]);
  });
});

describe('candidates', () => {
  it('are all combinations, those of first values first', () => {
    const all = candidatesOf({
      levels: ['original', 'summ_l2'],
      forms: ['study', 'mix'],
      ranks: [4, 16],
      rates: [1e-3],
    });
    expect(all).toHaveLength(8);
    expect(all[0]).toEqual({ level: 'original', form: 'study', rank: 4, rate: 1e-3 });
    expect(all.at(-1)).toEqual({ level: 'summ_l2', form: 'mix', rank: 16, rate: 1e-3 });
  });
});

describe('ranks', () => {
  it('go from the least that could hold the bits to where there is ample room, the middle one first', () => {
    expect(rankFloor(1846, 13_824)).toMatchObject({ least: 1, ample: 7 });
    expect(ranksToTry(rankFloor(1846, 13_824))).toEqual([4, 16, 1]);
    expect(ranksToTry(rankFloor(100_000, 13_824))).toEqual([128, 32, 512, 8]);
  });
});

describe('an executor with a gate', () => {
  it('finishes what is under way, and cancels what may not begin', async () => {
    const settled: ((outcome: JobOutcome) => void)[] = [];
    const inner: Executor = {
      concurrency: 1,
      submit: ({ folder }): Job => ({
        ...{ folder, cancel: () => undefined },
        outcome: new Promise((resolve) => settled.push(resolve)),
      }),
      close: () => Promise.resolve(),
    };
    let left = 1;
    const gated = new GatedExecutor(inner, () => left-- > 0);
    const jobs = ['a', 'b', 'c'].map((folder) => gated.submit({ folder }));
    expect(settled).toHaveLength(1);
    settled[0]?.({ status: 'done' });
    const outcomes = await Promise.all(jobs.map(({ outcome }) => outcome));
    expect(outcomes.map(({ status }) => status)).toEqual(['done', 'cancelled', 'cancelled']);
  });
});
