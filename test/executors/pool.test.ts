import { describe, expect, it } from 'vitest';
import { exitOf, poolExecutor, processChannel } from '../../src/executors/pool.js';
import { SlotExecutor } from '../../src/executors/slots.js';
import { doneBy, executorSuite, started, WORKER, workshop } from './suite.js';

executorSuite('pool', () => poolExecutor(WORKER, 2));

describe('a pool of processes', () => {
  let kills = 0;
  const shop = workshop(() => poolExecutor(WORKER, 2, { kills: () => kills++ }));

  it('keeps its workers from job to job', async () => {
    const folders = Array.from({ length: 6 }, () => shop.job('succeed'));
    for (const folder of folders) await shop.executor.submit({ folder }).outcome;
    expect(new Set(folders.map((folder) => doneBy(folder).pid)).size).toBeLessThanOrEqual(2);
  });

  it('survives the kill of a worker, says that memory is the likely cause where the kernel killed for it meanwhile, and lets its neighbour end', async () => {
    const neighbour = shop.executor.submit({ folder: shop.job('wait', 300) });
    const killed = shop.executor.submit({ folder: shop.job('kill') });
    expect(await killed.outcome).toEqual({
      status: 'lost',
      cause: 'its process ended (SIGKILL, most likely out of memory)',
      outOfMemory: true,
    });
    expect(await neighbour.outcome).toEqual({ status: 'done' });
  });
});

describe('a pool with little memory', () => {
  const shop = workshop(() => poolExecutor(WORKER, 3, { memoryBytes: 10 }));

  it('never has more jobs at once than fit, and gives one that fits nowhere all of it', async () => {
    const needs = [4, 4, 4, 25, 3, 6, 6];
    const folders = needs.map(() => shop.job('wait', 60));
    const jobs = folders.map((folder, i) => shop.executor.submit({ folder, memoryBytes: needs[i] ?? 0 }));
    expect(await Promise.all(jobs.map(({ outcome }) => outcome))).toEqual(needs.map(() => ({ status: 'done' })));
    const spans = folders.map(doneBy);
    for (const { started } of spans) {
      const under = needs.filter((_, i) => (spans[i]?.started ?? 0) <= started && started < (spans[i]?.ended ?? 0));
      const together = under.reduce((sum, each) => sum + each, 0);
      expect(under.length === 1 || together <= 10, `${under.join(' + ')} at once`).toBe(true);
    }
  });

  it('ends an idle worker whose memory another job needs', async () => {
    const [large, small, last] = [shop.job('wait', 50), shop.job('wait', 50), shop.job('succeed')];
    const before = [
      shop.executor.submit({ folder: large, memoryBytes: 6 }),
      shop.executor.submit({ folder: small, memoryBytes: 4 }),
    ];
    for (const { outcome } of before) await outcome;
    expect(await shop.executor.submit({ folder: last, memoryBytes: 8 }).outcome).toEqual({ status: 'done' });
    expect(() => process.kill(doneBy(small).pid, 0)).toThrow('ESRCH');
  });
});

describe('a job that ignores its cancellation', () => {
  const shop = workshop(() => new SlotExecutor(1, (listeners) => processChannel(WORKER, listeners), { graceMs: 100 }));

  it('is ended with its worker after the grace', async () => {
    const job = await started(shop.executor, shop.job('deaf'));
    job.cancel();
    expect(await job.outcome).toEqual({ status: 'cancelled' });
    expect(await shop.executor.submit({ folder: shop.job('succeed') }).outcome).toEqual({ status: 'done' });
  });
});

describe('the end of a process', () => {
  const cases: readonly (readonly [number | null, NodeJS.Signals | null, string, boolean])[] = [
    [null, 'SIGKILL', '', true],
    [137, null, '', true],
    [134, null, 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', true],
    [1, null, 'terminate called after throwing an instance of std::bad_alloc', true],
    [null, 'SIGSEGV', '', false],
    [1, null, 'Error: something else', false],
  ];

  it('is read as out of memory or not by its code, its signal and its last words', () => {
    for (const [code, signal, words, expected] of cases)
      expect(exitOf(code, signal, words), `${code} ${signal} ${words}`).toMatchObject({ outOfMemory: expected });
    expect(exitOf(null, 'SIGKILL', '', false)).toMatchObject({ outOfMemory: false });
  });
});
