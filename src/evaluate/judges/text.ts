/** Reading answers as words: one spelling for numbers, dates, initials and accents, so that equal answers compare equal. */

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const MONTH = MONTHS.join('|');
const UNITS =
  'zero - two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(
    ' ',
  );
const TENS = 'thirty forty fifty sixty seventy eighty ninety'.split(' ');
const ORDINALS = 'first second third fourth fifth sixth seventh eighth ninth tenth'.split(' ');
const ARTICLES = new Set(['a', 'an', 'the']);

/** Number words that are written with digits here: `six` → 6; `one` is left alone, for it is mostly no number. */
const DIGITS = new Map([
  ...UNITS.map((word, n): [string, string] => [word, String(n)]),
  ...TENS.map((word, n): [string, string] => [word, String(30 + 10 * n)]),
]);

type Rewrite = readonly [pattern: RegExp, replacement: string | ((match: string, ...groups: string[]) => string)];

/** Applied in order to text in lower case without accents. */
const SPELLINGS: readonly Rewrite[] = [
  // 114,394 → 114394
  [/(?<=\d),(?=\d{3}(?!\d))/g, ''],
  // F.C. → fc
  [/(?<!\p{L})(?:\p{L}\.){2,}/gu, (initials) => `${initials.replaceAll('.', '')} `],
  // club's → club; o'neill stays two words
  [/['’]s(?!\p{L})/gu, ''],
  // don't → do not
  [/n['’]t(?!\p{L})/gu, ' not'],
  [/(?<!\p{L})can ?not(?!\p{L})/gu, 'can not'],
  [/%|per cent/g, ' percent'],
  // 1984-06-08 → 8 june 1984
  [/(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)/g, isoDate],
  // 1984–85 → 1984 1985
  [/(?<!\d)(\d{4})[-–/](\d\d)(?![\d-])/g, yearRange],
  // 8 aug. → 8 august, aug 8 → august 8
  [/(?<!\p{L})(jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?(?= \d)/gu, fullMonth],
  [/(?<=\d(?:st|nd|rd|th)? )(jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?!\p{L})\.?/gu, fullMonth],
  // june 8th, 8th of june → june 8, 8 june
  [new RegExp(`(?<=(?:${MONTH}) \\d{1,2})(?:st|nd|rd|th)`, 'g'), ''],
  [new RegExp(`(?<=\\d)(?:st|nd|rd|th)(?= (?:of )?(?:${MONTH}))`, 'g'), ''],
  // 2nd → second
  [/(?<!\d)(\d|10)(?:st|nd|rd|th)(?!\p{L})/gu, (match, n) => ORDINALS[Number(n) - 1] ?? match],
];

/** Words of a text in order: lower case, without accents, numbers as digits (`six` → `6`), dates and initials in one spelling. */
export function words(text: string): string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const spelled = SPELLINGS.reduce(rewrite, plain);
  return (spelled.match(/\p{N}+(?:\.\p{N}+)?|\p{L}+/gu) ?? []).map((word) => DIGITS.get(word) ?? word);
}

/** The normal form of an answer: its words without articles, joined by spaces. */
export function normalise(text: string): string {
  return words(text)
    .filter((word) => !ARTICLES.has(word))
    .join(' ');
}

/** A word without its inflection, roughly: `cities` → `city`, `played` → `play`. For comparing words only. */
export function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(?:s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && /[^sui]s$/.test(word)) return word.slice(0, -1);
  return word.length > 5 ? word.replace(/(?:ed|ing)$/, '') : word;
}

/** Whether a word is a number. */
export function isNumber(word: string): boolean {
  return /^\p{N}/u.test(word);
}

/** Whether two words differ by at most one letter added, dropped, changed or swapped with its neighbour. */
export function almostEqual(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  const swapped = left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
  return swapped || Math.max(left.length, right.length) <= 1;
}

/** Clauses of a text: parts between punctuation, line ends and words that turn a statement around. */
export function clauses(text: string): string[] {
  return text
    .split(/[.!?](?=\s|$)|[;:\n]|,(?!\d)|\b(?:but|however|although|though|rather|instead)\b/iu)
    .filter((clause) => clause.trim() !== '');
}

function rewrite(text: string, [pattern, replacement]: Rewrite): string {
  return typeof replacement === 'string' ? text.replace(pattern, replacement) : text.replace(pattern, replacement);
}

function isoDate(match: string, year = '', month = '', day = ''): string {
  const name = MONTHS[Number(month) - 1];
  return name === undefined ? match : `${Number(day)} ${name} ${year}`;
}

function yearRange(_match: string, from = '', to = ''): string {
  const century = Number(from.slice(0, 2)) + (Number(to) < Number(from.slice(2)) ? 1 : 0);
  return `${from} ${century}${to}`;
}

function fullMonth(match: string): string {
  return MONTHS.find((month) => month.startsWith(match.slice(0, 3))) ?? match;
}
