/** The synthetic world: any number of items from a seed, as articles or as dialogues, at every level, with questions whose answers and information are known. */
import { STUDY_LEVELS, type Level } from '../../core/levels.js';
import type { Item } from '../../core/records.js';
import { article, type ArticleOptions } from './articles.js';
import { dialogueItem } from './dialogues.js';

export type WorldKind = 'articles' | 'dialogues';

export interface WorldOptions extends ArticleOptions {
  readonly kind: WorldKind;
  /** How many items. */
  readonly items: number;
}

/** The item at an index; it depends on the options and the index alone. */
export function worldItem(options: Omit<WorldOptions, 'items'>, index: number): Item {
  const levels: readonly Level[] = options.levels ?? STUDY_LEVELS;
  const { seed, partition } = options;
  if (options.kind === 'articles') return article(index, options, levels);
  return dialogueItem(index, { seed, partition }, levels);
}

/** All items of a world. */
export function generateWorld(options: WorldOptions): Item[] {
  return Array.from({ length: options.items }, (_, index) => worldItem(options, index));
}
