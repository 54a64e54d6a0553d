/** How the report names runs and their places in the grid. */
import type { Book, TextControl } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { bookName, counted, shortLevel } from '../analysis/wording.js';
import { browseWords } from '../words/browse.js';
import { numberWords } from '../words/numbers.js';

interface Place {
  readonly book: Book;
  /** Set where texts were trained on: what was made of them, and what it is compared with. */
  readonly form?: string | null;
  readonly control?: TextControl | null;
  readonly level: Level | 'none';
  readonly rank: number;
  readonly items: number;
}

interface NameOptions {
  /** Whether the number of items is named. */
  readonly amount: boolean;
}

/** A place in the grid without its data set: `L2, rank 8, 60 items`, `closed book, rank 4, 15 items`, `original, base model`. */
export function placeName(place: Place, { amount }: NameOptions = { amount: true }): string {
  const { rank, items } = place;
  const { parts, base, rank: rankName } = numberWords();
  if (place.book === 'text' && rank === 0) return parts(...textWords(place));
  const adapter = rank === 0 ? [base] : [rankName(rank), ...(amount ? [counted(items, 'item')] : [])];
  return parts(...textWords(place), ...adapter);
}

/** The same without the rank: `L2`, `closed book, 15 items`. */
export function placeWithoutRank(place: Place, { amount }: NameOptions): string {
  const isCounted = amount && place.rank > 0;
  return numberWords().parts(...textWords(place), ...(isCounted ? [counted(place.items, 'item')] : []));
}

function textWords(place: Place): string[] {
  const { book, level } = place;
  if (book === 'text')
    return [trainedAs(place), ...(level === 'none' ? [] : [shortLevel(level)])].filter((word) => word !== '');
  const kind = book === 'open' && level !== 'none' ? [] : [bookName(book)];
  return [...kind, ...(level === 'none' ? [] : [shortLevel(level)])];
}

/** What was trained on, or what it is compared with: `mix`, `base with text`, `other documents as mix`. */
export function trainedAs({ form = null, control = null }: Pick<Place, 'form' | 'control'>): string {
  if (control === null) return form ?? '';
  const words = browseWords();
  return control === 'other documents' ? words.otherDocumentsAs(form) : words.control[control];
}
