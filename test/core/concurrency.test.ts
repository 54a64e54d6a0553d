import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapConcurrently } from '../../src/core/concurrency.js';

const inputs = [0, 1, 2, 3, 4, 5, 6];

/** Work of some turns of the event loop, more for earlier inputs; `log` gets what begins and ends. */
const slow = (log: string[], failing: readonly number[] = []) => {
  return async (input: number): Promise<number> => {
    log.push(`begin ${input}`);
    for (let turn = 0; turn < 10 - input; turn++) await setImmediate();
    if (failing.includes(input)) throw new Error(`input ${input}`);
    log.push(`end ${input}`);
    return input * input;
  };
};

describe('mapConcurrently', () => {
  it('gives results in the inputs’ order, as many at once as it may', async () => {
    let [now, most] = [0, 0];
    const results = await mapConcurrently(inputs, { concurrency: 3 }, async (input, index) => {
      most = Math.max(most, ++now);
      const result = await slow([])(input);
      now--;
      return [index, result];
    });
    expect(results).toEqual(inputs.map((input) => [input, input * input]));
    expect(most).toBe(3);
  });

  it.each([-1, 0, 1])('does one after the other at a concurrency of %s', async (concurrency) => {
    const log: string[] = [];
    await mapConcurrently([0, 1], { concurrency }, slow(log));
    expect(log).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1']);
  });

  it('begins nothing after an error, waits for what is under way, and rejects with the first', async () => {
    const log: string[] = [];
    await expect(mapConcurrently(inputs, { concurrency: 3 }, slow(log, [0, 2]))).rejects.toThrow('input 2');
    expect(log).toEqual(['begin 0', 'begin 1', 'begin 2', 'end 1']);
  });

  it('begins nothing once its signal is aborted, and rejects with the reason', async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const work = slow(log);
    const stopping = async (input: number) => {
      if (input === 2) controller.abort(new Error('stopped by hand'));
      return work(input);
    };
    const options = { concurrency: 2, signal: controller.signal };
    await expect(mapConcurrently(inputs, options, stopping)).rejects.toThrow('stopped by hand');
    expect(log.filter((each) => each.startsWith('begin'))).toHaveLength(3);
    expect(log.filter((each) => each.startsWith('end'))).toHaveLength(3);
  });

  it('gives nothing for nothing', async () => {
    expect(await mapConcurrently([], { concurrency: 4 }, slow([]))).toEqual([]);
  });
});
