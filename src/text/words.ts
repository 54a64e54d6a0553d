/** Text as comparable words, each with its place: case, accents, digit grouping, date order and apostrophes make no difference. */

export interface Word {
  /** The word as compared. */
  readonly norm: string;
  /** Characters [start, end) in the text. */
  readonly start: number;
  readonly end: number;
}

/** Scripts written without spaces between words: each character is compared alone. */
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}';

/** Initials with dots, numbers with grouped digits, one character of an unspaced script, or a run of letters. */
const WORD = new RegExp(
  [
    '(?<initials>(?:\\p{L}\\.){2,}(?:\\p{L}(?!\\p{L}))?)',
    '(?<number>\\d{1,3}(?:[,\\u00a0\\u202f]\\d{3})+(?!\\d)(?:\\.\\d+)?|\\d+(?:\\.\\d+)?)',
    `(?<single>[${UNSPACED}])`,
    `(?:(?![${UNSPACED}])[\\p{L}\\p{M}])+(?:['’](?:(?![${UNSPACED}])[\\p{L}\\p{M}])+)*`,
  ].join('|'),
  'gu',
);

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const SMALL_NUMBERS: ReadonlyMap<string, string> = new Map(
  ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'].map((word, index) => [
    word,
    String(index + 2),
  ]),
);

const MAGNITUDES: ReadonlyMap<string, number> = new Map([
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
  ['trillion', 1e12],
]);

/** The words of a text in order; dates are put as day, month, year whatever order they were written in. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(WORD)) {
    const norm = normalised(match[0], match.groups);
    if (norm !== '') words.push({ norm, start: match.index, end: match.index + match[0].length });
  }
  return orderDates(joinMagnitudes(words), text);
}

function normalised(raw: string, groups: Record<string, string | undefined> | undefined): string {
  if (groups?.['number'] !== undefined) return String(Number(raw.replace(/[,\u00a0\u202f]/g, '')));
  const plain = /^[\x20-\x7e]*$/.test(raw) ? raw : raw.normalize('NFKD').replace(/\p{M}/gu, '');
  const lower = plain.toLowerCase();
  if (groups?.['initials'] !== undefined) return lower.replaceAll('.', '');
  const word = lower.replace(/['’]s$/, '').replace(/['’]/g, '');
  return SMALL_NUMBERS.get(word) ?? word;
}

/** `1.2 million` as one word, 1200000. */
function joinMagnitudes(words: readonly Word[]): Word[] {
  const out: Word[] = [];
  for (const word of words) {
    const factor = MAGNITUDES.get(word.norm);
    const before = out.at(-1);
    if (factor === undefined || before === undefined || !isNumber(before)) out.push(word);
    else out[out.length - 1] = { norm: String(Number(before.norm) * factor), start: before.start, end: word.end };
  }
  return out;
}

/** Whether a word is a number. */
export function isNumber(word: Word): boolean {
  return /^\d/.test(word.norm);
}

/** A date in the text: 2 words (month, year) or 3 (day, month, year). */
export interface FoundDate {
  readonly index: number;
  readonly words: readonly Word[];
}

/** Words with each date's parts put in the order day, month, year. */
function orderDates(words: Word[], text: string): Word[] {
  for (let i = 0; i < words.length; i++) {
    const found = datePartsAt(words, i, text);
    if (!found) continue;
    words.splice(i, found.length, ...found);
    i += found.length - 1;
  }
  return words;
}

/** The parts of a date that starts at a word, ordered; undefined where none starts. */
function datePartsAt(words: readonly Word[], i: number, text: string): Word[] | undefined {
  const [a, b, c] = [words[i], words[i + 1], words[i + 2]];
  if (!a || !b) return undefined;
  if (c && isDay(a) && isMonth(b) && isYear(c)) return [a, asMonth(b), c];
  if (c && isMonth(a) && isDay(b) && isYear(c)) return [b, asMonth(a), c];
  if (c && isYear(a) && isMonthNumber(b) && isDay(c) && /^[-/]$/.test(text.slice(a.end, b.start)))
    return [c, { ...b, norm: MONTHS[Number(b.norm) - 1] ?? b.norm }, a];
  if (isMonth(a) && isYear(b)) return [asMonth(a), b];
  return undefined;
}

