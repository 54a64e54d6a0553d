/** Levels: names of the forms a text can take. The study has seven; methods, modules and data files may bring any other. */
import { UserError } from './errors.js';

/** The seven levels of the study, from the whole text to a phrase, and its structured form. */
export const STUDY_LEVELS = ['original', 'summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'ext'] as const;

/**
 * A level's name: 1 to 60 letters (of any script), digits, `_`, `-`, `=` and `.`, and not `none`, which stands for no text
 * at all. The study's own are listed for editors only. After the first `=` stands the amount: `select=0.4`, `summ_l2=80w`.
 */
export type Level = (typeof STUDY_LEVELS)[number] | (string & Record<never, never>);

const NAME = /^[\p{L}\p{M}\p{N}_.=-]{1,60}$/u;

/** What may be in a name, for messages. */
export const LEVEL_RULE = 'use 1 to 60 letters, digits, "_", "-", "=" and ".", and not "none"';

/** Whether a text can be a level's name; what every object has a property of (`constructor`, `__proto__` …) cannot. */
export function isLevel(name: string): boolean {
  return NAME.test(name) && /[\p{L}\p{N}]/u.test(name) && name !== 'none' && !(name in {});
}

/** A level's name in the one form it is kept in: trimmed, in Unicode's form C, `L2` (as reports call it) written `summ_l2`. */
export function levelName(text: string): string {
  return text
    .trim()
    .normalize('NFC')
    .replace(/^L(?=[1-5](?:=|$))/, 'summ_l');
}

/** A level from its name; throws UserError for what is none. */
export function parseLevel(text: string): Level {
  const name = levelName(text);
  if (isLevel(name)) return name;
  throw new UserError(`invalid level "${text}": ${LEVEL_RULE}`);
}

/** A level's name without its amount: `select` of `select=0.4`. */
export function levelStem(level: Level): string {
  return level.split('=', 1)[0] ?? level;
}

/** What a level shares with those that differ from it in amount or number alone: `summ_l` for `summ_l2`, `select` for `select=0.4`. */
export function levelFamily(level: Level): string {
  return levelStem(level).replace(/(?<=\p{L}.*)[\p{N}.]+$/u, '');
}

/** Families that a field of a data file is known by for a text at a level, without being told. */
const FAMILIES: ReadonlySet<string> = new Set(['original', 'summ_l', 'ext', 'hybrid', 'select', 'prune']);

/** Whether a name says by itself that it is a level's: one of the study's or of the methods that come with lightmem. */
export function isFamiliarLevel(name: string): boolean {
  return isLevel(name) && FAMILIES.has(levelFamily(name));
}
