import { describe, expect, it } from 'vitest';
import { audit, type AuditOptions } from '../../src/audit/audit.js';
import { promptFitter } from '../../src/audit/fitting.js';
import { retention } from '../../src/audit/retention.js';
import { itemTrr } from '../../src/audit/trr.js';
import type { Item, LevelText, Question } from '../../src/core/records.js';
import { loadItems } from '../../src/data/load.js';
import type { ChatTemplate } from '../../src/models/model.js';
import { plainTokenizer } from '../models/support/plain-tokenizer.js';
import { ANSWER_ROOM, PromptRenderer } from '../../src/models/text/prompt.js';
import { developmentFile } from '../data/support/files.js';
import { qwen } from './support/qwen.js';

/** A tokenizer whose tokens are words, so that counts can be done by hand. */
const words = plainTokenizer({
  encode: (text) => [...(text.match(/\S+/g) ?? [])].map(() => 0),
  decode: (ids) => ids.map(() => 'word').join(' '),
  identity: 'words',
});

const recorded = (text: string): LevelText => ({ text, method: 'recorded', provenance: {} });
const ask = (id: string, answer: string, more: Partial<Question> = {}): Question => ({
  id,
  prompt: `Question ${id}?`,
  answers: [answer],
  type: 'fact',
  ...more,
});

function item(id: string, texts: Readonly<Record<string, string>>, questions: readonly Question[]): Item {
  const entries = Object.entries(texts).map(([level, text]) => [level, recorded(text)]);
  return { id, dataset: 'small', texts: Object.fromEntries(entries) as Item['texts'], questions };
}

const SMALL: readonly Item[] = [
  item('a', { original: 'Ada was born in London in 1815', summ_l5: 'Ada was born' }, [
    ask('0', 'London'),
    ask('1', '1815'),
  ]),
  item('b', { original: 'Bob is 7', summ_l5: 'Bob is the seventh of 7 sons' }, [ask('0', '7', { bits: 3 })]),
];

const audited = async (items: readonly Item[], options: Partial<AuditOptions> = {}) =>
  audit(items, { tokenizer: words, ...options });

