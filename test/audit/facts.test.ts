/** What counts as a fact of a text, and by what it is kept. */
import { describe, expect, it } from 'vitest';
import { answerFact, factsOf } from '../../src/audit/facts.js';
import { isKept } from '../../src/audit/retention.js';
import { WordText } from '../../src/text/word-text.js';

describe('facts of a text', () => {
  const labels = (text: string, kind: string) =>
    factsOf(text)
      .filter((fact) => fact.kind === kind)
      .map(({ label }) => label);

  it('finds names, with small words inside them and without the sentence around them', () => {
    const text = 'The Bank of England opened. In 1694, Sir John Houblon became its governor. He lived in London.';
    expect(labels(text, 'entities')).toEqual(['Bank of England', 'Sir John Houblon', 'London']);
  });

  it('tells numbers from dates, each once', () => {
    const text = 'Born 21 April 1971, she sold 3,000 of 3000 books in May 2020 and 12.5 percent later.';
    expect(labels(text, 'dates')).toEqual(['21 April 1971', 'May 2020']);
    expect(labels(text, 'numbers')).toEqual(['3,000', '12.5']);
  });

  it('takes initials given in parentheses for the name', () => {
    const [fact] = factsOf('It joined the United Nations (UN) early.').filter(({ kind }) => kind === 'entities');
    expect(fact?.wordings.some((wording) => new WordText('a UN member').has(wording))).toBe(true);
  });

  it('takes numbers and dates as they are written, in words and in other scripts, and marks their places', () => {
    const text =
      'Twenty-one ships, ５０％ of the fleet, sailed on 8. Juni 1984 at −5 °C; the 2nd came first, one of many.';
    expect(labels(text, 'numbers')).toEqual(['Twenty-one', '５０', '−5', '2nd']);
    expect(labels(text, 'dates')).toEqual(['8. Juni 1984']);
    expect(labels('图书馆于1987年6月8日迁入新楼，有三万五千册书。', 'dates')).toEqual(['1987年6月8']);
    expect(labels('图书馆于1987年6月8日迁入新楼，有三万五千册书。', 'numbers')).toEqual(['三万五千']);
    expect(labels('انتقلت المكتبة عام ١٩٨٧.', 'numbers')).toEqual(['١٩٨٧']);
  });

  it('is no name for what is a number, a date or a shortened negation', () => {
    const text = "Don't go. Twelve came on Monday in June 1984, Isn't Ada O'Neill one?";
    expect(labels(text, 'entities')).toEqual(['Monday', "Ada O'Neill"]);
  });
});

describe('an answer as a fact', () => {
  const isKeptBy = (answer: string, text: string) => isKept(answerFact([answer]), new WordText(text));

  it('is kept by its telling number alone, unless that has another unit there', () => {
    expect(isKeptBy('114,394 people', 'a population of 114394')).toBe(true);
    expect(isKeptBy('500 km', 'it is 500 km long')).toBe(true);
    expect(isKeptBy('500 km', 'some 500 of them')).toBe(true);
    expect(isKeptBy('500 km', 'some 500 miles')).toBe(false);
    expect(isKeptBy('500 km', 'first 500 miles, then 500 kilometres')).toBe(true);
    expect(isKeptBy('5 km', 'there are 5')).toBe(false);
    expect(isKeptBy('1984 season', 'in 1984')).toBe(false);
  });

  it('is kept in scripts without blanks, by the characters in a row', () => {
    expect(isKeptBy('李明华', '馆长是李明华女士。')).toBe(true);
    expect(isKeptBy('李明华', '馆长是李华明女士。')).toBe(false);
    expect(isKeptBy('สมชาย ใจดี', 'ผู้อำนวยการคือสมชาย ใจดี หนังสือ')).toBe(true);
    expect(isKeptBy('1987年', '一九八七年迁入')).toBe(true);
  });

  it('that is signs alone is kept where they stand by themselves', () => {
    expect(isKeptBy('{}', 'it returns {} when empty')).toBe(true);
    expect(isKeptBy('{}', 'it returns [] when empty')).toBe(false);
    expect(isKeptBy('👍', 'rated 👍')).toBe(true);
    expect(isKeptBy('★★', 'rated ★★★')).toBe(false);
  });
});
