import { describe, expect, it } from 'vitest';
import { groupCells, type Cell } from '../../src/analysis/group.js';
import { rankSentences } from '../../src/analysis/rank-sentences.js';
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

function chosenOf(choice: ReturnType<typeof rankChoices>[number] | undefined): Cell {
  return choice?.candidates.at(-1)?.cell as Cell;
}

describe('rankChoices', () => {
  it('takes the smallest rank that is shown to lose no more than the margin against the largest', () => {
    const [choice] = rankChoices(groupCells(ranks({ 4: 3.0, 8: 3.92, 16: 3.9 })), [], { rankMargin: 0.3 });
    expect(choice?.candidates.map(({ enough }) => enough)).toEqual([false, true, true]);
    expect([choice?.rank, choice?.largest, choice?.settled, choice?.margin]).toEqual([8, 16, true, 0.3]);
    expect(choice?.apart.map(({ higher, lower }) => [higher, lower])).toEqual([
      [8, 4],
      [16, 4],
    ]);
  });

  it('keeps the largest where smaller ones score lower, and says that this is settled', () => {
    const [choice] = rankChoices(groupCells(ranks({ 4: 2.5, 8: 3.1, 16: 3.9 })));
    expect([choice?.rank, choice?.settled]).toEqual([16, true]);
    expect(rankSentences(choice === undefined ? [] : [choice], choice ?? null, null, chosenOf(choice))[0]).toMatch(
      /^At original smaller ranks score lower than rank 16/u,
    );
  });

  it('settles nothing where noise hides what the margin asks, whatever the means, and says what would', () => {
    const [choice] = rankChoices(groupCells(ranks({ 4: 3.9, 8: 3.9, 16: 3.9 })), [], { rankMargin: 0.02 });
    expect([choice?.rank, choice?.settled, choice?.apart]).toEqual([16, false, []]);
    expect(rankSentences(choice === undefined ? [] : [choice], choice ?? null, null, chosenOf(choice))[0]).toMatch(
      /^Whether less than rank 16 is enough at original is not settled: .*\. No two of ranks 4, 8 and 16 can be told apart\.$/u,
    );
  });

  it('asks for the rank that could hold the answers', () => {
    const rows = ranks({ 4: 3, 8: 3, 16: 3 }).map((r) => ({ ...r, bits: 10 }));
    const runs = [runSummary({ id: 'r8', rank: 8, parameters: 8 * 50 })];
    const [choice] = rankChoices(groupCells(rows), runs);
    expect(choice?.floor).toEqual({ rank: 6, bits: 600, parametersPerRank: 50 });
    expect(choice?.rank).toBeGreaterThanOrEqual(8);
  });

  it('says what the chosen rank takes, and whether rates differ with the rank', () => {
    const rows = ranks({ 4: 3.9, 8: 3.92, 16: 3.9 });
    const training = (learningRate: number) => ({ epochs: 3, batchTokens: 512, learningRate });
    const told = (rateOf: (rank: number) => number): string => {
      const runs = [4, 8, 16].map((rank) =>
        runSummary({
          id: `r${rank}`,
          rank,
          parameters: 100 * rank,
          seconds: 10 + rank,
          training: training(rateOf(rank)),
        }),
      );
      const [choice] = rankChoices(groupCells(rows), runs, { rankMargin: 0.5 });
      expect(choice?.rank).toBe(4);
      return rankSentences(choice === undefined ? [] : [choice], choice ?? null, null, chosenOf(choice)).join(' ');
    };
    expect(told(() => 0.001)).toContain(
      "Rank 4 takes 400 parameters of rank 16's 1,600 and 54\u00a0% of its time a run.",
    );
    expect(told(() => 0.001)).toContain('All ranks were trained at the learning rate 0.001');
    expect(told((rank) => rank / 1000)).toContain(
      'rank 4 0.004, rank 8 0.008, rank 16 0.016; a difference between ranks may be one of rates',
    );
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
    expect(rankChoices(closed, [], { rule: 'trr' })[0]?.rule).toBe('margin');
  });

  it('gives the nearest entry, and nothing from an empty table', () => {
    const table = [
      { level: 'original', trr: 0, rank: 16 },
      { level: 'summ_l5', trr: 0.9, rank: 4 },
    ] as const;
    expect([rankByTrr(table, 0.2), rankByTrr(table, 0.8), rankByTrr([], 0.5)]).toEqual([16, 4, null]);
  });
});