const isDay = (word: Word) => /^\d{1,2}$/.test(word.norm) && Number(word.norm) >= 1 && Number(word.norm) <= 31;
const isMonthNumber = (word: Word) => /^\d{1,2}$/.test(word.norm) && Number(word.norm) >= 1 && Number(word.norm) <= 12;
const isYear = (word: Word) => /^[12]\d{3}$/.test(word.norm);
const monthOf = (word: Word) =>
  word.norm.length < 3 ? undefined : MONTHS.find((month) => month === word.norm || month.slice(0, 3) === word.norm);
const isMonth = (word: Word) => monthOf(word) !== undefined;
const asMonth = (word: Word): Word => ({ ...word, norm: monthOf(word) ?? word.norm });

/** The dates among words that `wordsOf` gave: day, month and year, or month and year. */
export function datesIn(words: readonly Word[]): FoundDate[] {
  const dates: FoundDate[] = [];
  for (let i = 0; i < words.length; i++) {
    const [a, b, c] = [words[i], words[i + 1], words[i + 2]];
    const length = a && b && c && isDay(a) && isMonth(b) && isYear(c) ? 3 : a && b && isMonth(a) && isYear(b) ? 2 : 0;
    if (length === 0) continue;
    dates.push({ index: i, words: words.slice(i, i + length) });
    i += length - 1;
  }
  return dates;
}

/** A text prepared for looking phrases up. */
export class WordText {
  readonly words: readonly Word[];
  /** The words joined by single blanks, one blank at either end. */
  readonly #joined: string;
  #wordAtOffset: ReadonlyMap<number, number> | undefined;

  constructor(text: string) {
    this.words = wordsOf(text);
    this.#joined = ` ${this.words.map((word) => word.norm).join(' ')} `;
  }

  /** Whether the phrase's words stand here in a row. */
  has(phrase: Phrase): boolean {
    return phrase.joined !== '' && this.#joined.includes(` ${phrase.joined} `);
  }

  /** Every place of the phrase, as characters [start, end) of the text. */
  find(phrase: Phrase): [number, number][] {
    const places: [number, number][] = [];
    if (phrase.joined === '') return places;
    const needle = ` ${phrase.joined} `;
    for (let at = this.#joined.indexOf(needle); at >= 0; at = this.#joined.indexOf(needle, at + 1)) {
      const first = this.#wordAt(at + 1);
      const covered = this.words.slice(first, first + phrase.length);
      places.push([Math.min(...covered.map((word) => word.start)), Math.max(...covered.map((word) => word.end))]);
    }
    return places;
  }

  #wordAt(offset: number): number {
    this.#wordAtOffset ??= this.#wordOffsets();
    return this.#wordAtOffset.get(offset) ?? -1;
  }

  #wordOffsets(): Map<number, number> {
    let offset = 1;
    return new Map(
      this.words.map((word, index) => {
        const own = offset;
        offset += word.norm.length + 1;
        return [own, index];
      }),
    );
  }
}

/** Words to look for. */
export interface Phrase {
  readonly joined: string;
  /** Number of words. */
  readonly length: number;
}

const ARTICLES = new Set(['the', 'a', 'an']);

/** A phrase's words without leading articles (unless there is nothing else). */
export function phraseOf(text: string): Phrase {
  const words = wordsOf(text).map((word) => word.norm);
  const first = words.findIndex((word) => !ARTICLES.has(word));
  return phraseOfWords(words.slice(Math.max(first, 0)));
}

export function phraseOfWords(words: readonly string[]): Phrase {
  return { joined: words.join(' '), length: words.length };
}
