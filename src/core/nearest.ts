/** The name that may have been meant where one is not known. */
import { distance } from 'fastest-levenshtein';

/** Of the names within a third of their length in edits (at least one), the nearest; undefined where none is. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, edits: edits(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3)))
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.candidate;
}

/** Edits from one name to another; letters that only changed places are one. */
function edits(a: string, b: string): number {
  const letters = (name: string): string => [...name].sort().join('');
  return a !== b && letters(a) === letters(b) ? 1 : distance(a, b);
}

/** The end of a sentence about an unknown name: `: did you mean summ_l2?`, else `: use one of …`; nothing where there are none. */
export function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  if (meant !== undefined) return `: did you mean ${meant}? (there are ${known.join(', ')})`;
  return known.length === 0 ? '' : `: use one of ${known.join(', ')}`;
}
