/** Simulated studies whose truth is known: claims that are false stay rare, and a fall that is there is found. The whole table: `npm run bench error-rates`. */
import { describe, expect, it } from 'vitest';
import { claimsOf } from '../../bench/support/claims.js';
import { knownStudy, type TruthOptions } from '../../bench/support/null-study.js';
import { analyse } from '../../src/analysis/analyse.js';

type Truth = Omit<TruthOptions, 'generator'>;

/** How many of `n` studies pass a check, each made by a generator of its own. */
function count(n: number, truth: Truth, passes: (rows: ReturnType<typeof knownStudy>) => boolean): number {
  const seeds = Array.from({ length: n }, (_, generator) => generator);
  const found = seeds.filter((generator) => passes(knownStudy({ questions: 4, ...truth, generator }))).length;
  console.log(`${found} of ${n}: ${JSON.stringify(truth)}`);
  return found;
}

const claims = (rows: ReturnType<typeof knownStudy>): boolean => claimsOf(rows, 1000).any;

describe('a study in which nothing differs', () => {
  it.each([
    { items: 40, noise: 0, seeds: 1 },
    { items: 40, noise: 0, seeds: 3 },
    { items: 40, noise: 0, seeds: 3, twoWay: true },
    { items: 40, noise: 0.05, seeds: 1 },
    { items: 150, noise: 0.02, seeds: 1 },
    { items: 150, noise: 0.05, seeds: 2 },
  ])(
    'has a difference named in at most 5 % of simulations, as far as 60 of them tell: %o',
    (truth) => {
      expect(count(60, truth, claims)).toBeLessThanOrEqual(6);
    },
    120_000,
  );

  it.each([
    { items: 500, noise: 0.02, seeds: 1, questions: 2 },
    { items: 500, noise: 0.05, seeds: 1, questions: 2 },
  ])(
    'is not made one of differences by many items, which leave the noise between seeds as it is: %o',
    (truth) => {
      expect(count(20, truth, claims)).toBeLessThanOrEqual(3);
    },
    120_000,
  );
});

describe('a study in which the more compressed half loses', () => {
  const losses = (loss: number): number[] => [0, 0, 0, loss, loss, loss, loss];

  it('has a fall of 0.35 found with one training at 150 items', () => {
    const truth = { items: 150, noise: 0.02, seeds: 1, questions: 10, losses: losses(0.35) };
    expect(count(20, truth, (rows) => claimsOf(rows, 1000).levels)).toBeGreaterThanOrEqual(19);
  }, 120_000);

  it('is not recommended below a loss that is just above what is allowed', () => {
    const truth = { items: 150, noise: 0.02, seeds: 3, losses: losses(0.25) };
    const wrong = count(30, truth, (rows) => {
      const level = analyse(rows, [], { draws: 1000 }).curves[0]?.chosen.level ?? '';
      return !['original', 'summ_l1', 'summ_l2'].includes(level);
    });
    expect(wrong).toBeLessThanOrEqual(4);
  }, 120_000);
});
