/** A folded text cut into words: initials, numbers, characters of scripts without blanks, runs of letters, signs that mean something. */
import { decimal } from './decimal.js';
import { BY_CHARACTER } from './scripts.js';
import type { Word, WordKind } from './word.js';
import { ARTICLES, CURRENCY_SIGNS } from './word-lists.js';

const LETTER = `[[\\p{L}\\p{M}]--[${BY_CHARACTER}]]`;
const AT_END = '(?![\\p{L}\\p{N}])';
const INTEGER = [
  '\\d{1,3}(?:\\.\\d{3})+,\\d+', // 1.234,5
  '\\d+(?:\\.\\d+){2,}', // 8.6.1984, 1.234.567, 3.10.2
  '\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?(?!\\d)', // 1,234.5
  '\\d{1,2}(?:,\\d{2})+,\\d{3}(?!\\d)', // 1,14,394
  "\\d{1,3}(?:[ \\u00a0']\\d{3})+(?:[.,]\\d+)?(?![ \\u00a0]?\\d)", // 1 234,5
  '(?<!\\d,)\\d+,\\d{1,2}(?!\\d|,\\d)', // 3,5
  '(?<![\\d.])\\.\\d+', // .5
  '\\d+(?:\\.\\d+)?',
].join('|');

/** Signs of two characters and more, as in code; single ones only where they mean a word. */
const SIGNS = `!?[\\{\\}\\[\\]<>=\\|\\^~\\\\&]{2,}|!=+|[<>≤≥](?= ?[\\-.\\d${CURRENCY_SIGNS}])|[%‰°&§″♭${CURRENCY_SIGNS}]`;

/** Plain words first, for most are; what follows tells which of the other kinds a token is. */
const TOKEN = new RegExp(
  [
    `[a-zA-Z][a-z]+(?![\\p{L}\\p{M}'\`+])`,
    `((?<![\\p{L}\\p{N}])(?:\\p{Lu}\\.(?: ?\\p{Lu}\\.)+|\\p{L}\\.(?:\\p{L}\\.)+)(?:\\p{L}${AT_END})?)`,
    `((?<![\\d.,])(?:\\d\\d)?\\d0'?s${AT_END})`,
    `(\\d+(?:st|nd|rd|th|ST|ND|RD|TH)${AT_END})`,
    `(${INTEGER})`,
    `([${BY_CHARACTER}]\\p{M}*)`,
    `(${LETTER}+(?:['\`]${LETTER}+)*)`,
    SIGNS,
  ].join('|'),
  'gv',
);

/** The words of a folded text. */
export function tokensOf(text: string): Word[] {
  const words: Word[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [raw, initials, decade, ordinal, number, character, letters] = match;
    const start = match.index;
    const one = (norm: string, kind: WordKind = 'word'): Word => ({ norm, kind, start, end: start + raw.length });
    if (letters !== undefined) words.push(...spelledWords(letters, start, text));
    else if (number !== undefined) words.push(...numberWords(number, start, text));
    else if (character !== undefined) words.push(one(character, 'character'));
    else if (initials !== undefined) words.push(one(initials.replace(/[. ]/g, '').toLowerCase()));
    else if (ordinal !== undefined) words.push(one(`${ordinal.slice(0, -2)}th`, 'ordinal'));
    else if (decade !== undefined) words.push(one(decade.replace("'", ''), 'number'));
    else if (!/^[a-z]/i.test(raw)) words.push(...(SIGN_WORDS.get(raw) ?? [raw]).map((norm) => one(norm)));
    else plainWord(raw, one, text, words);
  }
  return words;
}

/** A word of plain letters; the articles are told from names. */
function plainWord(raw: string, one: (norm: string, kind?: WordKind) => Word, text: string, words: Word[]): void {
  const lower = raw.toLowerCase();
  const word = one(lower);
  if (lower === 'cannot') words.push(one('can'), one('not'));
  else words.push(isEmpty(lower, raw, word, text) ? { ...word, kind: 'article' } : word);
}

const SIGN_WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['&', ['and']],
  ['<', ['less', 'than']],
  ['>', ['more', 'than']],
  ['≤', ['at', 'most']],
  ['≥', ['at', 'least']],
]);

/** A number; or day, month and year where they are written with full stops; or a name such as `3.10.2`. */
function numberWords(raw: string, start: number, text: string): Word[] {
  const end = start + raw.length;
  const parts = raw.split('.');
  if (parts.length < 3 || /,/.test(raw)) {
    const norm = isVersion(raw, start, text) ? raw : decimal(raw);
    const sign = signBefore(start, text);
    if (sign === undefined) return [{ norm, kind: 'number', start, end }];
    return [{ norm: `-${norm}`, kind: 'number', start: sign === start - 1 ? sign : start, end }];
  }
  if (/^\d{1,3}(?:\.\d{3})+$/.test(raw)) return [{ norm: parts.join(''), kind: 'number', start, end }];
  if (!/^\d{1,2}\.\d{1,2}\.\d{4}$/.test(raw)) return [{ norm: raw, kind: 'word', start, end }];
  let at = start;
  return parts.map((part) => {
    const from = at;
    at += part.length + 1;
    return { norm: part, kind: 'number', start: from, end: from + part.length };
  });
}

