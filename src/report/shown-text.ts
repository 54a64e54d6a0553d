/** How much a page carries of the texts that were shown with questions. */
import { clipped } from '../text/visible.js';

/** Characters that all texts together may take, and those of one. */
const MOST_CHARACTERS = 4_000_000;
const [FEWEST_OF_TEXT, MOST_OF_TEXT] = [200, 2000];

/** A text as a page carries it beside `count` in all: its beginning, saying how much is left out. */
export function shownText(text: string, count: number): string {
  const share = Math.floor(MOST_CHARACTERS / Math.max(1, count));
  return clipped(text, Math.max(FEWEST_OF_TEXT, Math.min(MOST_OF_TEXT, share)));
}
