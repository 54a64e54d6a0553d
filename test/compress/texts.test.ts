import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partsOf } from '../../src/compress/parts.js';
import { phrasesOf } from '../../src/text/phrases.js';

import { countWords, sentencesOf } from '../../src/text/sentences.js';
import { ARTICLE, counter, longText } from './support/texts.js';

/** Texts with breaks, blanks, marks and scripts of all kinds. */
const text = fc
  .array(
    fc.constantFrom(
      'word',
      'Name',
      ' ',
      '. ',
      '\n',
      '\n\n',
      'U.S. ',
      '114,394',
      '。',
      '城市',
      '(',
      ')',
      '"',
      '…',
      '\t',
      '👩‍👧',
      'x'.repeat(40),
    ),
    { maxLength: 80 },
  )
  .map((pieces) => pieces.join(''));

describe('a text in parts', () => {
  test('is whole: the parts joined are the text, and each fits', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 8, max: 60 }), (value, most) => {
        const parts = partsOf(value, most, counter);
        expect(parts.join('')).toBe(value);
        for (const part of parts) expect(counter.count(part)).toBeLessThanOrEqual(most);
      }),
      { numRuns: 300 },
    );
  });

  test('is cut at paragraphs where they fit', () => {
    const parts = partsOf(longText(10), 100, counter);
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts) expect(part).toMatch(/^In \d{4} the town/);
  });
});

describe('sentences and phrases', () => {
  test('joined are the text', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(sentencesOf(value).join('')).toBe(value);
        expect(
          phrasesOf(value)
            .map((phrase) => phrase.text)
            .join(''),
        ).toBe(value);
        for (const { text: own, start, end } of phrasesOf(value)) expect(value.slice(start, end)).toBe(own);
      }),
      { numRuns: 300 },
    );
  });

  test('of a long text are those of its parts', () => {
    const paragraph = `${ARTICLE} `;
    const sentences = sentencesOf(paragraph.repeat(40));
    expect(sentences.join('')).toBe(paragraph.repeat(40));
    expect(sentences.length).toBe(40 * 7);
    expect(sentencesOf('x'.repeat(9000)).join('')).toBe('x'.repeat(9000));
    expect(sentencesOf('👩'.repeat(5001)).join('')).toBe('👩'.repeat(5001));
  });

  test('of an article with abbreviations, glued stops and other scripts are found', () => {
    const CASES: readonly (readonly [string, number])[] = [
      [ARTICLE, 7],
      ['Dr. Smith met Mr. Jones in the U.S. state of Illinois. They talked.', 2],
      ['It ended in Rockford.Springfield was next. Done.', 3],
      ['第一句。第二句！第三句？', 3],
      ['He paid 3.5 million. She paid 1,200.50 dollars.', 2],
      ['One', 1],
    ];
    for (const [value, count] of CASES) expect(sentencesOf(value).length, value).toBe(count);
    console.log(`${CASES.length} texts cut into sentences`);
  });

  test('count words of spaced and unspaced scripts', () => {
    expect(countWords('One two-three, four. 5')).toBe(4);
    expect(countWords('她是市长。')).toBe(2);
    expect(countWords(' … — ')).toBe(0);
  });
});
