import { describe, expect, it } from 'vitest';
import { factsOf } from '../../src/audit/facts.js';
import { phraseOf, WordText } from '../../src/text/words.js';

/** A phrase and a text in which it counts as found. */
const FOUND: readonly [phrase: string, text: string][] = [
  ['the City of Rome', 'in the city of rome, Italy'],
  ['114394', 'a population of 114,394 people'],
  ['1.2 million', 'sold 1,200,000 copies'],
  ['1,200,000', 'sold 1.2 million copies'],
  ['21 April 1971', 'born April 21, 1971 in Kyiv'],
  ['April 21, 1971', 'born on 21 Apr 1971'],
  ['April 21, 1971', 'born 1971-04-21'],
  ['April 1971', 'born 21 April 1971'],
  ['1971', 'born 21 April 1971'],
  ['U.S. state', 'the US state of Illinois'],
  ["Harrison's band", 'the band of George Harrison; Harrison’s band'],
  ['Yaroslavskaya', 'YAROSLAVSKAYA oblast'],
  ['Яросла́вская', 'Ярославская область'],
  ['Zoe', 'Zoë Wanamaker'],
  ['two sons', 'had 2 sons'],
  ['巴黎', '塞纳河流经巴黎市区'],
  ['European-Americans', 'by european americans in'],
];

const NOT_FOUND: readonly [phrase: string, text: string][] = [
  ['Rome', 'Jerome lived here'],
  ['114', 'a population of 114,394 people'],
  ['21 April 1971', 'born 12 April 1971'],
  ['may', 'in June 1971'],
  ['', 'anything'],
  ['the', 'nothing here'],
  ['New York', 'New, improved York'],
];

describe('looking a phrase up', () => {
  it(`finds it however it is written (${FOUND.length} cases)`, () => {
    expect(FOUND).toHaveLength(17);
    for (const [phrase, text] of FOUND)
      expect([phrase, new WordText(text).has(phraseOf(phrase))]).toEqual([phrase, true]);
  });

  it(`does not find what only looks alike (${NOT_FOUND.length} cases)`, () => {
    expect(NOT_FOUND).toHaveLength(7);
    for (const [phrase, text] of NOT_FOUND)
      expect([phrase, new WordText(text).has(phraseOf(phrase))]).toEqual([phrase, false]);
  });

  it('says where it stands', () => {
    const text = 'Born April 21, 1971; he died on 1999-01-02 in Rome.';
    const places = (phrase: string) =>
      new WordText(text).find(phraseOf(phrase)).map(([start, end]) => text.slice(start, end));
    expect(places('21 April 1971')).toEqual(['April 21, 1971']);
    expect(places('2 January 1999')).toEqual(['1999-01-02']);
    expect(places('the Rome')).toEqual(['Rome']);
  });
});

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
});
