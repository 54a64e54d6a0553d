import { distinct } from '../../src/core/collections.js';
import { describe, expect, it } from 'vitest';
import { analyse, type Analysis } from '../../src/analysis/analyse.js';
import { groupCells, type Cell } from '../../src/analysis/group.js';
import { amountFinding, rankFinding } from '../../src/analysis/findings.js';
import { describedLevel } from '../../src/analysis/wording.js';
import type { Row } from '../../src/core/records.js';
import { answered, demoStudy, reportedStudy, row, runSummary, type MadeRun } from './fixtures.js';

const reported = reportedStudy();
const analysis = analyse(reported.rows, reported.runs);
const wiki = (cell: Cell): boolean => cell.dataset === 'wikiupdate' && cell.rank > 0;

describe('the reported study, read again', () => {
  const curve = analysis.curves.find(({ dataset }) => dataset === 'wikiupdate');
  const verdict = analysis.recommendation.datasets.find(({ dataset }) => dataset === 'wikiupdate');

  it('has the reported means', () => {
    const means = curve?.points.map(({ level, cell }) => [level, cell.score.mean]);
    const expected: [string, number][] = [
      ['ext', 2.752],
      ['original', 3.228],
      ['summ_l1', 3.236],
      ['summ_l2', 3.208],
      ['summ_l3', 2.878],
      ['summ_l4', 2.678],
      ['summ_l5', 2.228],
    ];
    expect(means).toEqual(expected);
  });

  it('has no peak at L1: original and L2 cannot be told from it', () => {
    expect(curve?.peak.level).toBe('summ_l1');
    expect(curve?.tied.map(({ level }) => level)).toEqual(['original', 'summ_l2']);
  });

  it('names the step to L3 as the fall, and keeps no level that one training leaves open', () => {
    expect(curve?.steps.map(({ from, to }) => [from.level, to.level])).toContainEqual(['summ_l2', 'summ_l3']);
    expect(curve?.points.filter(({ outcome }) => outcome === 'lost').map(({ level }) => level)).toEqual(
      expect.arrayContaining(['summ_l4', 'summ_l5']),
    );
    expect(curve?.stop?.level).toBe('summ_l3');
    expect(verdict?.level).toBe('summ_l2');
  });

  it('says that training makes no detectable difference to the base model', () => {
    expect(verdict?.headline).toBe('wikiupdate: use L2 with an adapter of rank 8.');
    expect(verdict?.sentences.join(' ')).toContain(
      'Training makes no detectable difference between the adapter and the base model, both reading original',
    );
  });

  it('cannot tell the ranks apart, nor the amounts', () => {
    const choices = analysis.ranks.filter(({ dataset }) => dataset === 'wikiupdate');
    expect(choices.length).toBe(5);
    expect(choices.every(({ apart }) => apart.length === 0)).toBe(true);
    expect(rankFinding(choices)).toBe('At no level can ranks 4, 8 and 16 be told apart.');
    const amounts = analysis.cells.filter((cell) => wiki(cell) && cell.level === 'original');
    expect(amountFinding(amounts, 'score')).toBe(
      'Training on 500 items in place of 50 makes no detectable difference.',
    );
  });

  it('warns of one seed, of ranks at different scales, and of contexts that were cut', () => {
    const cautions = analysis.recommendation.cautions.join('\n');
    expect(cautions).toContain('wikiupdate and longmemeval: Every configuration was trained once');
    expect(cautions).toContain('wikiupdate: Ranks were trained at different LoRA scales');
    expect(cautions).toContain('longmemeval: Contexts were shortened');
  });

  it('recommends a rank only with an adapter that was trained, and no other where nothing is settled', () => {
    expect(verdict?.rank).toBe(8);
    expect(verdict?.adapterPath).toContain('summ_l2-r8');
    expect(verdict?.suggestion).toBeNull();
  });
});

