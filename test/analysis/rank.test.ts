import { describe, expect, it } from 'vitest';
import { groupCells } from '../../src/analysis/group.js';
import { rankByTrr, rankChoices, rankTable } from '../../src/analysis/rank.js';
import { Random } from '../../src/core/random.js';
import type { Row } from '../../src/core/records.js';
import { reportedStudy, row, runSummary } from './fixtures.js';

/** Three ranks on the same 60 questions, with the means given and noise of 0.4 a question. */
function ranks(means: Readonly<Record<number, number>>, scaleOf: (rank: number) => number = () => 2): Row[] {
  return Object.entries(means).flatMap(([name, mean]) => {
    const rank = Number(name);
    return Array.from({ length: 60 }, (_, i) => {
      const score = mean + 0.8 * new Random(1, 'question', i).normal() + 0.4 * new Random(1, 'own', rank, i).normal();
      return row({ run: `r${rank}`, rank, scale: scaleOf(rank), item: `item-${i}`, score, correct: score >= 4 });
    });
  });
}

describe('rankChoices', () => {
  it('takes the smallest rank within one standard error of the best', () => {
    const [clear] = rankChoices(groupCells(ranks({ 4: 2.5, 8: 3.1, 16: 3.9 })));
    expect([clear?.rank, clear?.best, clear?.detectable]).toEqual([16, 16, true]);
    const [flat] = rankChoices(groupCells(ranks({ 4: 3.9, 8: 3.0, 16: 3.92 })));
    expect(flat?.candidates.map(({ within }) => within)).toEqual([true, false, true]);
    expect([flat?.rank, flat?.detectable]).toEqual([4, true]);
  });

  it('asks for the rank that could hold the answers', () => {
    const rows = ranks({ 4: 3, 8: 3, 16: 3 }).map((r) => ({ ...r, bits: 10 }));
    const runs = [runSummary({ id: 'r8', rank: 8, parameters: 8 * 50 })];
    const [choice] = rankChoices(groupCells(rows), runs);
    expect(choice?.floor).toEqual({ rank: 6, bits: 600, parametersPerRank: 50 });
    expect(choice?.rank).toBeGreaterThanOrEqual(8);
  });

  it('says when ranks differ in scale too', () => {
    const fixedAlpha = rankChoices(groupCells(ranks({ 4: 3, 8: 3 }, (rank) => 16 / rank)));
    const equal = rankChoices(groupCells(ranks({ 4: 3, 8: 3 })));
    expect([fixedAlpha[0]?.equalScale, equal[0]?.equalScale]).toEqual([false, true]);
  });

  it('compares nothing where one rank was trained', () => {
    expect(rankChoices(groupCells(ranks({ 8: 3 })))).toEqual([]);
  });
});

describe('the table from TRR', () => {
  const cells = groupCells(reportedStudy().rows).filter(
    ({ dataset, items }) => dataset === 'wikiupdate' && items === 500,
  );

  it('is rank 4 at every level of the reported study, as the study said', () => {
    const table = rankTable(cells, 'score');
    expect(table.map(({ level, rank }) => [level, rank])).toEqual([
      ['original', 4],
      ['summ_l3', 4],
      ['summ_l5', 4],
    ]);
    expect(rankByTrr(table, 0.4)).toBe(4);
  });

  it('chooses by the table when asked, and says so', () => {
    const choices = rankChoices(cells, [], { rule: 'trr' });
    expect(choices.map(({ rule, rank }) => [rule, rank])).toEqual([
      ['trr', 4],
      ['trr', 4],
      ['trr', 4],
    ]);
    const closed = cells.map((cell) => ({ ...cell, trr: null }));
    expect(rankChoices(closed, [], { rule: 'trr' })[0]?.rule).toBe('one-standard-error');
  });

  it('gives the nearest entry, and nothing from an empty table', () => {
    const table = [
      { level: 'original', trr: 0, rank: 16 },
      { level: 'summ_l5', trr: 0.9, rank: 4 },
    ] as const;
    expect([rankByTrr(table, 0.2), rankByTrr(table, 0.8), rankByTrr([], 0.5)]).toEqual([16, 4, null]);
  });
});
