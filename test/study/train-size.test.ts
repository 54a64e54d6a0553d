import { describe, expect, it } from 'vitest';
import { trainSize } from '../../src/study/train-size.js';

const named = { accumulation: 1 };
const steps = ({ epochs, batchTokens }: { epochs: number; batchTokens: number }, tokens: number): number =>
  epochs * Math.max(1, tokens / batchTokens);

describe('epochs and batches that nobody names', () => {
  it('are three of 1,024 tokens for a set that fills enough of them', () => {
    for (const tokens of [20_480, 1e5, 1e8, Infinity])
      expect(trainSize(named, tokens)).toEqual({ epochs: 3, batchTokens: 1024 });
  });

  it('give a small set tens of steps', () => {
    let sizes = 0;
    for (const tokens of [300, 700, 1500, 4000, 9000, 15_000]) {
      const size = trainSize(named, tokens);
      expect(steps(size, tokens), `${tokens}`).toBeGreaterThanOrEqual(Math.min(60, 30 * Math.max(1, tokens / 128)));
      expect(size.epochs).toBeLessThanOrEqual(30);
      expect(size.batchTokens).toBeGreaterThanOrEqual(128);
      sizes++;
    }
    expect(sizes).toBe(6);
  });

  it('stay as they are named, and count what is accumulated', () => {
    expect(trainSize({ accumulation: 1, epochs: 2, batchTokens: 1024 }, 700)).toEqual({ epochs: 2, batchTokens: 1024 });
    expect(trainSize({ accumulation: 1, batchTokens: 512 }, 5120)).toEqual({ epochs: 6, batchTokens: 512 });
    expect(trainSize({ accumulation: 2, batchTokens: 512 }, 5120).epochs).toBe(12);
    expect(trainSize({ accumulation: 1, epochs: 5 }, 5120)).toEqual({ epochs: 5, batchTokens: 1024 });
  });
});