/** Whether the zero at the end counts: version 1.10 is not version 1.1. */
function isVersion(raw: string, start: number, text: string): boolean {
  return (
    /\.\d*0$/.test(raw) &&
    /(?:^|[^\p{L}])(?:version|release|v)[. ]?$/iu.test(text.slice(Math.max(0, start - 10), start))
  );
}

/** Where a sign stands before the number, or before its currency: `-5`, `(-5`, `-$5`; there is none in `F-16`, `10-5` and `10 -5`. */
function signBefore(start: number, text: string): number | undefined {
  const at = CURRENCY_SIGNS.includes(text[start - 1] ?? ' ') ? start - 2 : start - 1;
  if (text[at] !== '-' || !/(?:^|[\s(\[{"':=<>~,;/|*$£€])$/.test(text.slice(Math.max(0, at - 1), at))) return undefined;
  return /\d\s$/.test(text.slice(Math.max(0, at - 2), at)) ? undefined : at;
}

/** A run of letters as one word, or as the two that are drawn together in it. */
function spelledWords(raw: string, start: number, text: string): Word[] {
  const end = start + raw.length;
  const lower = raw.toLowerCase().replaceAll('`', "'");
  const word = (norm: string, kind: WordKind = 'word'): Word => ({ norm, kind, start, end });
  if (lower.includes("'")) return contraction(lower).map((norm) => word(norm, norm === 'l' ? 'article' : 'word'));
  if (isEmpty(lower, raw, word(lower), text)) return [word(lower, 'article')];
  const mark = markBehind(raw, end, text);
  return [{ ...word(lower + mark), end: end + mark.length }];
}

const IRREGULAR: ReadonlyMap<string, readonly string[]> = new Map([
  ["can't", ['can', 'not']],
  ["won't", ['will', 'not']],
  ["shan't", ['shall', 'not']],
  ["ain't", ['is', 'not']],
]);

const ENDINGS: readonly (readonly [ending: RegExp, words: readonly string[]])[] = [
  [/n't$/, ['not']],
  [/'s$/, []],
  [/'m$/, ['am']],
  [/'re$/, ['are']],
  [/'ve$/, ['have']],
  [/'ll$/, ['will']],
];

/** Words that Romance languages shorten before a vowel. */
const ELISION = /^(l|d|j|m|t|s|n|c|qu|dell|all|nell|sull|dall|un)'(?=.{2})/;

/** `don't` → do, not; `club's` → club; `l'école` → l, ecole; `o'neill` → oneill. */
function contraction(word: string): readonly string[] {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  for (const [ending, added] of ENDINGS) {
    const head = word.replace(ending, '');
    if (head !== word && head !== '') return [head.replaceAll("'", ''), ...added];
  }
  const elided = ELISION.exec(word)?.[1];
  if (elided === undefined) return [word.replaceAll("'", '')];
  return [elided, word.slice(elided.length + 1).replaceAll("'", '')];
}

/** Whether a word is an article, or only says that a number follows: `No. 5`. */
function isEmpty(lower: string, raw: string, { start, end }: Word, text: string): boolean {
  if (ARTICLES.has(lower)) return isArticle(raw, start, text);
  return (lower === 'no' || lower === 'nos' || lower === 'nr') && /^\. ?\d/.test(text.slice(end, end + 3));
}

const BEFORE_WORD = /\s+["'“(\[]*[\p{L}\p{N}.$£€\-]/uy;
const BEFORE_VERB = /\s+(?:is|was|are|were|has|and|or|because|as|but)\b/iy;
const BEFORE_LOWER = /\s+\p{Ll}/uy;

/** Whether `a`, `an` or `the` goes with a word behind it; `A` in `Vitamin A`, `A is right` and `A) north` is a letter. */
function isArticle(raw: string, start: number, text: string): boolean {
  const followedBy = (pattern: RegExp): boolean => {
    pattern.lastIndex = start + raw.length;
    return pattern.test(text);
  };
  if (!followedBy(BEFORE_WORD)) return false;
  if (raw !== 'a' && raw !== 'A') return true;
  if (followedBy(BEFORE_VERB)) return false;
  const isInside = /[\p{L}\p{N},;]\s+$/u.test(text.slice(Math.max(0, start - 3), start));
  return !(raw === 'A' && isInside && followedBy(BEFORE_LOWER));
}

/** A sign that makes another word of the one before it: `C++`, `C#`, `A+`, `B-`, `A*`. */
function markBehind(raw: string, end: number, text: string): string {
  const next = text[end] ?? '';
  if (next !== '+' && next !== '#' && next !== '*' && next !== '-') return '';
  const rest = text.slice(end, end + 3);
  const mark = /^(?:\+{1,2}|[#*\-])(?![\p{L}\p{N}+#*\-])/u.exec(rest)?.[0] ?? '';
  if (mark.startsWith('+')) return mark;
  return /^\p{Lu}{1,2}$/u.test(raw) && text[end - raw.length - 1] !== '*' ? mark : '';
}
