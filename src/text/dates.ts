/** Dates in one order: day, month by name, year; and ranges of years and numbers without what links their ends. */
import { DATE_LINKS, MONTH_BY_NAME, MONTHS } from './word-lists.js';
import { between, rewritten, type Rewriting, type Word } from './word.js';

/** The words with each date's parts in the order day, month, year, and ranges as their two ends. */
export function withDates(words: readonly Word[], text: string): Word[] {
  return rewritten(rewritten(words, dateAt, text), rangeAt, text);
}

/** A date in the text: day, month and year, month and year, or day and month. */
export interface FoundDate {
  readonly index: number;
  readonly words: readonly Word[];
}

/** The dates among words that have been put in order. */
export function datesIn(words: readonly Word[]): FoundDate[] {
  const dates: FoundDate[] = [];
  for (let i = 0; i < words.length; i++) {
    const length = dateLength(words[i], words[i + 1], words[i + 2]);
    if (length === 0) continue;
    dates.push({ index: i, words: words.slice(i, i + length) });
    i += length - 1;
  }
  return dates;
}

function dateLength(a: Word | undefined, b: Word | undefined, c: Word | undefined): number {
  if (isDay(a) && isMonthName(b)) return isYear(c) ? 3 : 2;
  return isMonthName(a) && isYear(b) ? 2 : 0;
}

function dateAt(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const word = words[at];
  if (word?.kind === 'number') {
    return (
      inCharacters(words, at) ?? inFigures(words, at, text) ?? dayFirst(words, at, text) ?? timeAt(words, at, text)
    );
  }
  return word?.kind === 'ordinal' ? dayFirst(words, at, text) : monthFirst(words, at, text);
}

/** `8 June 1984`, `8th of June, 1984`, `8. Juni`, `8 de junio de 1984`. */
function dayFirst(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const day = dayOf(words[at]);
  if (day === undefined) return undefined;
  const monthAt = afterLinks(words, at + 1);
  const month = monthOf(words[monthAt]);
  if (month === undefined || !isClose(words, at, monthAt, text)) return undefined;
  return dated({ words, at, last: monthAt, text }, day, month);
}

/** `June 8, 1984`, `June the 8th`, `June 1984`. */
function monthFirst(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const month = monthOf(words[at]);
  if (month === undefined) return undefined;
  const next = afterLinks(words, at + 1);
  if (!isClose(words, at, next, text)) return undefined;
  const year = words[next];
  if (year !== undefined && isYear(year)) return { words: [month, year], length: next + 1 - at };
  const day = dayOf(words[next]);
  if (day === undefined) return undefined;
  return dated({ words, at, last: next, text }, day, month);
}

/** Where day and month stand: from `at` to `last`. */
interface DateSpan {
  readonly words: readonly Word[];
  readonly at: number;
  readonly last: number;
  readonly text: string;
}

/** Day and month, and the year where it stands behind them; month names that are common words need it or a capital. */
function dated({ words, at, last, text }: DateSpan, day: Word, month: Word): Rewriting | undefined {
  const yearAt = afterLinks(words, last + 1);
  const year = words[yearAt];
  if (year !== undefined && isYear(year) && isClose(words, last, yearAt, text))
    return { words: [day, month, year], length: yearAt + 1 - at };
  return isMonthAlone(month, text) ? { words: [day, month], length: last + 1 - at } : undefined;
}

/** `1984-06-08`, `1984/6/8`, `8.6.1984`, and `25/12/1984` or `12/25/1984`, where one of the two can be no month. */
function inFigures(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [a, b, c] = [words[at], words[at + 1], words[at + 2]];
  if (a === undefined || b === undefined || c?.kind !== 'number') return undefined;
  const link = between(a, b, text);
  if (!/^[-/.]$/.test(link) || between(b, c, text) !== link) return undefined;
  if (isYear(a)) return link === '.' ? undefined : figures(c, b, a);
  if (!isYear(c) || link === '-') return undefined;
  if (link === '.') return figures(a, b, c);
  const [first, second] = [Number(a.norm), Number(b.norm)];
  if (first > 12) return figures(a, b, c);
  return second > 12 ? figures(b, a, c) : { words: [withoutZero(a), withoutZero(b), c], length: 3 };
}

function withoutZero(word: Word): Word {
  return { ...word, norm: word.norm.replace(/^0(?=\d)/, '') };
}

/** `1984年6月8日`, `1984年6月`, `6月8日`, `1984年`; the same in Korean. */
function inCharacters(words: readonly Word[], at: number): Rewriting | undefined {
  const parts: Partial<Record<'年' | '月' | '日', Word>> = {};
  let next = at;
  for (; ; next += 2) {
    const [number, sign] = [words[next], words[next + 1]];
    const name = sign?.start === number?.end ? DATE_SIGNS.get(sign?.norm ?? '') : undefined;
    if (number?.kind !== 'number' || name === undefined || parts[name] !== undefined) break;
    parts[name] = number;
  }
  const [year, month, day] = [parts.年, parts.月, parts.日];
  if (
    next === at ||
    (year !== undefined && !isYear(year)) ||
    (month === undefined && (day !== undefined || next > at + 2))
  )
    return undefined;
  const named = month === undefined ? undefined : monthNamed(month);
  if (month !== undefined && (named === undefined || (year === undefined && day === undefined))) return undefined;
  const found = [day === undefined ? undefined : dayOf(day), named, year].filter((word) => word !== undefined);
  return { words: found, length: next - at };
}

