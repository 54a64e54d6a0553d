import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import { contrastsOf } from '../../src/analysis/knowledge/contrasts.js';
import { knowledgeOf, type Knowledge, type KnowledgeCell } from '../../src/analysis/knowledge/knowledge.js';
import { riseText } from '../../src/analysis/knowledge/words.js';
import type { MadeStudy } from './fixtures.js';
import { madeTextStudy, runOf, textStudy, type Adapter } from './text-study.js';

function knowledge({ rows, runs }: MadeStudy): Knowledge {
  const [found] = knowledgeOf(rows, runs);
  if (found === undefined) throw new Error('no text book');
  return found;
}

function cellAt({ cells }: Knowledge, level: string, form: string, rank: number): KnowledgeCell {
  const found = cells.find((cell) => cell.level === level && cell.form === form && cell.rank === rank);
  if (found === undefined) throw new Error(`no adapter ${level}, ${form}, ${rank}`);
  return found;
}

const MIX: Adapter = { level: 'original', form: 'mix', rank: 16, right: { taught: 3, untaught: 1, unseen: 0 } };
const RAW: Adapter = { level: 'original', form: 'raw', rank: 16, right: { taught: 0, untaught: 0, unseen: 0 } };

const sentencesOf = ({ rows, runs }: MadeStudy) => analyse(rows, runs, { draws: 500 }).recommendation;

describe('recall without the text', () => {
  it('is counted by what training had of the question, of what the base does not know', () => {
    const { recall, trained, facts, bits, rows } = cellAt(knowledge(textStudy([MIX, RAW])), 'original', 'mix', 16);
    expect([recall.covered?.mean, recall.untaught?.mean, recall.unseen?.mean]).toEqual([3 / 4, 1 / 4, 0]);
    expect(recall.uncovered).toBeNull();
    expect(recall.covered?.n).toBe(32);
    expect(trained.mean).toBeCloseTo(0.5);
    expect([facts, bits]).toEqual([32, 128]);
    expect(rows.some(({ question }) => question === 'q0')).toBe(false);
  });

  it('leaves known facts out, and counts those that the adapter lost', () => {
    const study = textStudy([{ ...MIX, keepsKnown: false }, RAW]);
    const found = knowledge(study);
    expect([found.asked, found.known]).toEqual([80, 16]);
    expect(found.floor?.mean).toBeCloseTo(0.2);
    expect(cellAt(found, 'original', 'mix', 16).known).toEqual({ asked: 20, lost: 20 });
    expect(cellAt(found, 'original', 'raw', 16).known).toEqual({ asked: 20, lost: 0 });
    expect(found.ceiling.get('original')?.mean).toBe(1);
  });

  it('is retention times what was learnt of it', () => {
    const cell = cellAt(knowledge(madeTextStudy()), 'summ_l3', 'mix', 16);
    expect([cell.trained.mean, cell.retention, cell.learnt]).toEqual([0.375, 0.5, 0.75]);
  });

  it('pools seeds: facts, tokens and costs are means, answers read are counted together', () => {
    const right = { taught: 1, untaught: 1, unseen: 0 };
    const study = textStudy([MIX, { ...MIX, seed: 1, right, keepsKnown: false }]);
    const cell = cellAt(knowledge(study), 'original', 'mix', 16);
    expect(cell.seeds).toEqual([0, 1]);
    expect([cell.facts, cell.known.lost, cell.tokens]).toEqual([24, 10, 20_000]);
    expect(cell.cost?.reading).toEqual({ asked: 40, rightToWrong: 6, wrongToRight: 2 });
  });

  it('has levels by tokens saved and raw text first, whatever the order of rows', () => {
    const { rows, runs } = madeTextStudy();
    const found = knowledge({ rows: [...rows].reverse(), runs });
    expect(found.levels).toEqual(['original', 'summ_l2', 'summ_l3']);
    expect(found.forms).toEqual(['raw', 'mix']);
    expect(found.cells.map(({ level, form, rank }) => `${level} ${form} ${rank}`).slice(0, 5)).toEqual([
      'original raw 4',
      'original raw 16',
      'original mix 4',
      'original mix 16',
      'summ_l2 raw 4',
    ]);
  });
});

describe('what a text book is compared with', () => {
  it('are adapters of other documents at the same place, on the same questions', () => {
    const contrasts = contrastsOf(knowledge(madeTextStudy(1)));
    const foreign = contrasts.filter(({ kind }) => kind === 'against other documents');
    expect(foreign.map(({ cell }) => [cell.level, cell.form, cell.rank])).toEqual([
      ['original', 'raw', 16],
      ['original', 'mix', 16],
    ]);
    const [, mix] = foreign;
    expect([mix?.questions, mix?.items]).toEqual([64, 16]);
    expect(mix?.difference).toBeCloseTo(3.5 / 4 - 1 / 4);
    expect(mix?.detectable).toBe(true);
  });

  it('is raw text alone, covered and untaught questions apart', () => {
    const against = contrastsOf(knowledge(textStudy([MIX, RAW]))).filter(({ kind }) => kind === 'against raw');
    expect(against.map(({ group, difference, questions }) => [group, difference, questions])).toEqual([
      ['covered', 0.75, 32],
      ['untaught', 0.25, 32],
    ]);
  });

  it('is not told apart where nothing differs', () => {
    const same = { ...MIX, right: { taught: 0, untaught: 0, unseen: 0 } };
    const contrasts = contrastsOf(knowledge(textStudy([same, RAW])));
    expect(contrasts.length).toBe(4);
    for (const { difference, low, high, detectable } of contrasts) {
      expect(difference).toBe(0);
      expect(low).toBeLessThan(0);
      expect(high).toBeGreaterThan(0);
      expect(detectable).toBe(false);
    }
  });
});