describe('the audit', () => {
  it('counts token reduction by item and in total, and what grew', async () => {
    const report = await audited(SMALL);
    const [original, short] = report.levels;
    expect([report.items, report.questions, original?.trr.macro]).toEqual([2, 3, 0]);
    expect(short?.tokens).toEqual({ original: 10, level: 10, mean: 5 });
    expect(short?.trr.macro).toBeCloseTo((4 / 7 - 4 / 3) / 2, 12);
    expect(short?.trr.micro).toBeCloseTo(0, 12);
    expect(short?.grew).toEqual({ count: 1, items: ['b'] });
    expect(short?.distribution.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it('counts answers, names and numbers that are left, and their density', async () => {
    const short = (await audited(SMALL)).levels[1];
    expect(short?.retention.answers).toMatchObject({ facts: 3, kept: 1, share: 1 / 3, macro: 0.5, ofOriginal: 1 / 3 });
    expect(short?.retention.entities).toMatchObject({ facts: 3, kept: 2 });
    expect(short?.retention.numbers).toMatchObject({ facts: 2, kept: 1 });
    expect(short?.density).toMatchObject({ factsPer1000Tokens: 100, bits: 'estimated' });
  });

  it('takes recorded bits where every question has them', async () => {
    const known = [item('a', { original: 'Ada came from London' }, [ask('0', 'London', { bits: 4 })])];
    expect((await audited(known)).levels[0]?.density).toEqual({
      factsPer1000Tokens: 250,
      bitsPerToken: 1,
      bits: 'recorded',
    });
  });

  it('counts answers of one wording each for itself, and leaves abstention out', () => {
    const twins = ['London', 'Paris'].map((answer, i) =>
      ask(String(i), answer, { prompt: 'From?', answers: i === 0 ? ['London', 'Paris'] : ['Paris', 'London'] }),
    );
    const both = item('a', { original: 'From London' }, [...twins, ask('2', 'not said', { abstention: true })]);
    expect(retention(both, 'original')).toBe(0.5);
    expect(retention(both, 'summ_l1')).toBeNull();
  });

  it('gives the same TRR for one item as in its row', async () => {
    const { perItem } = await audited(SMALL, { perItem: true });
    expect(perItem.filter(({ level }) => level === 'summ_l5').map(({ trr }) => trr)).toEqual(
      SMALL.map((each) => itemTrr(each, 'summ_l5', words)),
    );
    expect(itemTrr(SMALL[0] as Item, 'ext', words)).toBeNull();
  });

  it('shows an item side by side with its facts marked or lost', async () => {
    const [view] = (await audited(SMALL)).views;
    const short = view?.levels[1];
    const marked = short?.spans.map(({ start, end, fact }) => [short.text.slice(start, end), view?.facts[fact]?.kind]);
    expect(marked).toEqual([['Ada', 'entities']]);
    expect(short?.lost.map((fact) => view?.facts[fact]?.label)).toEqual(['London', '1815', '1815', 'London']);
  });

  it('orders levels of any name by the tokens they save, with their words and what they are said to be', async () => {
    const made = { text: 'Ada was', method: 'mine', provenance: { description: 'first words' } };
    const items = SMALL.slice(0, 1).map((one) => ({
      ...one,
      texts: { 'mine=2': made, 'mine=9': recorded('Ada was born in London in 1815 and so on'), ...one.texts },
    }));
    const { levels, views } = await audited(items);
    expect(levels.map(({ level, words, description }) => [level, words, description])).toEqual([
      ['original', 7, null],
      ['mine=9', 10, null],
      ['summ_l5', 3, null],
      ['mine=2', 2, 'first words'],
    ]);
    expect(views[0]?.levels.map(({ level }) => level)).toEqual(levels.map(({ level }) => level));
  });

  it('audits the levels asked for, and says which are missing', async () => {
    expect((await audited(SMALL, { levels: ['summ_l5'] })).levels.map(({ level }) => level)).toEqual(['summ_l5']);
    await expect(audited(SMALL, { levels: ['ext'] })).rejects.toThrow(
      /no item has a text at level ext: use one of original, summ_l5; lightmem compress makes others/,
    );
  });

  it('is the same plain data after a trip through JSON', async () => {
    const report = await audited(SMALL, { perItem: true });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe('the study texts', () => {
  it('give the token reduction of formats.md to the digit', async ({ skip }) => {
    const path = developmentFile('wikiupdate-150.json');
    if (path === undefined) return skip('the development data is not at hand');
    const report = await audit(loadItems(path), { tokenizer: qwen().tokenizer });
    const macro = report.levels.slice(1).map(({ trr }) => (100 * (trr.macro ?? 0)).toFixed(2));
    expect(macro).toEqual(['-73.05', '38.66', '43.49', '68.96', '74.38', '91.39']);
    expect(report.levels.map(({ n, grew }) => [n, grew.count])).toEqual(
      [150, 150, 150, 150, 150, 150, 150].map((n, i) => [n, [0, 136, 0, 1, 0, 0, 0][i]]),
    );
  });
});

describe('truncation', () => {
  const template: ChatTemplate = qwen().template;
  const renderer = new PromptRenderer({ tokenizer: qwen().tokenizer, template });
  const filler = 'The weather was mild and nothing happened that day. ';
  const long = filler.repeat(60);

  it('counts samples whose answer lies beyond the limit, and shows question and answer whole', async () => {
    const items = [
      item('early', { original: `The key is 4711. ${long}` }, [ask('0', '4711')]),
      item('late', { original: `${long}The key is 4711.`, summ_l5: 'The key is 4711.' }, [ask('0', '4711')]),
    ];
    const { levels } = await audit(items, {
      tokenizer: qwen().tokenizer,
      fitter: promptFitter(renderer, 256 + ANSWER_ROOM),
    });
    expect(levels[0]?.truncation).toMatchObject({
      samples: 2,
      shortened: 2,
      lostEvidence: 1,
      lostQuestion: 0,
      lostAnswer: 0,
      impossible: 0,
    });
    expect(levels[1]?.truncation).toMatchObject({ samples: 1, shortened: 0, lostEvidence: 0 });
    expect(levels[0]?.verdict).toContain('1 of 2 samples lose their evidence to the context limit');
  });

  it('knows the evidence a data set marks, even where the answer is not literal', async () => {
    const text = `${long}I painted it blue.`;
    const marked: LevelText = { text, method: 'recorded', provenance: { evidence: [[long.length, text.length]] } };
    const items: Item[] = [{ id: 'm', dataset: 'd', texts: { original: marked }, questions: [ask('0', 'a colour')] }];
    const { levels } = await audit(items, {
      tokenizer: qwen().tokenizer,
      fitter: promptFitter(renderer, 256 + ANSWER_ROOM),
    });
    expect(levels[0]?.truncation).toMatchObject({ shortened: 1, lostEvidence: 1 });
  });

  it('counts samples whose question and answer alone are too long', async () => {
    const items = [item('x', { original: 'Short.' }, [ask('0', 'a', { prompt: long })])];
    const { levels } = await audit(items, {
      tokenizer: qwen().tokenizer,
      fitter: promptFitter(renderer, 256 + ANSWER_ROOM),
    });
    expect(levels[0]?.truncation).toMatchObject({ impossible: 1, lostQuestion: 0 });
    expect(levels[0]?.verdict).toContain('1 sample cannot fit');
  });

  it('agrees with the renderer on every sample around the limit', () => {
    const fitter = promptFitter(renderer, 200 + ANSWER_ROOM);
    let shortened = 0;
    for (let n = 1; n <= 25; n++) {
      const context = filler.repeat(n);
      const [tokens] = renderer.tokenize(
        [{ id: 's', item: 'i', question: 'q', context, prompt: 'Question 0?', answer: 'a' }],
        200,
      );
      const sample = fitter.fit(context, qwen().tokenizer.encode(context).length, ask('0', 'a'));
      expect(sample.shortened).toBe(tokens?.contextTruncated);
      expect(context.startsWith(sample.context)).toBe(true);
      if (sample.shortened) shortened++;
    }
    expect([shortened > 5, shortened < 20]).toEqual([true, true]);
  });

  it('cuts a text a thousand times longer than the limit as the renderer does', () => {
    const context = filler.repeat(3000);
    const sample = promptFitter(renderer, 64 + ANSWER_ROOM).fit(context, 33_000, ask('0', 'a'));
    const [tokens] = renderer.tokenize(
      [{ id: 's', item: 'i', question: 'q', context, prompt: 'Question 0?', answer: 'a' }],
      64,
    );
    expect(qwen().tokenizer.decode(tokens?.prompt ?? [])).toContain(`Text: ${sample.context}\n\nQuestion 0?`);
  });
});
