/** Units behind their number, in one spelling: `50%`, `5 km`, `$5`, `5 °C`. */
import { CURRENCY_SIGNS, UNITS } from './word-lists.js';
import { joined, rewritten, touches, type Rewriting, type Word } from './word.js';

/** The words with units named in full behind their numbers, signs of currencies moved there. */
export function withUnits(words: readonly Word[], text: string): Word[] {
  return rewritten(words, unitAt, text);
}

function unitAt(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const word = words[at];
  if (word?.kind === 'number') return behindNumber(words, at, text);
  if (word?.kind !== 'word' || !isSign(word.norm)) return undefined;
  const next = words[at + 1];
  if (CURRENCY_SIGNS.includes(word.norm) && next?.kind === 'number' && touches(word, next, text)) {
    return { words: [next, asUnit(word, UNITS.get(word.norm) ?? word.norm)], length: 2 };
  }
  return { words: [asUnit(word, UNITS.get(word.norm) ?? word.norm)], length: 1 };
}

function isSign(norm: string): boolean {
  return norm.length === 1 && UNITS.has(norm) && !/\p{L}/u.test(norm);
}

function asUnit(word: Word, norm: string): Word {
  return { ...word, norm, kind: 'unit' };
}

/** A number with its unit, where one stands behind it. */
function behindNumber(words: readonly Word[], at: number, text: string): Rewriting | undefined {
  const [number, next, third] = [words[at], words[at + 1], words[at + 2]];
  if (number === undefined || next === undefined || !touches(number, next, text)) return undefined;
  if (next.norm === 'per' && third?.norm === 'cent') {
    return { words: [number, joined('percent', 'unit', [next, third])], length: 3 };
  }
  const name = unitName(next, text);
  if (name === undefined) return undefined;
  const scale = name === 'degree' && third !== undefined ? SCALES.get(text.slice(third.start, third.end)) : undefined;
  if (scale === undefined || third === undefined) return { words: [number, asUnit(next, name)], length: 2 };
  return { words: [number, asUnit(next, name), asUnit(third, scale)], length: 3 };
}

const SCALES: ReadonlyMap<string, string> = new Map([
  ['C', 'celsius'],
  ['F', 'fahrenheit'],
]);

/** Short forms count in their own case alone: `5 m` are meters, `5 M` are none. */
function unitName(word: Word, text: string): string | undefined {
  if (word.kind !== 'word' && word.kind !== 'character') return undefined;
  return UNITS.get(text.slice(word.start, word.end)) ?? (word.norm.length > 2 ? UNITS.get(word.norm) : undefined);
}
