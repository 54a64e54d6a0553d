/** The table of methods: to add one, write its entry, put it here, and run the contract's suite over it. */
import { UserError } from '../core/errors.js';
import type { Level } from '../core/levels.js';
import { didYouMean } from '../core/nearest.js';
import { spelt } from '../core/spelling.js';
import type { MethodEntry } from './entry.js';
import { extract } from './methods/extract.js';
import { hybrid } from './methods/hybrid.js';
import { prune } from './methods/prune.js';
import { recorded } from './methods/recorded.js';
import { select } from './methods/select.js';
import { summarize } from './methods/summarize.js';
import { isModulePath, moduleEntry } from './methods/user-module.js';

export const METHODS: readonly MethodEntry[] = [summarize, extract, hybrid, select, prune, recorded];

export const METHOD_NAMES: readonly string[] = METHODS.map(({ name }) => name);

/** The levels that the methods offer. */
export const OFFERED_LEVELS: readonly Level[] = METHODS.flatMap(({ forms }) => forms.map(({ level }) => level));

/** The entry of a name, or of an ES module's path. Throws UserError where there is none. */
export async function methodEntry(name: string): Promise<MethodEntry> {
  if (isModulePath(name)) return moduleEntry(name);
  const entry = namedMethod(name);
  if (entry !== undefined) return entry;
  const meant = didYouMean(name, METHOD_NAMES);
  throw new UserError(`unknown method "${name}"${meant}, or the path of an ES module`);
}

/** The entry of a name, in British or American spelling; undefined where there is none. */
export function namedMethod(name: string): MethodEntry | undefined {
  const known = spelt(name, METHOD_NAMES);
  return METHODS.find((each) => each.name === known);
}
