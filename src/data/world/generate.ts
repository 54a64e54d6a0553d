/** The synthetic world: any number of items from a seed, as articles or as dialogues, at every level, with questions whose answers and information are known. */
import { UserErrors } from '../../core/errors.js';
import { STUDY_LEVELS, type Level } from '../../core/levels.js';
import type { Item } from '../../core/records.js';
import { article, type ArticleOptions } from './articles.js';
import { dialogueItem } from './dialogue-texts.js';
import { ATTRIBUTES, FILLERS } from './language.js';

export type WorldKind = 'articles' | 'dialogues';

/** What to generate; `facts`, `fillers` and `distractors` shape articles only. */
export interface WorldOptions extends ArticleOptions {
  readonly kind: WorldKind;
  /** How many items; up to 500 have full names of two words, later ones a number after them. */
  readonly items: number;
}

/** The item at an index; it depends on the options other than `items`, and on the index alone. */
export function worldItem(options: Omit<WorldOptions, 'items'>, index: number): Item {
  const levels: readonly Level[] = options.levels ?? STUDY_LEVELS;
  const { seed, partition } = options;
  if (options.kind === 'articles') return article(index, options, levels);
  return dialogueItem(index, { seed, partition }, levels);
}

/** All items of a world, no two about the same subject in a study. Throws UserErrors on numbers that no world has. */
export function generateWorld(options: WorldOptions): Item[] {
  checkOptions(options);
  return Array.from({ length: options.items }, (_, index) => worldItem(options, index));
}

/** Facts that an article of any kind can have. */
export const MOST_FACTS = Math.min(...Object.values(ATTRIBUTES).map((each) => each.length));

function checkOptions(options: WorldOptions): void {
  const ranges = [
    ['seed', options.seed, 0, Number.MAX_SAFE_INTEGER],
    ['items', options.items, 0, 1_000_000],
    ['facts', options.facts ?? 1, 1, MOST_FACTS],
    ['fillers', options.fillers ?? 0, 0, FILLERS.length],
    ['distractors', options.distractors ?? 0, 0, MOST_FACTS],
  ] as const;
  const problems = ranges
    .filter(([, value, low, high]) => !Number.isInteger(value) || value < low || value > high)
    .map(([name, value, low, high]) => `invalid ${name} "${value}": use an integer from ${low} to ${high}`);
  if (problems.length > 0) throw new UserErrors('a world cannot be generated:', problems);
}
