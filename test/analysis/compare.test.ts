import { describe, expect, it } from 'vitest';
import { unseenShare, withUnseenAnswers } from '../../src/analysis/certainty.js';
import { compareCells, FEWEST_ITEMS, replicateNoise, studentQuantile } from '../../src/analysis/compare.js';
import { groupCells, type Cell } from '../../src/analysis/group.js';
import { row } from './fixtures.js';

/** A cell whose item i has the score that `scores` gives, once for each seed. */
function cell(
  level: 'original' | 'summ_l1',
  scores: readonly number[],
  seeds: readonly number[] = [1],
  shift = 0,
): Cell {
  const rows = seeds.flatMap((seed, s) =>
    scores.map((score, i) =>
      row({
        run: `${level}-${seed}`,
        level,
        seed,
        item: `item-${i}`,
        score: score + shift * s,
        correct: score + shift * s >= 4,
      }),
    ),
  );
  return groupCells(rows)[0] as Cell;
}

describe('compareCells', () => {
  it('pairs the questions that both answered, and no others', () => {
    const { difference, n } = compareCells(
      cell('original', [5, 4, 3, 2, 5, 5, 5]),
      cell('summ_l1', [4, 4, 3, 1]),
      'score',
    );
    expect(n).toBe(4);
    expect(difference).toBeCloseTo(0.5);
  });

  it('leaves out unscored answers and abstention questions', () => {
    const rows = [
      row({ item: 'a', score: 5 }),
      row({ item: 'b', status: 'unscored', score: null, correct: null }),
      row({ item: 'c', abstention: true, score: 1, correct: false }),
    ];
    const [one] = groupCells(rows);
    expect(one?.accuracy.n).toBe(1);
    expect(one?.unscored).toBe(1);
    expect(one?.abstention?.mean).toBe(0);
    expect(compareCells(one as Cell, one as Cell, 'score').n).toBe(1);
  });

  it('calls nothing detectable on fewer than six items, however large', () => {
    const few = Array.from({ length: FEWEST_ITEMS - 1 }, (_, i) => i % 2);
    const low = cell(
      'summ_l1',
      few.map((x) => 1 + x),
    );
    const high = cell(
      'original',
      few.map((x) => 4 + x),
    );
    expect(compareCells(low, high, 'score').detectable).toBe(false);
    const more = Array.from({ length: 12 }, (_, i) => i % 2);
    expect(
      compareCells(
        cell(
          'summ_l1',
          more.map((x) => 1 + x),
        ),
        cell(
          'original',
          more.map((x) => 4 + x),
        ),
        'score',
      ).detectable,
    ).toBe(true);
  });

  it('does not take a tie on few answers for certainty', () => {
    const same = cell('original', new Array<number>(10).fill(5));
    const { difference, low, high } = compareCells(cell('summ_l1', new Array<number>(10).fill(5)), same, 'accuracy');
    expect(difference).toBe(0);
    expect(low).toBeCloseTo(-unseenShare(10));
    expect(high).toBeCloseTo(unseenShare(10));
    expect(same.accuracy.low).toBeCloseTo(0.6915, 3);
  });

  it('widens by the noise between seeds, more so with one seed than with three', () => {
    const scores = Array.from({ length: 40 }, (_, i) => 2 + (i % 3));
    const noise = { deviation: 0.1, freedom: 8 };
    const one = compareCells(cell('original', scores), cell('summ_l1', [...scores].reverse()), 'score', { noise });
    const three = compareCells(
      cell('original', scores, [1, 2, 3]),
      cell('summ_l1', [...scores].reverse(), [1, 2, 3]),
      'score',
      { noise },
    );
    const none = compareCells(cell('original', scores), cell('summ_l1', [...scores].reverse()), 'score');
    expect(one.high - one.low).toBeGreaterThan(three.high - three.low);
    expect(three.high - three.low).toBeGreaterThan(none.high - none.low);
    expect(one.standardError).toBeCloseTo(Math.hypot(none.standardError, 0.1 * Math.SQRT2));
  });

  it('widens with the number of comparisons made at once', () => {
    const scores = Array.from({ length: 40 }, (_, i) => 1 + (i % 5));
    const [a, b] = [cell('original', scores), cell('summ_l1', [...scores].reverse())];
    const width = (family: number): number => {
      const { low, high } = compareCells(a, b, 'score', { family });
      return high - low;
    };
    expect(width(6)).toBeGreaterThan(1.2 * width(1));
  });
});

describe('replicateNoise', () => {
  it('is the pooled deviation of runs that differ in their seed', () => {
    const noise = replicateNoise(
      [cell('original', [2, 3, 2, 3], [1, 2], 0.2), cell('summ_l1', [2, 3, 2, 3], [1, 2], 0.4)],
      'score',
    );
    expect(noise?.freedom).toBe(2);
    expect(noise?.deviation).toBeCloseTo(Math.sqrt((0.02 + 0.08) / 2));
  });

  it('is unknown when every configuration was trained once', () => {
    expect(replicateNoise([cell('original', [2, 3]), cell('summ_l1', [2, 3])], 'score')).toBeNull();
  });
});

describe('studentQuantile', () => {
  it('agrees with the tables', () => {
    const table: [number, number, number][] = [
      [1, 0.975, 12.706],
      [2, 0.975, 4.303],
      [3, 0.975, 3.182],
      [5, 0.975, 2.571],
      [10, 0.975, 2.228],
      [30, 0.975, 2.042],
      [10, 0.995, 3.169],
    ];
    for (const [freedom, p, expected] of table) {
      expect(Math.abs(studentQuantile(freedom, p) / expected - 1), `t(${freedom}, ${p})`).toBeLessThan(0.015);
    }
    console.log(`${table.length} quantiles compared`);
  });
});

describe('withUnseenAnswers', () => {
  it('leaves an interval with spread, and one that is unknown, as they are', () => {
    const spread = { low: 0.1, high: 0.2, n: 5 };
    const unknown = { low: NaN, high: NaN, n: 1 };
    expect(withUnseenAnswers(spread, [0, 1])).toBe(spread);
    expect(withUnseenAnswers(unknown, [0, 1])).toBe(unknown);
  });
});
