import { describe, expect, it } from 'vitest';
import { knownCells } from '../../bench/support/null-study.js';
import { FEWEST_ITEMS, jointComparisons, lowerBound, type Comparison } from '../../src/analysis/compare.js';
import { groupCells, type Cell } from '../../src/analysis/group.js';
import type { Measure } from '../../src/analysis/measure.js';
import { ASSUMED_FREEDOM, ASSUMED_NOISE, seedNoise } from '../../src/analysis/seed-noise.js';
import type { Row } from '../../src/core/records.js';
import { row } from './fixtures.js';

/** Rows whose item i has the score that `scores` gives, once for each seed; each seed after the first is moved by `shift`. */
function rowsOf(level: string, scores: readonly number[], seeds: readonly number[] = [1], shift = 0): Row[] {
  return seeds.flatMap((seed, s) =>
    scores.map((score, i) =>
      row({
        ...{ run: `${level}-${seed}`, level, seed, item: `item-${i}` },
        ...{ score: score + shift * s, correct: score + shift * s >= 4, judge: 'llm' },
      }),
    ),
  );
}

/** The second level less the first, among the comparisons of all levels given. */
function compared(rows: readonly Row[][], measure: Measure = 'score'): Comparison {
  const cells = groupCells(rows.flat());
  const at = (rows: Row[] | undefined): Cell => cells.find(({ level }) => level === rows?.[0]?.level) as Cell;
  return jointComparisons(cells, { measure })(at(rows[1]), at(rows[0]), measure);
}

const waves = Array.from({ length: 40 }, (_, i) => 1 + (i % 5));

describe('jointComparisons', () => {
  it('errs between items as leaving each out tells, however unequal their numbers of questions', () => {
    const [a, b] = ['original', 'summ_l1'].map((level) =>
      knownCells({ items: 12, noise: 0, seeds: 1, ranks: [], shape: 'ragged', generator: 5 }).find(
        (cell) => cell.level === level,
      ),
    ) as [Cell, Cell];
    const { standardError, trainingError, n, clusters } = jointComparisons([a, b])(b, a, 'score');
    const [ours, theirs] = [b, a].map(({ lines }) => lines.score[0] as Float64Array) as [Float64Array, Float64Array];
    const without = (item: number): number => {
      const kept = [...a.lines.itemOf.keys()].filter((question) => a.lines.itemOf[question] !== item);
      return kept.reduce((sum, i) => sum + (ours[i] as number) - (theirs[i] as number), 0) / kept.length;
    };
    const all = without(-1);
    const jackknife = Array.from({ length: 12 }, (_, item) => (without(item) - all) ** 2).reduce((x, y) => x + y, 0);
    const unseen = 2 * (4 / (n + 2)) ** 2;
    expect(clusters).toBe(12);
    expect(standardError ** 2 - trainingError ** 2 - unseen).toBeCloseTo((11 / 12) * jackknife, 10);
  });

  it('pairs the questions that both answered, and no others', () => {
    const { difference, n } = compared([rowsOf('summ_l1', [4, 4, 3, 1]), rowsOf('original', [5, 4, 3, 2, 5, 5, 5])]);
    expect(n).toBe(4);
    expect(difference).toBeCloseTo(0.5);
  });

  it('leaves out unscored answers and abstention questions', () => {
    const rows = [
      row({ item: 'a', score: 5 }),
      row({ item: 'b', status: 'unscored', score: null, correct: null }),
      row({ item: 'c', abstention: true, score: 1, correct: false }),
    ];
    const [one] = groupCells(rows) as [Cell];
    expect(one.accuracy.n).toBe(1);
    expect(one.unscored).toBe(1);
    expect(one.abstention?.mean).toBe(0);
    expect(jointComparisons([one])(one, one, 'score').n).toBe(1);
  });

  it('calls nothing detectable where fewer than six items differ, however much', () => {
    const levels = (items: number) => [
      rowsOf('original', new Array<number>(items).fill(5)),
      rowsOf('summ_l1', new Array<number>(items).fill(1)),
    ];
    expect(compared(levels(FEWEST_ITEMS - 1)).detectable).toBe(false);
    expect(compared(levels(2 * FEWEST_ITEMS)).detectable).toBe(true);
  });

  it('turns a comparison round', () => {
    const cells = groupCells([...rowsOf('original', waves), ...rowsOf('summ_l1', [...waves].reverse())]);
    const [a, b] = cells as [Cell, Cell];
    const compare = jointComparisons(cells);
    expect(compare(a, b, 'score').low).toBeCloseTo(-compare(b, a, 'score').high, 12);
  });

  it('does not take a tie on few answers for certainty', () => {
    const ten = new Array<number>(10).fill(5);
    const { difference, low, high } = compared([rowsOf('original', ten), rowsOf('summ_l1', ten)], 'accuracy');
    expect(difference).toBe(0);
    expect(low).toBeLessThan(-0.2);
    expect(high).toBeGreaterThan(0.2);
  });

  it('widens with the number of comparisons made at once, less than Bonferroni would', () => {
    const levels = Array.from({ length: 7 }, (_, i) =>
      rowsOf(`summ_l${i}`, i % 2 === 0 ? waves : [...waves].reverse()),
    );
    const reach = ({ low, high, standardError }: Comparison): number => (high - low) / 2 / standardError;
    const two = reach(compared(levels.slice(0, 2)));
    const seven = reach(compared(levels));
    expect(seven).toBeGreaterThan(1.2 * two);
    expect(seven).toBeLessThan(1.9 * two);
  });

  it('bounds one difference by itself from below, closer than all together', () => {
    const comparison = compared([rowsOf('original', waves), rowsOf('summ_l1', [...waves].reverse())]);
    expect(lowerBound(comparison)).toBeGreaterThan(comparison.low);
    expect(lowerBound(comparison)).toBeLessThan(comparison.difference);
  });
});

describe('seedNoise', () => {
  const cells = (seeds: readonly number[], shift: number): Cell[] =>
    groupCells(rowsOf('original', waves, seeds, shift));

  it('is what is assumed where every configuration was trained once', () => {
    const { share, freedom, measured } = seedNoise(cells([1], 0), 'score');
    expect(share).toBeCloseTo(ASSUMED_NOISE, 10);
    expect([freedom, measured]).toEqual([ASSUMED_FREEDOM, 0]);
  });

  it('goes over to what was measured without a leap', () => {
    const twice = seedNoise(cells([1, 2], 0.2), 'score');
    const often = seedNoise(cells([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.2), 'score');
    expect(twice.measured).toBe(1);
    expect(twice.share).toBeCloseTo(Math.sqrt((4 * ASSUMED_NOISE ** 2 + 0.02 / spread([1, 2], 0.2) ** 2) / 5), 6);
    expect(often.share).toBeGreaterThan(0.2);
  });

  it('reaches no detectable difference by itself, and hides a large one neither with one replicate nor without', () => {
    const lower = waves.map((score, i) => Math.max(1, score - 1 - (i % 2)));
    for (const seeds of [[1], [1, 2]]) {
      expect(compared([rowsOf('original', waves, seeds), rowsOf('summ_l1', lower)]).detectable).toBe(true);
      const alike = compared([rowsOf('original', waves, seeds), rowsOf('summ_l1', [...waves].reverse())]);
      expect(alike.detectable).toBe(false);
    }
  });
});

/** Standard deviation of all answers of `rowsOf` with these seeds. */
function spread(seeds: readonly number[], shift: number): number {
  const values = seeds.flatMap((_, s) => waves.map((score) => score + s * shift));
  const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
