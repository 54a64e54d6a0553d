/** Numbers in words and with magnitudes as decimal numbers: `twenty-one`, `nineteen eighty-four`, `1.2 million`, `二十一`, `3万`. */
import { timesTenTo } from './decimal.js';
import { hanNumber, hanShare } from './han-numerals.js';
import { DENOMINATORS, MONEY_POWERS, NUMERALS, POWERS, type Numeral } from './word-lists.js';
import { joined, rewritten, touches, type Rewriting, type Word } from './word.js';

/** The words with every number that is spelled out, or scaled by a word, as one decimal number. */
export function withNumbers(words: readonly Word[], text: string): Word[] {
  return rewritten(words, numberAt, text);
}

function numberAt(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const word = words[at];
  if (word?.kind === 'number') return scaled(words, at, text) ?? fraction(words, at, text);
  if (word?.kind === 'character') return hanShare(words, at) ?? hanNumber(words, at);
  if (word?.kind !== 'word') return undefined;
  if (word.norm === 'minus' || word.norm === 'negative') return negated(words, at, text);
  if (!NUMERALS.has(word.norm)) return undefined;
  return fraction(words, at, text) ?? year(words, at, text) ?? spelled(words, at, text);
}

/** `two thirds` and `one half` as `2/3` and `1/2`. */
function fraction(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [count, part] = [words[at], words[at + 1]];
  if (count === undefined || part === undefined || !touches(count, part, text)) return undefined;
  const denominator = DENOMINATORS.get(part.norm);
  const value = count.kind === 'number' ? count.norm : String(cardinal(count)?.value ?? '');
  if (denominator === undefined || !/^[1-9]$/.test(value) || (value === '1') === part.norm.endsWith('s'))
    return undefined;
  return {
    words: [
      { ...count, norm: value, kind: 'number' },
      { ...part, norm: denominator, kind: 'number' },
    ],
    length: 2,
  };
}

/** Digits times what the word behind them says: `1.2 million`, `2 dozen`, `$5k`, `3万`. */
function scaled(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [number, next] = [words[at], words[at + 1]];
  if (number === undefined || next === undefined || !touches(number, next, text)) return undefined;
  const power = POWERS.get(next.norm) ?? (isMoney(words[at - 1]) ? MONEY_POWERS.get(next.norm) : undefined);
  if (power === undefined) return undefined;
  return { words: [joined(timesTenTo(number.norm, power), 'number', [number, next])], length: 2 };
}

function isMoney(word: Word | undefined): boolean {
  return word !== undefined && /^[$€£¥₹₽₩]$/.test(word.norm);
}

/** `minus five`, `minus 5`. */
function negated(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [sign, next] = [words[at], words[at + 1]];
  if (sign === undefined || next === undefined || !touches(sign, next, text)) return undefined;
  const found = numberAt(words, at + 1, text) ?? { words: [next], length: 1 };
  const [number] = found.words;
  if (number?.kind !== 'number' || number.norm.startsWith('-')) return undefined;
  return { words: [joined(`-${number.norm}`, 'number', [sign, number])], length: found.length + 1 };
}

/** A year said as two numbers: `nineteen eighty-four`, `twenty twenty`. */
function year(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [first, second] = [words[at], words[at + 1]];
  if (first === undefined || second === undefined || !touches(first, second, text)) return undefined;
  const [century, decade] = [cardinal(first), cardinal(second)];
  const isYear =
    (century?.rank === 'teen' && century.value > 12 && (decade?.rank === 'ten' || decade?.rank === 'teen')) ||
    (century?.value === 20 && (decade?.rank === 'teen' || decade?.rank === 'ten'));
  if (!isYear || century === undefined) return undefined;
  const rest = spelled(words, at + 1, text);
  const [number] = rest?.words ?? [];
  if (rest === undefined || number?.kind !== 'number' || Number(number.norm) > 99) return undefined;
  return {
    words: [joined(String(100 * century.value + Number(number.norm)), 'number', [first, number])],
    length: rest.length + 1,
  };
}

