/** Retention and truncation by value: which answers a text keeps, whatever way and script it is written in, and which the limit cuts off. */
import { describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.js';
import { promptFitter } from '../../src/audit/fitting.js';
import { retention } from '../../src/audit/retention.js';
import type { Item, LevelText, Question } from '../../src/core/records.js';
import { PromptRenderer } from '../../src/models/text/prompt.js';
import { qwen } from './support/qwen.js';

const recorded = (text: string): LevelText => ({ text, method: 'recorded', provenance: {} });

function item(answers: readonly (string | readonly string[])[], texts: Record<string, string>): Item {
  const questions = answers.map((answer, i): Question => {
    const accepted = typeof answer === 'string' ? [answer] : answer;
    return { id: String(i), prompt: `Question ${i}?`, answers: accepted, type: 'fact' };
  });
  const entries = Object.entries(texts).map(([level, text]) => [level, recorded(text)]);
  return { id: 'item', dataset: 'small', texts: Object.fromEntries(entries) as Item['texts'], questions };
}

/** Answers of one item, a text, and the share of them that it keeps. */
const KEPT: readonly (readonly [
  says: string,
  answers: readonly (string | readonly string[])[],
  text: string,
  share: number,
])[] = [
  ['numbers in words and digits', ['20', 'thirty', '1,200,000'], 'twenty of 30 ships, 1.2 million tons', 1],
  ['ordinals', ['2nd', 'twenty-first'], 'the second and the 21st', 1],
  ['ranges', ['1984–85', '10 to 12'], 'from 1984 to 1985, between 10 and 12 of them', 1],
  ['shares and prices', ['50%', '$5 million'], 'fifty per cent, at 5,000,000 dollars', 1],
  ['dates', ['8 June 1984', '14 May 2023'], 'since 1984-06-08, until May 14th, 2023', 1],
  ['contractions', ["they don't know"], 'they do not know', 1],
  ['inflection and spelling', ['two colours', 'the theatre'], '2 color, theaters', 1],
  [
    'any wording of an answer',
    [
      ['cabinet C4', 'C4'],
      ['Ada', 'A. Byron'],
    ],
    'in C4 lies what A. Byron wrote',
    1,
  ],
  ['articles left out', ['the Bank of the West'], 'at Bank of West', 1],
  ['names without blanks', ['李明华', '1987年', '旧书库'], '馆长李明华，一九八七年迁入新楼。', 2 / 3],
  ['digits of another script', ['1987', 'فاطمة الزهراء'], 'المديرة هي فاطِمة الزهراء منذ عام ١٩٨٧', 1],
  ['Thai', ['สมชาย ใจดี', 'ปี 1987'], 'ผู้อำนวยการคือสมชาย ใจดี ปี ๑๙๘๗', 1],
  ['Korean particles', ['서울', '부산'], '수도는 서울입니다', 1 / 2],
  ['another number', ['20', '-5', '1984–85'], 'thirty, 5, 1984–86', 0],
  ['another date', ['8 June 1984', 'June 1984'], '6 August 1984', 0],
  ['another unit', ['500 km'], '500 miles', 0],
  ['a part of a word', ['Rome', '114'], 'Jerome and 114,394 others', 0],
  ['words of an answer apart', ['New York'], 'York is new', 0],
  ['letters and signs', ['A', '{}', 'C++'], 'option B returns [] in C', 0],
];

describe('retention', () => {
  it(`knows the answers that a text keeps (${KEPT.length} cases)`, () => {
    for (const [says, answers, text, share] of KEPT) {
      expect([says, retention(item(answers, { summ_l2: text }), 'summ_l2')]).toEqual([says, share]);
    }
  });

  it('is null without answers to find or without the text', () => {
    expect(retention(item([], { original: 'Ada' }), 'original')).toBeNull();
    expect(retention(item(['Ada'], { original: 'Ada' }), 'summ_l2')).toBeNull();
  });

  it('of numbers, dates and names does not depend on how a level writes them', async () => {
    const original = 'Ada Byron moved on 8 June 1984 with 20 ships and 1,200 men. She kept 50% of it.';
    const same = 'Ada Byron: 1984-06-08, twenty ships, 1200 men, 50 percent.';
    const less = 'Ada Byron moved in June 1984 with 30 ships.';
    const report = await audit([item(['20'], { original, summ_l1: same, summ_l5: less })], {
      tokenizer: qwen().tokenizer,
    });
    const kept = report.levels.map(({ retention: { numbers, dates, entities, answers } }) =>
      [numbers, dates, entities, answers].map(({ kept: found, facts }) => `${found}/${facts}`),
    );
    expect(kept).toEqual([
      ['3/3', '1/1', '1/1', '1/1'],
      ['3/3', '1/1', '1/1', '1/1'],
      ['0/3', '0/1', '1/1', '0/1'],
    ]);
  });
});

describe('truncation', () => {
  const renderer = new PromptRenderer({ tokenizer: qwen().tokenizer, template: qwen().template });
  const lostOf = async (answer: string, text: string, limit = 256) => {
    const items = [item([answer], { original: text })];
    const { levels } = await audit(items, { tokenizer: qwen().tokenizer, fitter: promptFitter(renderer, limit) });
    return levels[0]?.truncation?.lostEvidence;
  };
  const filler = 'The weather was mild and nothing happened that day. '.repeat(60);
  const chinese = '那天天气温和，什么也没有发生。'.repeat(60);

  it('counts evidence that is cut off however it is written', async () => {
    expect(await lostOf('20', `${filler}There were twenty ships.`)).toBe(1);
    expect(await lostOf('8 June 1984', `${filler}It was 1984-06-08.`)).toBe(1);
    expect(await lostOf('李明华', `${chinese}馆长是李明华。`)).toBe(1);
  });

  it('counts none where the evidence stands in what is left, or nowhere', async () => {
    expect(await lostOf('20', `There were twenty ships. ${filler}`)).toBe(0);
    expect(await lostOf('李明华', `馆长是李明华。${chinese}`)).toBe(0);
    expect(await lostOf('30', `${filler}There were twenty ships.`)).toBe(0);
    expect(await lostOf('20', `There were 20. ${filler}There were twenty ships.`)).toBe(0);
  });
});
