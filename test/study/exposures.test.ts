import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORM_NAMES, type FormName } from '../../src/forms/form.js';
import { passesOf, tokensInAll, type FormPass } from '../../src/study/exposures.js';

type Passes = Partial<Record<FormName, FormPass>>;

/** Shares of tokens that add up to 1, and what one pass over each form holds; `replay` shows no fact. */
const mixes = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 1, max: 20 }),
      tokens: fc.integer({ min: 1, max: 1e6 }),
      exposures: fc.integer({ min: 1, max: 50 }),
    }),
    { minLength: 1, maxLength: FORM_NAMES.length - 1 },
  )
  .chain((forms) => fc.tuple(fc.constant(forms), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 1000 })))
  .map(([forms, replay, exposures]) => {
    const whole = forms.reduce((sum, { weight }) => sum + weight, replay);
    const named = forms.map((form, i) => ({ ...form, name: FORM_NAMES[i] ?? 'raw' }));
    const shares = Object.fromEntries(named.map(({ name, weight }) => [name, weight / whole]));
    const passes: Passes = Object.fromEntries(named.map(({ name, ...pass }) => [name, pass]));
    return { shares: replay === 0 ? shares : { ...shares, replay: replay / whole }, passes, exposures };
  });

const close = (value: number, to: number): boolean => Math.abs(value - to) <= 1e-9 * Math.max(1, Math.abs(to));

describe('passes over forms', () => {
  it('show every fact as often as was asked, in the shares of tokens that the mix names', () => {
    fc.assert(
      fc.property(mixes, ({ shares, passes, exposures }) => {
        const times = passesOf(shares, passes, exposures);
        const fed = Object.entries(passes).map(([form, { tokens }]) => ({
          share: shares[form as FormName] ?? 0,
          tokens: tokens * (times[form as FormName] ?? 0),
        }));
        const shown = Object.entries(passes).reduce(
          (sum, [form, each]) => sum + each.exposures * (times[form as FormName] ?? 0),
          0,
        );
        const all = fed.reduce((sum, { tokens }) => sum + tokens, 0);
        const ofForms = fed.reduce((sum, { share }) => sum + share, 0);
        return close(shown, exposures) && fed.every(({ share, tokens }) => close(tokens / all, share / ofForms));
      }),
    );
  });

  it('tell the tokens of all of them, those that the base is still to write among them', () => {
    fc.assert(
      fc.property(mixes, ({ shares, passes, exposures }) => {
        const all = tokensInAll(shares, passes, exposures);
        const replay = (shares.replay ?? 0) * all;
        const counted =
          replay === 0 ? passes : { ...passes, replay: { tokens: Math.max(1, replay / 3), exposures: 0 } };
        const times = passesOf(shares, counted, exposures);
        const fed = Object.entries(counted).reduce(
          (sum, [form, { tokens }]) => sum + tokens * (times[form as FormName] ?? 0),
          0,
        );
        return close(fed, all);
      }),
    );
  });

  it('leave a form without samples out, whose share falls to the others, and are none where nothing is shown', () => {
    const study = { tokens: 100, exposures: 4 };
    expect(passesOf({ study: 0.5, rewrite: 0.5 }, { study }, 60)).toEqual({ study: 15 });
    expect(passesOf({ study: 0.5, rewrite: 0.5 }, { study, rewrite: { tokens: 0, exposures: 0 } }, 60)).toEqual({
      study: 15,
    });
    expect(passesOf({ raw: 0.5, replay: 0.5 }, { replay: { tokens: 10, exposures: 0 } }, 60)).toEqual({});
    expect(tokensInAll({ raw: 1 }, {}, 60)).toBe(0);
  });
});
