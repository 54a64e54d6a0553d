/** The table of methods: to add one, write its entry, put it here, and run the contract's suite over it. */
import { UserError } from '../core/errors.js';
import type { Level } from '../core/levels.js';
import { didYouMean } from '../core/nearest.js';
import type { MethodEntry } from './entry.js';
import { extract } from './methods/extract.js';
import { hybrid } from './methods/hybrid.js';
import { prune } from './methods/prune.js';
import { recorded } from './methods/recorded.js';
import { select } from './methods/select.js';
import { summarize } from './methods/summarize.js';
import { isModulePath, moduleEntry } from './methods/user-module.js';

export const METHODS: readonly MethodEntry[] = [summarize, extract, hybrid, select, prune, recorded];

/** The levels that the methods offer. */
export const OFFERED_LEVELS: readonly Level[] = METHODS.flatMap(({ forms }) => forms.map(({ level }) => level));

/** The entry of a name, or of an ES module's path. Throws UserError where there is none. */
export async function methodEntry(name: string): Promise<MethodEntry> {
  if (isModulePath(name)) return moduleEntry(name);
  const entry = METHODS.find((each) => each.name === name);
  if (entry !== undefined) return entry;
  const meant = didYouMean(
    name,
    METHODS.map((each) => each.name),
  );
  throw new UserError(`unknown method "${name}"${meant}, or the path of an ES module`);
}
