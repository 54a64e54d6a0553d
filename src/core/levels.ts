/** Levels: the forms a text can take, in the study's order from most to least text. */
import { UserError } from './errors.js';

export const LEVELS = [
  'original',
  'summ_l1',
  'summ_l2',
  'summ_l3',
  'summ_l4',
  'summ_l5',
  'ext',
  'hybrid',
  'select',
  'prune',
] as const;

export type Level = (typeof LEVELS)[number];

/** The seven levels of the study. */
export const STUDY_LEVELS = ['original', 'summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'ext'] as const;

/** Whether a name is a level. */
export function isLevel(name: string): name is Level {
  return (LEVELS as readonly string[]).includes(name);
}

/** A level from its name; throws UserError naming the levels there are. */
export function parseLevel(name: string): Level {
  if (isLevel(name)) return name;
  throw new UserError(`unknown level "${name}": use one of ${LEVELS.join(', ')}`);
}
