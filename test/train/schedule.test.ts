import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../src/train/schedule.js';

const at = (schedule: 'constant' | 'linear' | 'cosine', warmupRatio: number, step: number): number =>
  learningRateAt({ step, done: step, total: 100 }, { learningRate: 1, schedule, warmupRatio });

describe('a learning rate', () => {
  it('rises in equal parts while warming up and starts above zero', () => {
    expect([0, 1, 4].map((step) => at('constant', 0.04, step))).toEqual([0.2, 0.4, 1]);
  });

  it('stays, falls in a line, or falls as half a cosine', () => {
    expect(at('constant', 0, 99)).toBe(1);
    expect(at('linear', 0, 50)).toBeCloseTo(0.5);
    expect(at('cosine', 0, 50)).toBeCloseTo(0.5);
    expect(at('cosine', 0, 25)).toBeCloseTo((1 + Math.SQRT1_2) / 2);
  });

  it('stays until the last share and falls from there in a line, to a hundredth, by what is done of the whole', () => {
    const trapezoid = { learningRate: 2, schedule: 'trapezoid', warmupSteps: 4, decayShare: 0.5 } as const;
    const rateAt = (step: number, done: number): number => learningRateAt({ step, done, total: 1000 }, trapezoid);
    expect([0, 1, 3, 4].map((step) => rateAt(step, 0))).toEqual([0.5, 1, 2, 2]);
    expect([400, 500, 750, 999, 1200].map((done) => rateAt(50, done))).toEqual([2, 2, 1, 0.02, 0.02]);
  });

  it('is never negative and never above its peak', () => {
    const schedules = ['constant', 'linear', 'cosine'] as const;
    const rates = schedules.flatMap((schedule) =>
      [0, 0.1, 1].flatMap((warmup) => Array.from({ length: 100 }, (_, step) => at(schedule, warmup, step))),
    );
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1);
    expect(rates).toHaveLength(900);
  });
});
