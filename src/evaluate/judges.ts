/** The judges there are, by the names that commands and configurations use. */
import { UserError } from '../core/errors.js';
import type { Judge } from './judge.js';
import { exactJudge } from './judges/exact.js';
import { lexicalJudge } from './judges/lexical.js';

const OFFLINE: Readonly<Record<string, () => Judge>> = { exact: exactJudge, lexical: lexicalJudge };

/** Names of all judges. */
export const JUDGES: readonly string[] = Object.keys(OFFLINE);

/** A judge from its name; throws UserError naming the judges there are. */
export function judgeByName(name: string): Judge {
  const make = Object.hasOwn(OFFLINE, name) ? OFFLINE[name] : undefined;
  if (make === undefined) throw new UserError(`unknown judge "${name}": use one of ${JUDGES.join(', ')}`);
  return make();
}