describe('training and text', () => {
  const memory = analysis.recommendation.datasets.find(({ dataset }) => dataset === 'longmemeval');
  const made = (level: string, rank: number, right: number, abstention = false): Row[] =>
    Array.from({ length: 200 }, (_, i) =>
      row({
        ...{ run: `${level}-${rank}-${abstention}`, level, rank, items: rank === 0 ? 0 : 10, item: `item-${i}` },
        ...{ question: abstention ? 'none' : 'q0', abstention, trr: level === 'original' ? 0 : 0.6 },
        ...{ score: i < right ? 5 : 1, correct: i < right },
      }),
    );

  it('are told apart where the base model read another text than the one recommended', () => {
    const words = memory?.sentences.join(' ') ?? '';
    expect(words).toContain(
      'The base model did not read L2: there, what training adds cannot be told from what the text does.',
    );
    expect(words).toContain(
      'no detectable difference between the adapter and the base model, both reading original (+0.4 points',
    );
    expect(words).not.toContain('Training helps');
  });

  it('are compared on one text where the base model read it', () => {
    const rows = [
      ...made('original', 8, 100),
      ...made('summ_l2', 8, 160),
      ...made('original', 0, 98),
      ...made('summ_l2', 0, 159),
    ];
    const [found] = analyse(rows).recommendation.datasets;
    expect(found?.level).toBe('summ_l2');
    expect(found?.sentences.join(' ')).toContain(
      'no detectable difference between the adapter and the base model, both reading L2',
    );
  });

  it('have it said where another text raises the score, and losses counted from there', () => {
    expect(memory?.sentences.join(' ')).toMatch(
      /Changing the text raises the score: L2.* score detectably above original, L2 by 15\.8 points; losses are counted from there\./u,
    );
    expect(memory?.level).toBe('summ_l2');
  });

  it('have the shares of declined questions shown, level by level', () => {
    const rows = [
      ...made('original', 8, 160),
      ...made('summ_l2', 8, 160),
      ...made('original', 8, 20, true),
      ...made('summ_l2', 8, 140, true),
    ];
    const [found] = analyse(rows).recommendation.datasets;
    expect(found?.sentences.join(' ')).toMatch(/these shares were declined: original 10\.0.%.*, L2 70\.0.%/u);
  });

  it('take the tolerance that is given', () => {
    const rows = [...made('original', 8, 180), ...made('summ_l2', 8, 160)];
    expect(analyse(rows).recommendation.level).toBe('original');
    expect(analyse(rows, [], { tolerance: 0.2 }).recommendation.level).toBe('summ_l2');
  });
});

describe('verdicts against noise', () => {
  const levels = ['original', 'summ_l1', 'summ_l2', 'summ_l3'] as const;

  function madeRows(generator: number, chances: readonly number[]) {
    return levels.flatMap((level, i) => {
      const run: MadeRun = { dataset: 'made', book: 'open', level, rank: 8, items: 30, seed: 1, scale: 2 };
      const items = Array.from({ length: 30 }, (_, n) => `item-${n}`);
      const given = { run, items, questionsPerItem: 3, trr: 0.3 * i, retention: 1, generator };
      return answered({ ...given, chance: chances[i] ?? 0.5 });
    });
  }

  it('finds a difference among equal levels in at most one study of ten', () => {
    const studies = Array.from({ length: 40 }, (_, generator) => madeRows(generator, [0.7, 0.7, 0.7, 0.7]));
    const found = studies.filter((rows) => analyse(rows, [], { draws: 1000 }).curves[0]?.tied.length !== 3);
    console.log(`${studies.length} studies without effect: ${found.length} with a detectable fall`);
    expect(studies.length).toBe(40);
    expect(found.length).toBeLessThanOrEqual(4);
  });

  it('finds a fall of thirty points in nine studies of ten', () => {
    const studies = Array.from({ length: 20 }, (_, generator) => madeRows(generator, [0.8, 0.8, 0.8, 0.5]));
    const found = studies.filter(
      (rows) => analyse(rows, [], { draws: 1000 }).curves[0]?.points[3]?.againstBest?.detectable === true,
    );
    console.log(`${studies.length} studies with a fall of 30 points: ${found.length} found it at L3`);
    expect(found.length).toBeGreaterThanOrEqual(18);
  });

  it('say how many differences are compared, and how many chance would give of them', () => {
    const rows = Array.from({ length: 20 }, (_, i) => demoStudy({ items: 8, generator: i }).rows).flatMap((own, i) =>
      own.map((each) => ({ ...each, dataset: `${each.dataset}-${i}` })),
    );
    const [first = ''] = analyse(rows, [], { draws: 200 }).recommendation.evidence;
    expect(first).toMatch(
      /^[\d,]+ differences are compared on 60 data sets and books\. Where nothing differs, .* about \d+ differences by chance/u,
    );
  });

  it('does not recommend the shortest text because few questions hide its fall', () => {
    const run = { dataset: 'made', book: 'open', rank: 8, items: 8, seed: 1, scale: 2 } as const;
    const items = Array.from({ length: 8 }, (_, n) => `item-${n}`);
    const rows = [
      ...answered({
        run: { ...run, level: 'original' },
        items,
        questionsPerItem: 1,
        chance: 0.8,
        trr: 0,
        retention: 1,
        generator: 2,
      }),
      ...answered({
        run: { ...run, level: 'summ_l5' },
        items,
        questionsPerItem: 1,
        chance: 0.6,
        trr: 0.9,
        retention: 0.2,
        generator: 2,
      }),
    ];
    const { curves, recommendation } = analyse(rows);
    expect(curves[0]?.peak.level).toBe('original');
    expect(curves[0]?.stop).toMatchObject({ level: 'summ_l5', outcome: 'open' });
    expect(recommendation.level).toBe('original');
    expect(recommendation.datasets[0]?.headline).toMatch(/^made: not settled: keep the original text/u);
    expect(recommendation.sentences.join(' ')).toMatch(/Whether L5 loses more than .* is not settled/u);
    expect(recommendation.cautions.join(' ')).toContain('rests on 8 items');
  });
});

