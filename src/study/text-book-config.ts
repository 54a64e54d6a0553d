/** What a part of the grid that trains on texts says beside the rest: forms, exposures, and whose questions are taught. */
import { z } from 'zod';
import { flag, given, integer, oneOf, positive, text } from '../core/setting-schemas.js';
import { FORM_NAMES, type FormName } from '../forms/form.js';

/** Shares of the trained tokens, by form. */
export type FormShares = Readonly<Partial<Record<FormName, number>>>;

/** Forms together: a name for figures and rows, and how much of the tokens each has. */
export interface FormMix {
  readonly name: string;
  readonly shares: FormShares;
}

/** The mix that `mix` stands for: what is known to work best at small budgets, with replay against forgetting. */
export const DEFAULT_MIX: FormShares = { raw: 0.1, rewrite: 0.35, study: 0.45, replay: 0.1 };

const NAMES: readonly string[] = [...FORM_NAMES, 'mix'];

const share = positive(1).optional();
const shares = z
  .strictObject({
    name: text.describe('What figures and rows call it; without it, its shares.').optional(),
    ...(Object.fromEntries(FORM_NAMES.map((name) => [name, share.describe(`Share of tokens as ${name}.`)])) as Record<
      FormName,
      typeof share
    >),
  })
  .superRefine((own, context) => {
    const all = FORM_NAMES.flatMap((name) => own[name] ?? []);
    const sum = all.reduce((a, b) => a + b, 0);
    if (Math.abs(sum - 1) > 0.01)
      context.addIssue({
        code: 'custom',
        message: `shares add up to ${Number(sum.toFixed(3))}: make them add up to 1`,
      });
  });

const form = z
  .union([text.refine((name) => NAMES.includes(name), { error: (raw) => unknownForm(raw.input) }), shares], {
    error: (raw) => `${given(raw)}: give a form's name (${NAMES.join(', ')}) or shares, e.g. { raw: 0.2, study: 0.8 }`,
  })
  .transform(mixOf);

function unknownForm(name: unknown): string {
  return `unknown form ${JSON.stringify(name)}: use one of ${NAMES.join(', ')}, or shares of tokens, e.g. { raw: 0.2, study: 0.8 }`;
}

function mixOf(given: string | z.output<typeof shares>): FormMix {
  if (given === 'mix') return { name: 'mix', shares: DEFAULT_MIX };
  if (typeof given === 'string') return { name: given, shares: { [given]: 1 } };
  const { name, ...rest } = given;
  const own = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as FormShares;
  return { name: name ?? sharesName(own), shares: own };
}

/** E.g. `raw 20 + study 80`. */
function sharesName(own: FormShares): string {
  return Object.entries(own)
    .map(([name, value]) => `${name} ${Math.round(100 * value)}`)
    .join(' + ');
}

/** Those that were read without a problem: others are still as the file has them. */
function sound(all: readonly unknown[]): FormMix[] {
  return all.filter((each): each is FormMix => typeof each === 'object' && each !== null && 'shares' in each);
}

const isDistinct = (names: readonly string[]): boolean => new Set(names).size === names.length;

/** Fields of a part with `book: text`. */
export const textBookFields = {
  forms: z
    .array(form, { error: (raw) => `${given(raw)}: give a list of forms, e.g. [raw, study, mix]` })
    .min(1, { error: 'is empty: give at least one form' })
    .refine((all) => isDistinct(sound(all).map(({ name }) => name)), { error: 'names a form twice' })
    .refine((all) => sound(all).every(({ shares: own }) => Object.keys(own).some((name) => name !== 'replay')), {
      error: 'replay alone teaches nothing of the texts: mix it with another form',
    })
    .describe('What is made of the texts to train on: each form, or mix of forms, is an adapter of its own.')
    .default([{ name: 'study', shares: { study: 1 } }]),
  exposures: integer(1, 100_000)
    .describe('How often each fact is seen, all forms together: what sets the number of steps.')
    .default(60),
  taught: positive(1)
    .describe(
      'Share of the items of which questions are trained; of the others only the text is, so that what is asked of them shows what text alone teaches.',
    )
    .default(1),
  by: oneOf(['rules', 'model'], 'writer')
    .describe('Who writes questions and rewrites: rules, or the model that `compress` names.')
    .default('rules'),
  wordings: integer(1, 50).describe('Wordings of each fact’s question.').default(5),
  reverse: flag.describe('Whether each fact is asked the other way round, too.').default(true),
  controls: flag
    .describe('Whether adapters of other documents are trained, which show what the form alone gives.')
    .default(true),
};

/** What of a part and its study has a say in whether its texts can be trained on. */
interface TextBookPart {
  readonly by: 'rules' | 'model';
  readonly train?: { readonly objective?: string | undefined } | undefined;
}
interface TextBookStudy {
  readonly model: unknown;
  readonly train: { readonly objective?: string | undefined };
  readonly compress: { readonly model?: string | undefined; readonly local?: string | undefined };
}

interface Problem {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** What a part that trains on texts cannot be in its study, at the key that says it. */
export function textBookProblems({ by, train }: TextBookPart, index: number, study: TextBookStudy): Problem[] {
  const part = ['grid', index];
  const objectives = [
    ...(study.train.objective === undefined ? [] : [['train', 'objective']]),
    ...(train?.objective === undefined ? [] : [[...part, 'train', 'objective']]),
  ];
  const hasModel = study.compress.model !== undefined || study.compress.local !== undefined;
  return [
    ...(typeof study.model === 'string' ? [] : [{ path: [...part, 'book'], message: SERVED }]),
    ...objectives.map((path) => ({ path, message: 'a text book’s forms say what is learnt: remove this line' })),
    ...(by === 'model' && !hasModel ? [{ path: [...part, 'by'], message: NOBODY }] : []),
  ];
}

interface NamedForms extends TextBookPart {
  readonly dataset: string;
  readonly forms: readonly FormMix[];
  readonly exposures: number;
  readonly taught: number;
  readonly wordings: number;
  readonly reverse: boolean;
}

/** Forms that rows could not tell apart: of one name and one data set, and made in two ways. `null` stands for parts of other books. */
export function sameNameProblems(parts: readonly (NamedForms | null)[]): Problem[] {
  const made = new Map<string, string>();
  return parts.flatMap((part, index) => {
    if (part === null) return [];
    const { dataset, exposures, by, taught, wordings, reverse } = part;
    return sound(part.forms).flatMap(({ name, shares: own }): Problem[] => {
      const key = JSON.stringify([dataset, name, exposures]);
      const way = JSON.stringify([{ ...own }, by, taught, wordings, reverse]);
      const before = made.get(key) ?? way;
      made.set(key, before);
      const said = Object.entries(own).map(([form, value]) => `${form}: ${value}`);
      const named = `{ name: ${name} 2, ${said.join(', ')} }`;
      const message = `"${name}" is made in another way in a part before: give it a name of its own, e.g. ${named}`;
      return before === way ? [] : [{ path: ['grid', index, 'forms'], message }];
    });
  });
}

const SERVED = 'trains, and a served model is asked as it is: use book: open, or a model on this machine';
const NOBODY =
  'asks a model, and none is named: say compress: { model: NAME, endpoint: URL } or compress: { local: MODEL }';
