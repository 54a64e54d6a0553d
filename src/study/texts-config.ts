/** The part of a study file that says which texts are made before anything is trained, and with what. */
import { z } from 'zod';
import { planLevel } from '../compress/level-task.js';
import { isModulePath } from '../compress/methods/user-module.js';
import { METHOD_NAMES, namedMethod } from '../compress/registry.js';
import { UserError } from '../core/errors.js';
import { isLevel, LEVEL_RULE, levelName, type Level } from '../core/levels.js';
import { didYouMean } from '../core/nearest.js';
import { given, integer, oneOf, positive, text } from '../core/setting-schemas.js';
import { checkSpending, endpointFields, spendFields } from '../core/spend-schemas.js';

/** A level's name; `L2`, as reports call it, is `summ_l2`. */
export const level = text.transform(levelName).refine(isLevel, { error: (raw) => `${given(raw)}: ${LEVEL_RULE}` });

const spec = z.looseObject(
  {
    method: text
      .describe("A method's name, or the path of an ES module; without it, the method that offers the level.")
      .exactOptional(),
    words: integer(1, 1_000_000).describe('Words to write.').exactOptional(),
    ratio: positive(1).describe("Share of the original's tokens to keep.").exactOptional(),
  },
  { error: (raw) => `${given(raw)}: give method, words or ratio, and what the method is told; or {}` },
);

/** How a level is made; whatever else it says are options of its method. */
export type TextSpec = z.output<typeof spec>;

/** Levels to make, by name; a list stands for levels as their methods make them. */
export const texts = z
  .preprocess(
    fromList,
    z.record(
      level,
      z.preprocess((value) => value ?? {}, spec),
      { error: (raw) => `${given(raw)}: give levels with how each is made, or a list of levels` },
    ),
  )
  .superRefine((all, context) => {
    for (const [name, own] of Object.entries(all))
      for (const { path, message } of specProblems(name, own))
        context.addIssue({ code: 'custom', path: [name, ...path], message });
  });

function fromList(value: unknown): unknown {
  return Array.isArray(value) ? Object.fromEntries(value.map((name) => [String(name), {}])) : value;
}

interface Problem {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** What of a level's entry cannot be; of a module's nothing is known before it is loaded. */
function specProblems(name: Level, { method, words, ratio, ...options }: TextSpec): Problem[] {
  if (method !== undefined && isModulePath(method)) return [];
  const entry = method === undefined ? undefined : namedMethod(method);
  if (method !== undefined && entry === undefined) return [unknownMethod(method)];
  if (words !== undefined && ratio !== undefined)
    return [{ path: ['ratio'], message: 'stands beside words: both say how much; give one of them' }];
  const amount = words === undefined ? ratio !== undefined && { ratio } : { words };
  try {
    const plan = planLevel(name, { ownName: true, ...(entry && { entries: [entry] }), ...(amount && { amount }) });
    const parsed = plan.entry.options.safeParse(options, { reportInput: true });
    const known = ['method', 'words', 'ratio', ...Object.keys(plan.entry.options.shape)];
    return parsed.success ? [] : parsed.error.issues.flatMap((issue) => optionProblems(issue, known));
  } catch (error) {
    if (error instanceof UserError) return [{ path: [], message: error.message }];
    throw error;
  }
}

function unknownMethod(method: string): Problem {
  return {
    path: ['method'],
    message: `unknown method "${method}"${didYouMean(method, METHOD_NAMES)}, or the path of an ES module`,
  };
}

function optionProblems(issue: z.core.$ZodIssue, known: readonly string[]): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [issue];
  return issue.keys.map((key) => ({ path: [key], message: `is not known here${didYouMean(key, known)}` }));
}

/** Whom texts are asked of, and what may be spent. */
export const compress = z
  .strictObject({
    model: text.describe("The model's name at its endpoint; its key comes from the environment.").exactOptional(),
    endpoint: text
      .describe('OpenAI-compatible address; without it, LIGHTMEM_BASE_URL or OPENAI_BASE_URL.')
      .exactOptional(),
    ...endpointFields,
    local: text
      .describe(
        'A model on this machine (folder, GGUF file, name on the hub): it answers where no other is named, and says what is to be expected in place of the study’s own.',
      )
      .exactOptional(),
    maxConcurrency: integer(1, 4096).describe('Most requests under way at once.').default(64),
    timeoutSeconds: positive(86_400).describe('Longest wait for one whole answer.').default(180),
    ...spendFields,
    onFailure: oneOf(['stop', 'keep-original', 'drop-item'], 'policy')
      .describe(
        'A text that cannot be made ends the study before anything is trained (stop), has the original in its place, marked (keep-original), or has its item left out (drop-item).',
      )
      .default('stop'),
  })
  .superRefine(checkSpending);
