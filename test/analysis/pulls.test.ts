import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pullsOf } from '../../src/analysis/pulls.js';

const items = fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 }), {
  minLength: 2,
  maxLength: 12,
});

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const meanOf = (values: readonly number[]): number => total(values) / values.length;

describe('what each item adds to a mean', () => {
  it('gives the variance of the jackknife that leaves out an item at a time', () => {
    fc.assert(
      fc.property(items, (groups) => {
        const clusters = groups.length;
        const all = groups.flat();
        const mean = meanOf(all);
        const without = groups.map((_, left) => meanOf(groups.filter((_, i) => i !== left).flat()));
        const jackknife = ((clusters - 1) / clusters) * total(without.map((each) => (each - mean) ** 2));
        const pulls = pullsOf(
          Float64Array.from(groups, total),
          Float64Array.from(groups, ({ length }) => length),
          {
            ...{ n: all.length, mean, clusters },
          },
        );
        const variance = (clusters / (clusters - 1)) * total([...pulls].map((pull) => pull ** 2));
        expect(variance).toBeCloseTo(jackknife, 10);
      }),
    );
  });

  it('is nothing for an item without values', () => {
    expect([...pullsOf(Float64Array.of(1, 0, 3), Float64Array.of(2, 0, 2), { n: 4, mean: 1, clusters: 2 })][1]).toBe(0);
  });
});