function cardinal(word: Word): Numeral | undefined {
  const numeral = NUMERALS.get(word.norm);
  return numeral?.ordinal === false ? numeral : undefined;
}

/** What has been read of a spelled number. */
interface Count {
  /** Sum of what magnitudes have closed. */
  readonly total: number;
  /** What is counted since. */
  readonly group: number;
  readonly last: Numeral | undefined;
  /** The smallest magnitude yet. */
  readonly magnitude: number;
}

/** The longest spelled number from a word on. */
function spelled(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  let count: Count = { total: 0, group: 0, last: undefined, magnitude: Infinity };
  let next = at;
  for (;;) {
    const step = stepAt(words, next, count, text);
    if (step === undefined) break;
    count = counted(count, step.numeral);
    next = step.next;
    if (step.numeral.ordinal) break;
  }
  const parts = words.slice(at, next);
  if (count.last === undefined || isNoNumber(words, at, parts, text)) return undefined;
  const value = String(count.total + count.group);
  const word = count.last.ordinal ? joined(`${value}th`, 'ordinal', parts) : joined(value, 'number', parts);
  return { words: [word], length: parts.length };
}

/** The numeral that goes on with a count, across an `and` where one may stand. */
function stepAt(words: readonly Word[], at: number, count: Count, text: string) {
  const [before, word, behind] = [words[at - 1], words[at], words[at + 1]];
  if (word === undefined) return undefined;
  const numeral = NUMERALS.get(word.norm);
  if (count.last === undefined) return numeral === undefined ? undefined : { numeral, next: at + 1 };
  if (before === undefined || !touches(before, word, text)) return undefined;
  if (numeral !== undefined) return fits(count, numeral) ? { numeral, next: at + 1 } : undefined;
  if (word.norm !== 'and' || (count.last.rank !== 'hundred' && count.last.rank !== 'magnitude')) return undefined;
  const added = behind !== undefined && touches(word, behind, text) ? NUMERALS.get(behind.norm) : undefined;
  return added !== undefined && added.value > 0 && added.value < 100 ? { numeral: added, next: at + 2 } : undefined;
}

function fits({ last, group, magnitude }: Count, { rank, value }: Numeral): boolean {
  if (last === undefined) return true;
  if (rank === 'magnitude') return last.rank !== 'magnitude' && value < magnitude;
  if (rank === 'hundred') return group > 0 && group < 100;
  if (value === 0) return false;
  return last.rank === 'hundred' || last.rank === 'magnitude' || (rank === 'unit' && last.rank === 'ten');
}

function counted({ total, group, magnitude }: Count, numeral: Numeral): Count {
  const { rank, value } = numeral;
  if (rank === 'magnitude') return { total: total + (group || 1) * value, group: 0, last: numeral, magnitude: value };
  if (rank === 'hundred') return { total, group: (group || 1) * value, last: numeral, magnitude };
  return { total, group: group + value, last: numeral, magnitude };
}

const NOT_ONE_BEHIND = new Set('no any some every each this that which the another other only'.split(' '));
const NOT_ONE_BEFORE = new Set('of another day can must should who'.split(' '));

/** `one` where it stands for a person or thing, and `second` behind a number. */
function isNoNumber(words: readonly Word[], at: number, parts: readonly Word[], text: string): boolean {
  if (parts.length > 1) return false;
  const [before, word, behind] = [words[at - 1], words[at], words[at + 1]];
  if (word?.norm === 'one') return NOT_ONE_BEHIND.has(before?.norm ?? '') || NOT_ONE_BEFORE.has(behind?.norm ?? '');
  if (word?.norm !== 'second' || before === undefined || !touches(before, word, text)) return false;
  return before.kind === 'number' || cardinal(before) !== undefined;
}
