/** What each level asks for, in words: the study's definitions, and how any other amount is said. */
import type { Level } from '../core/levels.js';
import { UserError } from '../core/errors.js';
import { levelName } from '../core/levels.js';
import { didYouMean } from '../core/nearest.js';
import { levelOf, type Target } from './method.js';

/** A level's default amount: words, or a share of the original's tokens; null where it has none (`ext`). */
const AMOUNTS: Readonly<Record<Level, { words: number } | { ratio: number } | null>> = {
  original: { ratio: 1 },
  summ_l1: { ratio: 0.65 },
  summ_l2: { words: 100 },
  summ_l3: { words: 50 },
  summ_l4: { words: 30 },
  summ_l5: { words: 12 },
  ext: null,
  hybrid: { ratio: 0.6 },
  select: { ratio: 0.5 },
  prune: { ratio: 0.5 },
};

/** A target may not ask for more than this share of its source, or it would not be shorter. */
const LARGEST_SHARE = 0.95;

/** The words a text should have, given its source's; never more than the source leaves room for. */
export function goalWords(target: Target, sourceWords: number): number {
  const share = goalShare(target, sourceWords);
  return Math.max(1, Math.round(share * sourceWords));
}

/** The share of its source that a text should keep, above 0. */
export function goalShare(target: Target, sourceWords: number): number {
  const amount = typeof target === 'string' ? (AMOUNTS[target] ?? { ratio: 1 }) : target;
  const share = 'ratio' in amount ? amount.ratio : amount.words / Math.max(1, sourceWords);
  return Math.min(share, target === 'original' ? 1 : LARGEST_SHARE);
}

/** Whether a target is the level as the study defines it. */
export function isStandard(target: Target): target is Level {
  return typeof target === 'string';
}

/**
 * A target from text: a level (`summ_l2`), or a level with an amount: words (`summ_l2=80w`) or the share of tokens to keep
 * (`select=0.4`, `select=40%`). Throws UserError.
 */
export function parseTarget(text: string): Target {
  const [name = '', amount, ...rest] = text.trim().split('=');
  const level = levelName(name);
  if (!Object.hasOwn(AMOUNTS, level))
    throw new UserError(`unknown level "${name}"${didYouMean(name, Object.keys(AMOUNTS))}`);
  if (amount === undefined) return level;
  const words = /^(\d+)\s*w(?:ords?)?$/.exec(amount)?.[1];
  if (rest.length === 0 && words !== undefined && Number(words) >= 1) return { level, words: Number(words) };
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(amount)?.[1];
  const ratio = percent === undefined ? Number(amount) : Number(percent) / 100;
  if (rest.length === 0 && amount !== '' && ratio > 0 && ratio <= 1) return { level, ratio };
  throw new UserError(
    `invalid target "${text}": write LEVEL, LEVEL=80w for words or LEVEL=0.4 for the share of tokens to keep`,
  );
}

/** A target as text, as `parseTarget` reads it. */
export function targetName(target: Target): string {
  if (typeof target === 'string') return target;
  return `${levelOf(target)}=${'words' in target ? `${target.words}w` : target.ratio}`;
}