const recommend = (...given: Parameters<typeof analyse>): Analysis['recommendation'] =>
  analyse(...given).recommendation;

describe('levels of any name', () => {
  const at = (level: string, trr: number | null, correct = true): Row[] =>
    Array.from({ length: 150 }, (_, i) =>
      row({ run: `r-${level}`, level, trr, item: `item-${i}`, correct, score: correct ? 5 : 1 }),
    );
  const rows = [
    ...at('select=0.3', 0.7),
    ...at('要約', 0.4),
    ...at('recorded-2', null),
    ...at('original', 0),
    ...at('recorded-1', null),
    ...at('longer', -0.2),
    ...at('none', null).map((each) => ({ ...each, book: 'closed' as const })),
  ];

  it('stand in the order of the tokens they save as measured, the original first', () => {
    expect(distinct(groupCells(rows).map(({ level }) => level))).toEqual([
      ...['none', 'original', 'longer', '要約', 'select=0.3', 'recorded-1', 'recorded-2'],
    ]);
  });

  it('are named with what their texts are, as whoever made them says and as measured', () => {
    const levels = [
      { dataset: 'made', level: 'select=0.3', words: 62.7, description: 'chosen sentences' },
      { dataset: 'other', level: 'select=0.3', words: 1, description: 'of another data set' },
    ];
    const open = rows.filter(({ level }) => level === 'select=0.3' || level === 'original');
    expect(recommend(open, [], { levels }).sentences[0]).toBe(
      'made: use select=0.3 (chosen sentences, 63 words on average) with an adapter of rank 8.',
    );
    expect(recommend(open).sentences[0]).toBe('made: use select=0.3 with an adapter of rank 8.');
    expect(describedLevel('summ_l2', { dataset: 'made', level: 'summ_l2', words: 57, description: null })).toBe(
      'L2 (57 words on average)',
    );
  });
});

describe('recommend', () => {
  it('says that there is nothing to recommend without trained runs', () => {
    const { level, run, sentences } = recommend([row({ rank: 0, items: 0, scale: 0 })]);
    expect([level, run]).toEqual([null, null]);
    expect(sentences.join(' ')).toContain('nothing to recommend');
    expect(recommend([]).datasets).toEqual([]);
  });

  it('names failed runs and unscored answers', () => {
    const { rows, runs } = demoStudy({ items: 12 });
    const spoiled = rows.map((r, i) =>
      i % 50 === 0 ? { ...r, status: 'unscored' as const, score: null, correct: null } : r,
    );
    const { cautions } = recommend(spoiled, [
      ...runs,
      runSummary({ id: 'broken', status: 'failed', error: 'out of memory' }),
    ]);
    expect(cautions.join('\n')).toContain(`1 run of ${runs.length + 1} failed`);
    expect(cautions.join('\n')).toContain('could not be judged and count in no mean');
  });

  it('judges a closed-book study alone by its facts and bits', () => {
    const { rows, runs } = demoStudy();
    const closed = recommend(
      rows.filter(({ book }) => book === 'closed'),
      runs,
    );
    expect(closed.level).toBe('none');
    expect(closed.sentences.join(' ')).toContain('bits per parameter');
  });

  it('gives the same words for the same rows', () => {
    const { rows, runs } = demoStudy({ items: 10 });
    expect(recommend(rows, runs)).toEqual(recommend([...rows], runs));
  });
});