const DATE_SIGNS: ReadonlyMap<string, '年' | '月' | '日'> = new Map([
  ['年', '年'],
  ['月', '月'],
  ['日', '日'],
  ['号', '日'],
  ['號', '日'],
  ['년', '年'],
  ['월', '月'],
  ['일', '日'],
]);

function figures(day: Word, month: Word, year: Word): Rewriting | undefined {
  const [namedMonth, plainDay] = [monthNamed(month), dayOf(day)];
  return namedMonth && plainDay ? { words: [plainDay, namedMonth, year], length: 3 } : undefined;
}

/** `07:30` as `7:30`. */
function timeAt(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [hour, minute] = [words[at], words[at + 1]];
  if (hour === undefined || minute === undefined || !/^0\d$/.test(hour.norm) || between(hour, minute, text) !== ':')
    return undefined;
  return { words: [{ ...hour, norm: hour.norm.slice(1) }], length: 1 };
}

/** `1984–85` → 1984 1985; `10 to 12`, `from 10 to 12` and `between 10 and 12` as `10–12`. */
function rangeAt(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]];
  if (a?.kind === 'number') {
    if (b?.kind === 'number') return shortRange(a, b, text);
    return b !== undefined && c?.kind === 'number' && RANGE_LINKS.has(b.norm)
      ? { words: [a, c], length: 3 }
      : undefined;
  }
  if (b?.kind !== 'number' || d?.kind !== 'number' || c === undefined) return undefined;
  const isRange = (a?.norm === 'from' && RANGE_LINKS.has(c.norm)) || (a?.norm === 'between' && c.norm === 'and');
  return isRange ? { words: [b, d], length: 4 } : undefined;
}

const RANGE_LINKS: ReadonlySet<string> = new Set(['to', 'until', 'till', 'through', 'thru']);

/** A second year of two digits in full. */
function shortRange(from: Word, to: Word, text: string): Rewriting | undefined {
  if (!isYear(from) || !/^\d\d$/.test(to.norm) || !/^[-/—]$/.test(between(from, to, text))) return undefined;
  if (/^-/.test(text.slice(to.end, to.end + 1))) return undefined;
  const century = Number(from.norm.slice(0, 2)) + (Number(to.norm) < Number(from.norm.slice(2)) ? 1 : 0);
  return { words: [from, { ...to, norm: `${century}${to.norm}` }], length: 2 };
}

function afterLinks(words: readonly Word[], at: number): number {
  return DATE_LINKS.has(words[at]?.norm ?? '') ? at + 1 : at;
}

/** Whether only blanks, commas and the like part a date's words. */
function isClose(words: readonly Word[], from: number, to: number, text: string): boolean {
  const [a, b] = [words[from], words[to]];
  return a !== undefined && b !== undefined && /^[\s\u00a0,.\-/']*(?:\p{L}*[\s\u00a0]+)?$/u.test(between(a, b, text));
}

/** Whether a month without a year is one: an English name, with a capital where it is short or a common word too. */
function isMonthAlone({ norm: month, start, end }: Word, text: string): boolean {
  const raw = text.slice(start, end);
  const lower = raw.toLowerCase();
  if (lower === month && month !== 'may' && month !== 'march') return true;
  return raw !== lower && (lower === month || lower === month.slice(0, 3) || lower === 'sept');
}

/** A day of the month, its zero in front gone. */
function dayOf(word: Word | undefined): Word | undefined {
  if (word === undefined || (word.kind !== 'number' && word.kind !== 'ordinal')) return undefined;
  const figures = word.kind === 'ordinal' ? word.norm.slice(0, -2) : word.norm;
  if (!/^\d{1,2}$/.test(figures) || Number(figures) < 1 || Number(figures) > 31) return undefined;
  return { ...word, norm: String(Number(figures)), kind: 'number' };
}

function monthNamed(word: Word): Word | undefined {
  const name = /^\d{1,2}$/.test(word.norm) ? MONTHS[Number(word.norm) - 1] : undefined;
  return name === undefined ? undefined : { ...word, norm: name, kind: 'word' };
}

function monthOf(word: Word | undefined): Word | undefined {
  const name = word?.kind === 'word' ? MONTH_BY_NAME.get(word.norm) : undefined;
  return word === undefined || name === undefined ? undefined : { ...word, norm: name };
}

function isDay(word: Word | undefined): boolean {
  return word?.kind === 'number' && dayOf(word) !== undefined;
}

function isMonthName(word: Word | undefined): boolean {
  return word !== undefined && MONTHS.includes(word.norm);
}

function isYear(word: Word | undefined): boolean {
  return word?.kind === 'number' && /^[12]\d{3}$/.test(word.norm);
}
