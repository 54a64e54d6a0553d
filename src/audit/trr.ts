/** Token reduction rate: how much shorter a level's text is than its original, in tokens of the base model. */
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import type { Tokenizer } from '../models/model.js';

/** 1 − compressed / original, in tokens without special ones; negative when the text grew. NaN when the original has no token. */
export function tokenReduction(original: number, compressed: number): number {
  return original === 0 ? Number.NaN : 1 - compressed / original;
}

/** Mean TRR of the items, each weighing the same; NaN without items. */
export function macroTrr(rates: readonly number[]): number {
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

/** 1 − Σ compressed / Σ original: long items weigh more. */
export function microTrr(pairs: readonly { readonly original: number; readonly tokens: number }[]): number {
  const sum = (pick: 'original' | 'tokens') => pairs.reduce((total, pair) => total + pair[pick], 0);
  return tokenReduction(sum('original'), sum('tokens'));
}

/** Token counts of original texts already counted, so that a grid of runs over the same items counts each once. */
const counted = new WeakMap<Tokenizer, WeakMap<object, number>>();

/** Tokens of an item's text at a level, remembered per tokenizer; undefined when the item has no such text. */
export function tokensAt(item: Item, level: Level, tokenizer: Tokenizer): number | undefined {
  const entry = item.texts[level];
  if (!entry) return undefined;
  const known = counted.get(tokenizer) ?? new WeakMap<object, number>();
  counted.set(tokenizer, known);
  const tokens = known.get(entry) ?? tokenizer.encode(entry.text).length;
  known.set(entry, tokens);
  return tokens;
}

/** TRR of one item at a level, 0 at `original`; null when one of the two texts is missing. */
export function itemTrr(item: Item, level: Level, tokenizer: Tokenizer): number | null {
  const original = tokensAt(item, 'original', tokenizer);
  const compressed = tokensAt(item, level, tokenizer);
  if (original === undefined || compressed === undefined) return null;
  return tokenReduction(original, compressed);
}
