/** Numbers written with Han characters as decimal numbers: `二十一`, `一九八七`, `三万五千`, `百分之五十`. */
import { HAN_COUNTED, HAN_DIGITS, HAN_POWERS, UNITS } from './word-lists.js';
import { joined, type Rewriting, type Word } from './word.js';

/** `百分之五十` → 50 percent. */
export function hanShare(words: readonly Word[], at: number): Rewriting | undefined {
  if (words[at]?.norm !== '百' || words[at + 1]?.norm !== '分' || words[at + 2]?.norm !== '之') return undefined;
  const next = words[at + 3];
  const found = next?.kind === 'number' ? { words: [next], length: 1 } : hanNumber(words, at + 3);
  const [number] = found?.words ?? [];
  if (found === undefined || number?.kind !== 'number') return undefined;
  const whole = [...words.slice(at, at + 3), number];
  return {
    words: [joined(number.norm, 'number', whole), joined(UNITS.get('%') ?? '', 'unit', whole)],
    length: found.length + 3,
  };
}

/** A run of Han numerals: digits in a row (`一九八七`), or with powers of ten (`二十一`, `三万五千`). */
export function hanNumber(words: readonly Word[], at: number): Rewriting | undefined {
  let end = at;
  while (isHanNumeral(words[end]) && (end === at || words[end - 1]?.end === words[end]?.start)) end++;
  const parts = words.slice(at, end);
  if (parts.length === 0 || (parts.length === 1 && !isCounted(words, at))) return undefined;
  const value = hanText(parts.map(({ norm }) => norm).join(''));
  return value === undefined ? undefined : { words: [joined(value, 'number', parts)], length: parts.length };
}

function isHanNumeral(word: Word | undefined): boolean {
  return word !== undefined && /^[零〇一二两兩三四五六七八九十百千万萬亿億]$/.test(word.norm);
}

/** Whether a single numeral counts something, `第二`, `五人`, or stands alone. */
function isCounted(words: readonly Word[], at: number): boolean {
  const [before, word, behind] = [words[at - 1], words[at], words[at + 1]];
  const isBehind = before !== undefined && before.end === word?.start;
  const isBefore = behind !== undefined && behind.start === word?.end;
  if (isBehind && before.norm === '第') return true;
  return isBefore ? HAN_COUNTED.has(behind.norm) : !isBehind;
}

/** Three digits in a row and more are read one by one, as years are. */
function hanText(numerals: string): string | undefined {
  const digits = [...numerals].map((numeral) => HAN_DIGITS.get(numeral));
  if (digits.length > 2 && !digits.includes(undefined)) return digits.join('');
  const value = hanValue(numerals);
  return value === undefined ? undefined : String(value);
}

/** The value by the greatest power in it: what stands before times the power, and what stands behind. */
function hanValue(numerals: string): number | undefined {
  const found = HAN_POWERS.find(([signs]) => [...signs].some((sign) => numerals.includes(sign)));
  if (found === undefined) return numerals.length > 1 ? undefined : numerals === '' ? 0 : HAN_DIGITS.get(numerals);
  const [signs, power] = found;
  const at = numerals.search(new RegExp(`[${signs}]`));
  const factor = at > 0 ? hanValue(numerals.slice(0, at)) : power < 1e4 ? 1 : undefined;
  const rest = hanValue(numerals.slice(at + 1).replace(/^[零〇]/, ''));
  return factor === undefined || rest === undefined ? undefined : factor * power + rest;
}
