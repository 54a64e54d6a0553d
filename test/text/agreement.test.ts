/** Audit and lexical judge read one normal form: what the one finds in a text the other takes for an answer, and the reverse. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerFact } from '../../src/audit/facts.js';
import { isKept } from '../../src/audit/retention.js';
import { exactJudge } from '../../src/evaluate/judges/exact.js';
import { lexicalVerdict } from '../../src/evaluate/judges/lexical.js';
import { WordText } from '../../src/text/word-text.js';
import {
  dates,
  days,
  decimals,
  measures,
  negatives,
  numbers,
  ordinals,
  percentages,
  prices,
  ranges,
  spellings,
  unspaced,
  type Written,
} from './support/wordings.js';

const kept = (answer: string, text: string): boolean => isKept(answerFact([answer]), new WordText(text));

function score(reference: string, answer: string): number {
  const input = { question: 'Which?', type: 'fact', reference, answers: [reference], answer, abstention: false };
  const verdict = lexicalVerdict(input);
  return verdict.status === 'scored' ? verdict.score : NaN;
}

const KINDS: readonly (readonly [string, fc.Arbitrary<Written>])[] = [
  ['numbers', numbers],
  ['negative numbers', negatives],
  ['decimals', decimals],
  ['ordinals', ordinals],
  ['percentages', percentages],
  ['measures', measures],
  ['prices', prices],
  ['dates', dates],
  ['days', days],
  ['ranges', ranges],
  ['spellings', spellings],
];

describe('audit and lexical judge', () => {
  it.each(KINDS)('take two wordings of one fact for the same, in both directions: %s', (_, kind) => {
    fc.assert(
      fc.property(kind, ({ a, b }) => {
        expect({ a, b, kept: kept(a, b), back: kept(b, a), score: score(a, b), reverse: score(b, a) }).toEqual({
          a,
          b,
          kept: true,
          back: true,
          score: 5,
          reverse: 5,
        });
      }),
      { numRuns: 100 },
    );
  });

  it.each(KINDS)('find it within a sentence too: %s', (_, kind) => {
    fc.assert(
      fc.property(kind, ({ a, b }) => {
        const sentence = `It is said to be ${b}, they say.`;
        expect({ a, sentence, kept: kept(a, sentence), score: score(a, sentence) }).toEqual({
          a,
          sentence,
          kept: true,
          score: 5,
        });
      }),
      { numRuns: 100 },
    );
  });

  it.each(KINDS.slice(0, -1))('take two different facts for different: %s', (_, kind) => {
    fc.assert(
      fc.property(kind, kind, ({ fact, a }, { fact: other, b }) => {
        fc.pre(fact !== other);
        expect({ a, b, kept: kept(a, b), right: score(a, b) >= 4 }).toEqual({ a, b, kept: false, right: false });
      }),
      { numRuns: 100 },
    );
  });

  it('take numbers of different signs, units and kinds for different', () => {
    const pairs = [
      ['5', '-5'],
      ['-5', '5'],
      ['2', '2nd'],
      ['5 km', '5 miles'],
      ['500 km', '500 miles'],
      ['$5', '€5'],
      ['50%', '50 euros'],
      ['5 °C', '5 °F'],
      ['1980s', '1980'],
      ['C++', 'C'],
      ['C#', 'C'],
      ['A+', 'A'],
      ['B-', 'B+'],
      ['A', 'B'],
      ['A', 'a book'],
      ['{}', '[]'],
      ['x == y', 'x != y'],
      ['🙂', '🙃'],
      ['version 1.10', 'version 1.1'],
      ['1790123456789012345', '1790123456789012200'],
      ['0.0000001', '0'],
      ['が', 'か'],
      ['दिल्ली', 'दिल्ला'],
      ['Май', 'Маи'],
    ] as const;
    for (const [a, b] of pairs) expect([a, b, kept(a, b), score(a, b) >= 4]).toEqual([a, b, false, false]);
  });

  it('find a name in scripts without blanks, and no other', () => {
    fc.assert(
      fc.property(unspaced, ({ name, other, sentence }) => {
        expect([name, kept(name, sentence), score(name, sentence)]).toEqual([name, true, 5]);
        expect([other, kept(other, sentence), score(other, sentence) >= 4]).toEqual([other, false, false]);
      }),
    );
  });

  it('take characters in another order for another name', () => {
    expect([kept('李明华', '华明李'), score('李明华', '华明李')]).toEqual([false, 1]);
  });

  it('never read an answer away: any text is found in itself, and blank is no answer', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('A', 'the', '{}', '!', '-', '。', '👍'),
    );
    await fc.assert(
      fc.asyncProperty(
        texts.filter((text) => text.trim() !== ''),
        async (text) => {
          const input = { question: 'Which?', type: 'fact', reference: text, answers: [text], abstention: false };
          const exact = await exactJudge().judge({ ...input, answer: text });
          const blank = await exactJudge().judge({ ...input, answer: ' ' });
          expect([text, kept(text, text), score(text, text), score(text, ' ')]).toEqual([text, true, 5, 1]);
          expect([exact, blank]).toMatchObject([{ score: 5 }, { score: 1 }]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
