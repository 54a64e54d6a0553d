/** Schemas of single settings, as study files and methods' options share them: each says what was given and what to use. */
import { z } from 'zod';
import { didYouMean } from './nearest.js';

type Raw = { readonly input?: unknown };

/** How a message begins: what was given, or that nothing was. */
export const given = ({ input }: Raw): string =>
  input === undefined ? 'is missing' : `invalid ${JSON.stringify(input)}`;

/** A whole number within bounds, both included. */
export const integer = (low: number, high: number) => {
  const error = (raw: Raw): string => `${given(raw)}: use an integer from ${low} to ${high}`;
  return z.int({ error }).min(low, { error }).max(high, { error });
};

/** A number above (or, with `orZero`, from) zero up to a bound. */
export const positive = (high: number, orZero = false) => {
  const error = (raw: Raw): string =>
    `${given(raw)}: use a number ${orZero ? 'from 0' : 'above 0'} ${high === Infinity ? 'on' : `to ${high}`}`;
  const number = orZero ? z.number({ error }).gte(0, { error }) : z.number({ error }).gt(0, { error });
  return high === Infinity ? number : number.lte(high, { error });
};

/** One of some names. */
export const oneOf = <const T extends readonly [string, ...string[]]>(names: T, what: string) =>
  z.enum(names, {
    error: (raw) =>
      raw.input === undefined
        ? `is missing: use one of ${names.join(', ')}`
        : `unknown ${what} ${JSON.stringify(raw.input)}${typeof raw.input === 'string' ? didYouMean(raw.input, names) : `: use one of ${names.join(', ')}`}`,
  });

/** A text that is not empty. */
export const text = z
  .string({ error: (raw) => `${given(raw)}: use a text` })
  .min(1, { error: 'is empty: give a text' });

export const flag = z.boolean({ error: (raw) => `${given(raw)}: use true or false` });

/** A list with at least one entry. */
export const list = <T extends z.ZodType>(entry: T, what: string) =>
  z
    .array(entry, { error: (raw) => `${given(raw)}: give a list of ${what}` })
    .min(1, { error: `is empty: give at least one of ${what}` });

/** A list with at least one entry and none twice. */
export const distinctList = <T extends z.ZodType<string | number>>(entry: T, what: string) =>
  list(entry, what).refine((values) => new Set(values).size === values.length, {
    error: 'names something twice: name each once',
  });
