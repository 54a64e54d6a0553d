/** How the report names runs and their places in the grid. */
import type { Book } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { bookName, counted, shortLevel } from '../analysis/wording.js';

interface Place {
  readonly book: Book;
  readonly level: Level | 'none';
  readonly rank: number;
  readonly items: number;
}

/** A place in the grid without its data set: `L2, rank 8, 60 items`, `closed book, rank 4, 15 items`, `original, base model`. */
export function placeName(
  { book, level, rank, items }: Place,
  show: { readonly amount: boolean } = { amount: true },
): string {
  const text = level === 'none' ? [] : [shortLevel(level)];
  const kind = book === 'open' && level !== 'none' ? [] : [bookName(book)];
  const adapter = rank === 0 ? ['base model'] : [`rank ${rank}`, ...(show.amount ? [counted(items, 'item')] : [])];
  return [...kind, ...text, ...adapter].join(', ');
}
