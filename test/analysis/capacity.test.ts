import { describe, expect, it } from 'vitest';
import { capacityCurves, type CapacityCurve } from '../../src/analysis/capacity.js';
import { capacitySentences } from '../../src/analysis/capacity-sentences.js';
import { groupCells } from '../../src/analysis/group.js';
import type { Row } from '../../src/core/records.js';
import { row, runSummary } from './fixtures.js';

/** Closed-book rows of `items` items with four questions each, of which the first `right` are right. */
function closed(rank: number, items: number, right: number, bits: number | null = 4): Row[] {
  return Array.from({ length: 4 * items }, (_, i) =>
    row({
      ...{
        run: `r${rank}-${items}`,
        book: 'closed',
        level: 'none',
        rank,
        items: rank === 0 ? 0 : items,
        trr: null,
        retention: null,
        bits,
      },
      ...{ item: `item-${Math.floor(i / 4)}`, question: `q${i % 4}`, correct: i < right, score: i < right ? 5 : 1 },
    }),
  );
}

describe('capacityCurves', () => {
  it('counts facts and bits above the floor of guessing', () => {
    const runs = [runSummary({ id: 'r4-25', rank: 4, parameters: 1000 })];
    const [curve] = capacityCurves(groupCells(closed(4, 25, 80)), runs);
    const point = curve?.points[0];
    expect(point?.facts).toBe(100);
    expect(point?.floor).toBeCloseTo(1 / 16);
    expect(point?.factsRecalled.value).toBeCloseTo((100 * (0.8 - 1 / 16)) / (15 / 16));
    expect(point?.bits).toBe(400);
    expect(point?.bitsRecalled?.value).toBeCloseTo((400 * (0.8 - 1 / 16)) / (15 / 16));
    expect(point?.ceilingBits).toBe(2000);
  });

  it('takes the base model as the floor where it knows more than guessing does', () => {
    const [curve] = capacityCurves(groupCells([...closed(4, 25, 80), ...closed(0, 25, 30)]));
    expect(curve?.points[0]?.base).toBeCloseTo(0.3);
    expect(curve?.points[0]?.floor).toBeCloseTo(0.3);
    expect(curve?.points[0]?.againstBase?.difference).toBeCloseTo(0.5);
  });

  it('fits no limit where fewer facts are recalled of the largest amount, and says why', () => {
    const [fell] = capacityCurves(groupCells([...closed(4, 25, 95), ...closed(4, 100, 300), ...closed(4, 400, 100)]));
    expect(fell?.peak?.items).toBe(100);
    expect(fell?.saturation).toEqual({ facts: null, bits: null });
    const [text] = capacitySentences([fell as CapacityCurve]);
    expect(text).toContain('Of 100 items it recalled more, 293 of 400 facts');
    expect(text).not.toContain('at most');
    const [level] = capacityCurves(groupCells([...closed(4, 25, 95), ...closed(4, 100, 300), ...closed(4, 400, 390)]));
    expect(level?.peak).toBeNull();
  });

  it('has no limit below what is surely recalled', () => {
    // By the curve through these it would be 411 facts.
    const recalled = [98, 190, 240, 270, 290, 900];
    const rows = recalled.flatMap((right, i) => closed(16, 25 * 2 ** i, right));
    const [{ saturation, points }] = capacityCurves(groupCells(rows)) as [CapacityCurve];
    expect(saturation.facts?.reached).toBe(false);
    expect(saturation.facts?.low).toBeGreaterThanOrEqual(points.at(-1)?.factsRecalled.low ?? NaN);
  });

  it('goes from the smallest rank up, whatever the order of rows', () => {
    const rows = [16, 4, 8].flatMap((rank) => closed(rank, 25, 80));
    expect(capacityCurves(groupCells(rows)).map(({ rank }) => rank)).toEqual([4, 8, 16]);
  });

  it('never recalls less than nothing', () => {
    const [curve] = capacityCurves(groupCells([...closed(4, 25, 2), ...closed(0, 25, 30)]));
    expect(curve?.points[0]?.factsRecalled.value).toBe(0);
  });

  it('leaves bits out where they are unknown', () => {
    const [curve] = capacityCurves(groupCells(closed(4, 25, 80, null)));
    expect([curve?.points[0]?.bits, curve?.points[0]?.bitsRecalled, curve?.points[0]?.floor]).toEqual([null, null, 0]);
  });

  it('weighs the floor by bits as it weighs what is recalled', () => {
    const mixed = (rank: number, right: (index: number) => boolean): Row[] =>
      closed(rank, 25, 0).map((each, i) => {
        const correct = right(i);
        return { ...each, bits: i % 2 === 0 ? 1 : 9, correct, score: correct ? 5 : 1 };
      });
    const rows = [...mixed(4, (i) => i % 2 === 0 || i < 50), ...mixed(0, (i) => i % 2 === 0)];
    const [curve] = capacityCurves(groupCells(rows));
    const point = curve?.points[0];
    const [all, known, base] = [50 * 1 + 50 * 9, 50 * 1 + 25 * 9, 50 * 1];
    expect(point?.bits).toBe(all);
    expect(point?.bitsRecalled?.value).toBeCloseTo((all * (known / all - base / all)) / (1 - base / all));
  });

  it('finds what a rank holds at most where recall bends, and says so where it does not', () => {
    const holding = (limit: number) =>
      [10, 20, 40, 80].flatMap((items) => closed(4, items, Math.round(limit * (1 - Math.exp((-4 * items) / limit)))));
    const [bent] = capacityCurves(
      groupCells(holding(100)),
      [10, 20, 40, 80].map((items) => runSummary({ id: `r4-${items}`, rank: 4, parameters: 1000 })),
    );
    expect(bent?.saturation.facts?.reached).toBe(true);
    expect(bent?.saturation.facts?.limit).toBeGreaterThan(75);
    expect(bent?.saturation.facts?.limit).toBeLessThan(125);
    const [straight] = capacityCurves(
      groupCells([10, 20, 40, 80].flatMap((items) => closed(4, items, 4 * items * 0.9))),
    );
    expect(straight?.saturation.facts?.reached).toBe(false);
    expect(straight?.saturation.facts?.high).toBe(Infinity);
    expect(capacitySentences([bent, straight].flatMap((curve) => curve ?? [])).join('\n')).toMatch(
      /holds about \d+ facts at most[\s\S]*limit was not reached/,
    );
    expect(capacityCurves(groupCells(closed(4, 25, 80)))[0]?.saturation.facts).toBeNull();
  });

  it('sees facts crowded out on the questions that both amounts share', () => {
    const [curve] = capacityCurves(groupCells([...closed(4, 20, 80), ...closed(4, 40, 40)]));
    expect(curve?.crowding?.n).toBe(80);
    expect(curve?.crowding?.difference).toBeCloseTo(-0.5);
    expect(curve?.crowding?.detectable).toBe(true);
  });

  it('says where the very wording was asked that was trained, and only there', () => {
    const told = (reworded: (index: number) => boolean | null): string =>
      capacitySentences(
        capacityCurves(groupCells(closed(4, 25, 80).map((each, i) => ({ ...each, reworded: reworded(i) })))),
      ).join('\n');
    expect(told(() => true)).not.toContain('wording');
    expect(told(() => null)).not.toContain('wording');
    expect(told(() => false)).toContain('All were asked in the very wording that was trained');
    expect(told((i) => i > 9)).toContain('10 of 100 were asked in the very wording that was trained');
  });
});
