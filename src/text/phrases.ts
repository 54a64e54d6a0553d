/** Phrases of a text: the units that pruning keeps or leaves out whole, so that no name or clause is torn. */

/** A phrase with its place; the phrases joined are the text. */
export interface TextPhrase {
  readonly text: string;
  /** Characters [start, end) in the text. */
  readonly start: number;
  readonly end: number;
}

/** Words that open a phrase: prepositions, conjunctions, relative words, auxiliaries. */
const OPENERS =
  'of|in|on|at|by|for|from|with|to|into|onto|over|under|between|among|after|before|during|since|until|through|across|against|about|as|than|and|or|but|nor|so|yet|while|when|where|which|who|whom|whose|that|because|although|though|if|unless|is|are|was|were|be|been|has|have|had|will|would|can|could|may|might|should|must';

/** A border before an opener or an opening bracket, and after punctuation that ends a clause or sentence. */
const BORDER = new RegExp(
  `(?<=[,;:.!?)\\]。！？，；：、｡､،؛؟।۔።။។]["”’」』)]?\\s*)(?=\\S)|(?<=\\s)(?=(?:${OPENERS})\\s)|(?=[(\\[])|(?<=\\n)`,
  'giu',
);

/** Longest phrase, in words; longer runs are cut so that pruning stays fine enough. */
const MOST_WORDS = 6;

/** The phrases of a text. */
export function phrasesOf(text: string): TextPhrase[] {
  const cuts = new Set([0]);
  for (const match of text.matchAll(BORDER)) if (!insideNumber(text, match.index)) cuts.add(match.index);
  const borders = [...cuts].sort((a, b) => a - b);
  return borders.flatMap((start, index) => fine(text, start, borders[index + 1] ?? text.length));
}

/** A comma or point within a number is no border: `114,394`, `3.5`. */
function insideNumber(text: string, at: number): boolean {
  return /\d[.,:]$/.test(text.slice(Math.max(0, at - 2), at)) && /^\d/.test(text.slice(at));
}

function fine(text: string, start: number, end: number): TextPhrase[] {
  const phrases: TextPhrase[] = [];
  let from = start;
  let words = 0;
  for (const match of text.slice(start, end).matchAll(/\S+\s*/g)) {
    if (++words <= MOST_WORDS) continue;
    phrases.push({ text: text.slice(from, start + match.index), start: from, end: start + match.index });
    from = start + match.index;
    words = 1;
  }
  if (from < end) phrases.push({ text: text.slice(from, end), start: from, end });
  return phrases;
}
