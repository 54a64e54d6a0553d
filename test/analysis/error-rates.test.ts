/** Simulated studies whose truth is known: claims that are false stay rare, and a fall that is there is found. The whole table: `npm run bench error-rates`. */
import { describe, expect, it } from 'vitest';
import { claimsOf } from '../../bench/support/claims.js';
import { knownCells, knownStudy, type TruthOptions } from '../../bench/support/null-study.js';
import { analyse } from '../../src/analysis/analyse.js';
import { groupCells, type Cell } from '../../src/analysis/group.js';

type Truth = Omit<TruthOptions, 'generator'>;

/** How many of `n` studies pass a check, each made by a generator of its own. */
function count(n: number, truth: Truth, passes: (cells: Cell[]) => boolean): number {
  const seeds = Array.from({ length: n }, (_, generator) => generator);
  const found = seeds.filter((generator) => passes(knownCells({ questions: 4, ...truth, generator }))).length;
  console.log(`${found} of ${n}: ${JSON.stringify(truth)}`);
  return found;
}

const claims =
  (twoWay = false): ((cells: Cell[]) => boolean) =>
  (cells) =>
    claimsOf(cells, twoWay ? 'accuracy' : 'score').any;

describe('a simulated study', () => {
  it.each([false, true])('has the same claims from its rows as without them (right or wrong: %s)', (twoWay) => {
    const truth = {
      items: 40,
      questions: 4,
      noise: 0.1,
      seeds: 2,
      twoWay,
      losses: [0, 0, 0, 0.3, 0.3, 0.3, 0.6],
      generator: 3,
    };
    const measure = twoWay ? 'accuracy' : 'score';
    const fromRows = claimsOf(groupCells(knownStudy(truth)), measure);
    expect(fromRows).toEqual(claimsOf(knownCells(truth), measure));
    expect(fromRows.levels).toBe(true);
  });
});

describe('a study in which nothing differs', () => {
  it.each([
    { items: 40, noise: 0, seeds: 1 },
    { items: 40, noise: 0, seeds: 3 },
    { items: 40, noise: 0, seeds: 3, twoWay: true },
    { items: 40, noise: 0.05, seeds: 1 },
    { items: 150, noise: 0.02, seeds: 1 },
    { items: 150, noise: 0.05, seeds: 2 },
    { items: 40, noise: 0.02, seeds: 2, shape: 'outliers' },
    { items: 40, noise: 0.02, seeds: 5, shape: 'ragged', twoWay: true },
  ] as const)(
    'has a difference named in at most 5 % of simulations, as far as 100 of them tell: %o',
    (truth) => {
      expect(count(100, truth, claims('twoWay' in truth))).toBeLessThanOrEqual(10);
    },
    120_000,
  );

  it.each([
    { items: 500, noise: 0.02, seeds: 1, questions: 2 },
    { items: 500, noise: 0.05, seeds: 1, questions: 2 },
  ])(
    'is not made one of differences by many items, which leave the noise between seeds as it is: %o',
    (truth) => {
      expect(count(40, truth, claims())).toBeLessThanOrEqual(5);
    },
    120_000,
  );
});

describe('a study in which the more compressed half loses', () => {
  const losses = (loss: number): number[] => [0, 0, 0, loss, loss, loss, loss];

  it('has a fall of 0.35 found with one training at 150 items', () => {
    const truth = { items: 150, noise: 0.02, seeds: 1, questions: 10, losses: losses(0.35) };
    expect(count(40, truth, (cells) => claimsOf(cells, 'score').levels)).toBeGreaterThanOrEqual(39);
  }, 120_000);

  it('has a fall of 0.2 found with one training at 40 items in half of all studies or more', () => {
    const truth = { items: 40, noise: 0, seeds: 1, questions: 10, losses: losses(0.2) };
    expect(count(100, truth, (cells) => claimsOf(cells, 'score').levels)).toBeGreaterThanOrEqual(50);
  }, 120_000);

  it('is not recommended below a loss that is just above what is allowed', () => {
    const truth = { items: 100, noise: 0.02, seeds: 2, losses: losses(0.25) };
    let wrong = 0;
    for (let generator = 0; generator < 30; generator++) {
      const { curves } = analyse(knownStudy({ questions: 4, ...truth, generator }), [], { draws: 1000 });
      if (!['original', 'summ_l1', 'summ_l2'].includes(curves[0]?.chosen.level ?? '')) wrong++;
    }
    expect(wrong).toBeLessThanOrEqual(4);
  }, 120_000);
});
