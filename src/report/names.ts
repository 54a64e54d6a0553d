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

/** Seconds as people read them: `9.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
