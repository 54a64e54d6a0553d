/** How often each form's samples are trained on: as many passes as give every fact its exposures, in the shares of tokens that a mix names. */
import { FORM_NAMES, type FormName } from '../forms/form.js';
import type { FormShares } from './text-book-config.js';

/** What one pass over a form's samples holds. */
export interface FormPass {
  readonly tokens: number;
  /** How often it shows each fact; 0 for what shows none (`replay`). */
  readonly exposures: number;
}

/**
 * Passes over each form's samples, not whole numbers: with pₓ passes over a form x of tₓ tokens and eₓ exposures a pass,
 * Σ pₓ eₓ = `exposures` and pₓ tₓ ∝ its share. A form without samples has none, and its share falls to the others.
 */
export function passesOf(
  shares: FormShares,
  passes: Readonly<Partial<Record<FormName, FormPass>>>,
  exposures: number,
): Readonly<Partial<Record<FormName, number>>> {
  const used = FORM_NAMES.flatMap((form) => {
    const [share, pass] = [shares[form] ?? 0, passes[form]];
    return share > 0 && pass !== undefined && pass.tokens > 0 ? [{ form, share, ...pass }] : [];
  });
  const shown = used.reduce((sum, { share, tokens, exposures: each }) => sum + (share * each) / tokens, 0);
  if (shown === 0) return {};
  return Object.fromEntries(used.map(({ form, share, tokens }) => [form, ((exposures / shown) * share) / tokens]));
}

/** Tokens of all passes together, those of forms without exposures (whose samples need not be there yet) included by their share. */
export function tokensInAll(
  shares: FormShares,
  passes: Readonly<Partial<Record<FormName, FormPass>>>,
  exposures: number,
): number {
  const times = passesOf(shares, passes, exposures);
  const [form] = FORM_NAMES.filter((name) => (times[name] ?? 0) > 0);
  if (form === undefined) return 0;
  return ((times[form] ?? 0) * (passes[form]?.tokens ?? 0)) / (shares[form] ?? 1);
}
