/** Quantiles, errors and intervals against SciPy and statsmodels (test/golden/statistics/errors.py), and their edges. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boundedMean } from '../../src/core/bounded-mean.js';
import { familyErrors, type Contrast } from '../../src/core/max-t.js';
import { Random } from '../../src/core/random.js';
import { studentQuantile, studentTails } from '../../src/core/student.js';

interface Expected {
  readonly student: readonly (readonly [freedom: number, p: number, quantile: number])[];
  readonly ranges: readonly (readonly [means: number, freedom: number, critical: number])[];
  readonly clustered: {
    readonly rows: readonly { readonly cluster: string; readonly value: number }[];
    readonly mean: number;
    readonly error: number;
    readonly low95: number;
  };
  readonly wilson: readonly (readonly [right: number, n: number, low: number, high: number])[];
}

const golden = join(import.meta.dirname, '../golden/statistics/errors.json');
const expected = JSON.parse(readFileSync(golden, 'utf8')) as Expected;
const none = { variance: 0, freedom: 4 };

function pullsOf(rows: Expected['clustered']['rows'], mean: number): Contrast {
  const sums = new Map<string, number>();
  for (const { cluster, value } of rows) sums.set(cluster, (sums.get(cluster) ?? 0) + (value - mean) / rows.length);
  return { pulls: Float64Array.from(sums.values()), clusters: sums.size, loadings: new Map() };
}

describe('Student’s t', () => {
  it('has SciPy’s quantiles', () => {
    for (const [freedom, p, quantile] of expected.student)
      expect(studentQuantile(freedom, p) / quantile, `t(${freedom}) at ${p}`).toBeCloseTo(1, 8);
  });

  it('has tails that its quantiles cut off', () => {
    for (const freedom of [1, 4.5, 30])
      expect(studentTails(freedom, studentQuantile(freedom, 0.975))).toBeCloseTo(0.05, 9);
  });

  it('refuses what has no quantile', () => {
    expect(() => studentQuantile(3, 1)).toThrow('invalid probability 1: use a number between 0 and 1');
    expect(() => studentQuantile(0, 0.5)).toThrow('invalid degrees of freedom 0');
  });
});

describe('familyErrors', () => {
  it('has the standard error that statsmodels gives clusters', () => {
    const { rows, mean, error } = expected.clustered;
    const [own] = familyErrors([pullsOf(rows, mean)], none);
    expect(own?.error).toBeCloseTo(error, 10);
  });

  it('has Tukey’s critical values where the means of trainings are independent', () => {
    for (const [means, freedom, critical] of expected.ranges) {
      const pairs = Array.from({ length: means }, (_, i) =>
        Array.from({ length: i }, (_, j): Contrast => {
          const loadings = new Map([
            [`${i}`, 1],
            [`${j}`, -1],
          ]);
          return { pulls: new Float64Array(40), clusters: 40, loadings };
        }),
      ).flat();
      const [first] = familyErrors(pairs, { variance: 1, freedom });
      expect((first?.critical ?? 0) / critical, `${means} means, ${freedom} degrees of freedom`).toBeCloseTo(1, 1);
      expect(Math.abs((first?.critical ?? 0) / critical - 1)).toBeLessThan(0.03);
    }
  });

  it('makes a family wider than one comparison, and comparisons known by few clusters no burden to the rest', () => {
    const random = new Random(1, 'family');
    const made = Array.from({ length: 8 }, (): Contrast => {
      const values = Array.from({ length: 60 }, () => random.normal());
      const centre = values.reduce((sum, value) => sum + value, 0) / 60;
      return { pulls: Float64Array.from(values, (value) => (value - centre) / 60), clusters: 60, loadings: new Map() };
    });
    const sparse: Contrast = {
      pulls: Float64Array.from({ length: 60 }, (_, i) => (i < 2 ? 0.5 - i : 0)),
      clusters: 60,
      loadings: new Map(),
    };
    const critical = (contrasts: readonly Contrast[]): number => familyErrors(contrasts, none)[0]?.critical ?? NaN;
    expect(critical(made.slice(0, 1))).toBeCloseTo(2, 1);
    expect(critical(made)).toBeGreaterThan(2.5);
    expect(critical([...made, sparse])).toBeLessThan(1.05 * critical(made));
    expect(familyErrors([...made, sparse], none)[8]?.freedom).toBeLessThan(6);
  });

  it('gives the same values for the same seed', () => {
    const { rows, mean } = expected.clustered;
    const family = [pullsOf(rows, mean), pullsOf([...rows].reverse(), mean)];
    expect(familyErrors(family, none, { draws: 500 })).toEqual(familyErrors(family, none, { draws: 500 }));
  });
});

describe('boundedMean', () => {
  const answers = (right: number, n: number) =>
    Array.from({ length: n }, (_, i) => ({ cluster: `${i}`, value: i < right ? 1 : 0 }));

  it('is Wilson’s interval where answers are independent', () => {
    for (const [right, n, low, high] of expected.wilson) {
      const ours = boundedMean(answers(right, n), { range: [0, 1] });
      expect(Math.abs(ours.low - low), `${right} of ${n}, low`).toBeLessThan(0.004);
      expect(Math.abs(ours.high - high), `${right} of ${n}, high`).toBeLessThan(0.004);
    }
  });

  it('covers shares near one in at least nine of ten studies, where items make answers alike', () => {
    const random = new Random(5, 'coverage');
    const truth = 0.99;
    let covered = 0;
    for (let study = 0; study < 400; study++) {
      const rows = Array.from({ length: 40 }, (_, item) => {
        const chance = random.uniform() < 0.05 ? 0.8 : 1;
        return Array.from({ length: 10 }, () => ({ cluster: `${item}`, value: random.uniform() < chance ? 1 : 0 }));
      }).flat();
      const { low, high } = boundedMean(rows, { range: [0, 1] });
      if (low <= truth && truth <= high) covered++;
    }
    expect(covered / 400).toBeGreaterThan(0.93);
  });

  it('widens by the noise of training, and stays within the range', () => {
    const rows = answers(30, 60);
    const plain = boundedMean(rows, { range: [0, 1] });
    const noisy = boundedMean(rows, { range: [0, 1], noise: { variance: 0.05 ** 2, freedom: 4 } });
    expect(noisy.high - noisy.low).toBeGreaterThan(1.2 * (plain.high - plain.low));
    for (const right of [0, 10]) {
      const { mean, low, high } = boundedMean(answers(right, 10), { range: [0, 1] });
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(high - low).toBeGreaterThan(0.2);
      expect(low <= mean && mean <= high).toBe(true);
    }
  });

  it('is unknown with one cluster, and without rows', () => {
    expect(boundedMean([{ cluster: 'a', value: 1 }], { range: [0, 1] })).toMatchObject({
      mean: 1,
      low: NaN,
      high: NaN,
    });
    expect(boundedMean([], { range: [0, 1] })).toMatchObject({ mean: NaN, low: NaN, n: 0, clusters: 0 });
  });
});
