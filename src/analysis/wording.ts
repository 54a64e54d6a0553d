/** How analysis words its numbers: levels, scores, differences and shares as people read them, in the language that is spoken. */
import type { Book } from '../core/records.js';
import type { Level } from '../core/levels.js';
import type { Comparison } from './compare.js';
import type { MeanEstimate } from '../core/statistics.js';
import { numberWords, type Noun } from '../words/numbers.js';
import type { Measure } from './measure.js';

/** A level's short name: `L2` for `summ_l2`, `no context` for none at all; the others are as they are called. */
export function shortLevel(level: Level | 'none'): string {
  const words = numberWords();
  return level === 'none' ? words.noContext : words.level(level.replace(/^summ_l(?=\d)/, 'L'));
}

/** What a data set's texts at a level are, beyond its rows. */
export interface LevelNote {
  readonly dataset: string;
  readonly level: Level;
  /** Mean words of a text. */
  readonly words: number;
  /** In a few words, from whoever made them; null where it is not known. */
  readonly description: string | null;
}

/** A level with what its texts are: `L2 (63 words on average)`, `select=0.4 (chosen sentences, 63 words on average)`. */
export function describedLevel(level: Level | 'none', note: LevelNote | undefined): string {
  if (note === undefined) return shortLevel(level);
  const words = numberWords();
  const average = words.averageWords(whole(note.words));
  const said = note.description === null ? [average] : [words.description(note.description), average];
  return words.beside(shortLevel(level), ...said);
}

export function bookName(book: Book): string {
  return numberWords().books[book];
}

/** A share as a percentage with one decimal; `–` where unknown. */
export function percent(share: number | null, decimals = 1): string {
  if (share === null || Number.isNaN(share)) return '–';
  return numberWords().percent(minus(100 * share, decimals));
}

/** A number with a true minus sign and no negative zero; `–` where unknown. */
export function minus(value: number | null, decimals: number): string {
  if (value === null || Number.isNaN(value)) return '–';
  const digits = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(digits) !== 0 ? `−${digits}` : digits;
}

/** A value of a measure: `3.24`, or `94.1 %`. */
export function amount(value: number, measure: Measure): string {
  return measure === 'score' ? minus(value, 2) : percent(value);
}

/** A size of a difference: `0.12`, or `3.4 points`. */
export function gap(value: number, measure: Measure): string {
  return measure === 'score' ? minus(Math.abs(value), 2) : numberWords().points(minus(Math.abs(100 * value), 1));
}

/** An estimate with its interval: `3.24 (3.15 to 3.33)`. */
export function withInterval({ mean, low, high }: MeanEstimate, measure: Measure): string {
  const words = numberWords();
  if (Number.isNaN(mean)) return words.unknown;
  const interval = Number.isNaN(low) ? words.noInterval : words.interval(amount(low, measure), amount(high, measure));
  return words.beside(amount(mean, measure), interval);
}

/** A difference with the interval that holds together with all others: `−0.35, joint interval −0.42 to −0.28`. */
export function differenceText({ difference, low, high }: Comparison, measure: Measure): string {
  const words = numberWords();
  const factor = measure === 'score' ? 1 : 100;
  const decimals = measure === 'score' ? 2 : 1;
  const [d = '', l = '', h = ''] = [difference, low, high].map((value) => minus(factor * value, decimals));
  const interval = Number.isNaN(low) ? words.tooFewItems : words.jointInterval(l, h);
  const size = `${difference > 0 ? '+' : ''}${d}`;
  return words.parts(measure === 'score' ? size : words.points(size), interval);
}

/** A difference in a table: `+90.0 (83.1 to 95.4)`, in points of accuracy or of the score. */
export function shortDifference({ difference, low, high }: Comparison, measure: Measure): string {
  const words = numberWords();
  const [d = '', l = '', h = ''] = [difference, low, high].map((value) =>
    measure === 'score' ? minus(value, 2) : minus(100 * value, 1),
  );
  const size = `${difference > 0 ? '+' : ''}${d}`;
  return Number.isNaN(low) ? size : words.beside(size, words.interval(l, h));
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  return numberWords().listed(names);
}

/** A whole number with its noun: `1 item`, `1,681 items`. */
export function counted(n: number, noun: Noun): string {
  return numberWords().counted(whole(n), noun, n === 1);
}

/** A number without decimals, with commas between thousands. */
export function whole(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

/** Text as a sentence begins: in English with its first letter in upper case. */
export function sentenceCase(text: string): string {
  return numberWords().begun(text);
}
