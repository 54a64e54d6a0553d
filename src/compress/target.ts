/** Targets: which level a text is to be filed under, what is asked of the method, and how much. */
import type { Json } from '../core/json.js';
import type { Level } from '../core/levels.js';

/** How much: words to write (at least 1), or the share of the original's tokens to keep (above 0, to 1). */
export type Amount = { readonly words: number } | { readonly ratio: number };

/** What to make of an item. */
export interface Target {
  /** The level that the text is filed under. */
  readonly level: Level;
  /** What the method is asked for: a form that it offers (`summ_l2`, `select`), or a level of another name. */
  readonly form: string;
  /** Null where the form has none (`ext`). */
  readonly amount: Amount | null;
  /** Whether the amount is the form's own, rather than one that was asked for. */
  readonly isUsual: boolean;
}

/** A target may not ask for more than this share of its source, or it would not be shorter. */
const LARGEST_SHARE = 0.95;

/** The words a text should have, given its source's; never more than the source leaves room for. */
export function goalWords(target: Target, sourceWords: number): number {
  return Math.max(1, Math.round(goalShare(target, sourceWords) * sourceWords));
}

/** The share of its source that a text should keep, above 0. */
export function goalShare({ amount }: Target, sourceWords: number): number {
  if (amount === null) return LARGEST_SHARE;
  const share = 'ratio' in amount ? amount.ratio : amount.words / Math.max(1, sourceWords);
  return Math.min(share, LARGEST_SHARE);
}

/** An amount from text: `80w` or `80 words`, `0.4` or `40%`; undefined for what is none. */
export function parseAmount(text: string): Amount | undefined {
  const words = /^(\d+)\s*w(?:ords?)?$/.exec(text)?.[1];
  if (words !== undefined) return Number(words) >= 1 ? { words: Number(words) } : undefined;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  const ratio = percent === undefined ? Number(text) : Number(percent) / 100;
  return text.trim() !== '' && ratio > 0 && ratio <= 1 ? { ratio } : undefined;
}

/** An amount as it stands in a level's name: `80w`, `0.4`. */
export function amountText(amount: Amount): string {
  return 'words' in amount ? `${amount.words}w` : String(amount.ratio);
}

/** What is asked of the method, for people: `summ_l2`, `select=0.4`. */
export function targetName({ form, amount, isUsual }: Target): string {
  return isUsual || amount === null ? form : `${form}=${amountText(amount)}`;
}

/** What of a target can change a text: form and amount, not what the level is called. */
export function targetKey({ form, amount, isUsual }: Target): Json {
  return isUsual || amount === null ? form : { level: form, ...amount };
}
