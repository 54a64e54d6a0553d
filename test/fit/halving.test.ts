/** Rules of successive halving: the budget is kept, somebody always goes on, and the same is decided whatever the order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  exposureSteps,
  rungSizes,
  schedule,
  survivors,
  thinned,
  thinnedFurther,
  type HalvingRule,
  type Standing,
} from '../../src/fit/halving.js';

const RULE: HalvingRule = { keep: 1 / 4, finalists: 2, most: 60, least: 8, sideBySide: 1 };

const cost = fc.record({
  fixed: fc.double({ min: 0, max: 50, noNaN: true }),
  perExposure: fc.double({ min: 0.01, max: 20, noNaN: true }),
});
const rule = fc.record({
  keep: fc.double({ min: 0.1, max: 0.7, noNaN: true }),
  finalists: fc.integer({ min: 1, max: 4 }),
  most: fc.integer({ min: 8, max: 100 }),
  least: fc.integer({ min: 2, max: 8 }),
  sideBySide: fc.integer({ min: 1, max: 8 }),
});
const standings = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 }).chain((keys) =>
  fc.tuple(
    ...keys.map((key) =>
      fc.record({
        key: fc.constant(`c${key}`),
        place: fc.constant(key),
        recall: fc.double({ min: 0, max: 1, noNaN: true }),
        rank: fc.constantFrom(1, 4, 16),
        tokens: fc.constantFrom(100, 200),
      }),
    ),
  ),
) as fc.Arbitrary<Standing[]>;

describe('a schedule', () => {
  it('keeps its budget, shows facts more often rung by rung to fewer candidates, and never to none', () => {
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 1, maxLength: 40 }),
        rule,
        fc.integer({ min: 1, max: 5000 }),
        (costs, own, budget) => {
          const found = schedule(costs, own, budget);
          if (found === null) return;
          expect(found.cost).toBeLessThanOrEqual(budget);
          expect(found.rungs.map(({ candidates }) => candidates)).toEqual(rungSizes(costs.length, own));
          found.rungs.forEach(({ candidates, exposures }, i) => {
            expect(candidates).toBeGreaterThanOrEqual(1);
            const before = found.rungs[i - 1];
            if (before === undefined) return;
            expect(candidates).toBeLessThan(before.candidates);
            expect(exposures).toBeGreaterThanOrEqual(before.exposures);
          });
        },
      ),
    );
  });

  it('shows facts as often as the budget bears, and in its first rung more often than the rung before did', () => {
    const costs = Array.from({ length: 16 }, () => ({ fixed: 0, perExposure: 1 }));
    expect(schedule(costs, RULE, 1000)?.rungs).toEqual([
      { candidates: 16, exposures: 4 },
      { candidates: 4, exposures: 15 },
      { candidates: 2, exposures: 60 },
    ]);
    expect(schedule(costs, RULE, 150)?.rungs.at(-1)?.exposures).toBeLessThan(60);
    expect(schedule(costs, RULE, 10)).toBeNull();
    expect(schedule(costs.slice(0, 4), RULE, 1000, 15)).toBeNull();
    expect(schedule(costs.slice(0, 4), RULE, 1000, 14)?.rungs[0]?.exposures).toBe(15);
  });

  it('falls to the finalists from any number of candidates', () => {
    expect([1, 2, 3, 18, 40].map((n) => rungSizes(n, RULE))).toEqual([[1], [2], [3, 2], [18, 5, 2], [40, 10, 3, 2]]);
  });

  it('steps down from the most exposures to the least', () => {
    const steps = exposureSteps(RULE);
    expect([steps[0], steps.at(-1)]).toEqual([60, 8]);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => b - a));
  });
});

describe('candidates that a budget does not bear', () => {
  it('are left from the last on, and the first one stays where it can be tried at all', () => {
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 1, maxLength: 20 }),
        rule,
        fc.integer({ min: 1, max: 5000 }),
        (costs, own, budget) => {
          const candidates = costs.map((each, i) => ({ cost: each, i }));
          const found = thinned(candidates, own, budget);
          const first = schedule(costs.slice(0, 1), own, budget);
          expect(found === null && first !== null).toBe(false);
          if (found === null) return;
          expect([...found.tried, ...found.left]).toEqual(candidates);
          expect(found.tried.length).toBeGreaterThan(0);
          expect(found.schedule.cost).toBeLessThanOrEqual(budget);
        },
      ),
    );
  });
});

describe('a rung behind another', () => {
  const halving: HalvingRule = { keep: 1 / 4, finalists: 1, most: 8, least: 8, sideBySide: 1 };
  const one = [{ cost: { fixed: 0, perExposure: 10 } }];

  it('has fewer exposures than the least where the budget bears no more, but more than before', () => {
    expect(thinned(one, halving, 56, 2)).toBeNull();
    expect(thinnedFurther(one, halving, 56, 2)?.schedule).toEqual({
      rungs: [{ candidates: 1, exposures: 5 }],
      cost: 50,
    });
    expect(thinnedFurther(one, halving, 80, 2)?.schedule.rungs).toEqual([{ candidates: 1, exposures: 8 }]);
    expect(thinnedFurther(one, halving, 29, 2)).toBeNull();
  });
});

describe('those that go on', () => {
  it('are as many as asked for, never none, the best first, and the same in whatever order they are given', () => {
    fc.assert(
      fc.property(
        standings,
        fc.integer({ min: 0, max: 25 }),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        (all, count, margin) => {
          const going = survivors(all, count, margin);
          expect(going).toHaveLength(Math.min(all.length, Math.max(1, count)));
          expect(new Set(going).size).toBe(going.length);
          const most = Math.max(...all.map(({ recall }) => recall));
          expect(all.find(({ key }) => key === going[0])?.recall).toBe(most);
          expect(survivors([...all].reverse(), count, margin)).toEqual(going);
        },
      ),
    );
  });

  it('are the best, then the cheapest of those within the margin of it', () => {
    const all: Standing[] = [
      { key: 'best', place: 0, recall: 0.5, rank: 16, tokens: 10 },
      { key: 'second', place: 1, recall: 0.48, rank: 16, tokens: 10 },
      { key: 'small', place: 2, recall: 0.46, rank: 1, tokens: 10 },
      { key: 'poor', place: 3, recall: 0.3, rank: 1, tokens: 10 },
    ];
    expect(survivors(all, 2, 0.1)).toEqual(['best', 'small']);
    expect(survivors(all, 3, 0.05)).toEqual(['best', 'second', 'small']);
  });

  it('are those thought most of where nothing was learnt yet, not the cheapest', () => {
    const all: Standing[] = [16, 4, 1].map((rank, place) => ({ key: `r${rank}`, place, recall: 0, rank, tokens: 10 }));
    expect(survivors(all, 2, 0.1)).toEqual(['r16', 'r4']);
  });
});
