/** What a fit may take: time, trained tokens, or money for a machine that is paid by the hour. */
import { whole } from '../analysis/wording.js';
import { UserError } from '../core/errors.js';
import { durationText } from '../text/duration.js';

export interface Budget {
  readonly unit: 'seconds' | 'tokens';
  readonly amount: number;
  /** As it was given. */
  readonly text: string;
}

const UNITS: Readonly<Record<string, { readonly unit: Budget['unit']; readonly size: number }>> = {
  s: { unit: 'seconds', size: 1 },
  m: { unit: 'seconds', size: 60 },
  min: { unit: 'seconds', size: 60 },
  h: { unit: 'seconds', size: 3600 },
  tok: { unit: 'tokens', size: 1 },
  ktok: { unit: 'tokens', size: 1e3 },
  Mtok: { unit: 'tokens', size: 1e6 },
};

/**
 * Reads `90s`, `30m`, `2h`, `500ktok`, `3Mtok`, or `5eur` (any three letters) of a machine that costs `pricePerHour` of them.
 * Throws UserError for anything else.
 */
export function parseBudget(text: string, pricePerHour?: number): Budget {
  const [, digits = '', name = ''] = /^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const given = Number(digits);
  const known = Object.hasOwn(UNITS, name) ? UNITS[name] : undefined;
  if (known !== undefined && given > 0) return { unit: known.unit, amount: given * known.size, text };
  if (!/^[A-Za-z]{3}$/.test(name) || known !== undefined || !(given > 0))
    throw new UserError(
      `invalid budget "${text}": use time (90s, 30m, 2h), trained tokens (500ktok, 3Mtok), or money (5eur) with the price of an hour`,
    );
  if (pricePerHour === undefined)
    throw new UserError(`budget "${text}" is money: give the price of an hour of this machine too`);
  return { unit: 'seconds', amount: (3600 * given) / pricePerHour, text };
}

/** An amount of a budget's unit: `12 min`, `340,000 tokens`. */
export function amountText(unit: Budget['unit'], amount: number): string {
  return unit === 'seconds' ? durationText(amount) : `${whole(amount)} tokens`;
}