describe('the verdict on a text book', () => {
  it('begins with level, form, rank, recall, facts, bits and cost', () => {
    const [verdict] = sentencesOf(madeTextStudy()).datasets;
    expect(verdict?.headline).toMatch(
      /^a: trained on the original text as mix, an adapter of rank 16 answers 87\.5.% \(.* to .*\) without the text: 56 facts and 224 bits; the loss on other text rises by 0\.32 bits a token\.$/u,
    );
    expect(verdict).toMatchObject({ book: 'text', level: 'original', rank: 16, run: runOf(MIX) });
    expect(verdict?.sentences).toContain('Of 20 facts that the base knew without any text, it loses 20.');
  });

  it('tells levels and ranks of another form where the best one was tried at one alone', () => {
    const study = (level: string, rank: number, taught: number): Adapter => ({
      ...{ level, form: 'study', rank },
      right: { taught, untaught: 0, unseen: 0 },
    });
    const fewer = [16, 4].map((rank) => ({ ...study('original', rank, rank === 4 ? 2 : 1), items: 2 }));
    const adapters = [...fewer, MIX, study('original', 16, 2), study('original', 4, 1), study('summ_l2', 16, 1)];
    const [verdict] = sentencesOf(textStudy(adapters)).datasets;
    expect(verdict?.headline).toContain('as mix');
    const said = verdict?.sentences.join(' ').replace(/\s+/gu, ' ');
    expect(said).toContain('By level, study at rank 16: original 25.0 % and L2 12.5 %.');
    expect(said).toContain('By rank, study from original: rank 4 12.5 % and rank 16 25.0 %.');
  });

  it('tells the line on which most levels were tried, and the ends of the amounts', () => {
    const study = (level: string, rank: number, taught: number, items?: number): Adapter => ({
      ...{ level, form: 'study', rank, ...(items !== undefined && { items }) },
      right: { taught, untaught: 0, unseen: 0 },
    });
    const levels = [study('original', 8, 3), study('summ_l2', 8, 2), study('summ_l3', 8, 1)];
    const ranks = [study('original', 16, 4), study('summ_l2', 16, 3)];
    const amounts = [study('original', 8, 4, 2), study('original', 8, 2, 8)];
    const [verdict] = sentencesOf(textStudy([...levels, ...ranks, ...amounts])).datasets;
    const said = verdict?.sentences.join(' ').replace(/\s+/gu, ' ');
    expect(said).toContain('By level, study at rank 8: original 37.5 %, L2 25.0 % and L3 12.5 %.');
    expect(said).toContain('By items trained on, study from original at rank 8: 2 items 50.0 % and 16 items 37.5 %.');
  });

  it('says first that training on other documents was not beaten, and claims nothing more', () => {
    const [verdict] = sentencesOf(madeTextStudy(4)).datasets;
    expect(verdict?.headline).toMatch(
      /^a: training on the texts does not detectably beat training on other documents/u,
    );
    expect(verdict?.sentences[0]).toMatch(/^So nothing shows yet/u);
    expect(verdict?.sentences[1]).toMatch(/^Trained on the original text as mix/u);
  });

  it('names a difference from raw text as one only where its interval carries it', () => {
    const told = (untaught: number): string =>
      sentencesOf(textStudy([{ ...MIX, right: { taught: 3, untaught, unseen: 0 } }, RAW])).sentences.join(' ');
    expect(told(4)).toContain('That is more than raw text alone: +100.0 points');
    expect(told(0)).not.toContain('more than');
    expect(told(0)).toContain('That is not detectably different from raw text alone: 0.0 points');
  });

  it('says that a loss falls, rises, or cannot be told to change', () => {
    const told = (mean: number, reach: number): string =>
      riseText({ mean, low: mean - reach, high: mean + reach, standardError: reach / 2, n: 9, clusters: 9 });
    expect(told(-0.8, 0.1)).toBe('falls by 0.80 bits a token (−0.90 to −0.70)');
    expect(told(0.3, 0.1)).toBe('rises by 0.30 bits a token (+0.20 to +0.40)');
    expect(told(0.05, 0.1)).toBe('shows no detectable change: +0.05 bits a token (−0.05 to +0.15)');
  });

  it('names the adapter within its interval that costs much less', () => {
    const cheap: Adapter = { ...MIX, rank: 4, right: { taught: 3, untaught: 1, unseen: 0 } };
    const dear: Adapter = { ...MIX, right: { taught: 4, untaught: 1, unseen: 0 } };
    const { sentences } = sentencesOf(textStudy([cheap, dear, RAW]));
    expect(sentences).toContain(
      'Cheaper, and within its interval: mix, original, rank 4 answers 50.0\u00a0% for +0.08 bits a token.',
    );
  });
});
