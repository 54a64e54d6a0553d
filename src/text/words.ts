/**
 * A text as comparable words, each with its place: the one idea of a word that audit and judges share. Case, accents, width,
 * scripts' digits, spelled numbers, grouping, units, order of dates, ranges, contractions and initials make no difference.
 */
import { withDates } from './dates.js';
import { folded } from './folding.js';
import { withNumbers } from './numbers.js';
import { tokensOf } from './tokens.js';
import { withUnits } from './units.js';
import type { Word } from './word.js';

/** Version of what a word is: part of the identity of all that is made or judged by comparing words. */
export const WORDS_VERSION = 2;

/** The words of a text in order; dates are put as day, month, year whatever order they were written in. */
export function wordsOf(text: string): Word[] {
  const { text: plain, place } = folded(text);
  const words = withDates(withUnits(withNumbers(tokensOf(plain), plain), plain), plain);
  return words.map(({ norm, kind, start, end }) => {
    const [from, to] = place(start, end);
    return { norm, kind, start: from, end: to };
  });
}
