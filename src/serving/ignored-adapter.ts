/** Whether a server takes no notice of an adapter: it then answers as the base, to the last digit. */
import type { Completion } from './dialect.js';

/** Differences of log-probabilities below this are none, even where a server's are the same each time. */
const LEAST = 1e-6;

/** What the base answered to some prompts, twice, and the adapter between. */
export interface Comparison {
  readonly base: readonly Completion[];
  readonly adapter: readonly Completion[];
  readonly again: readonly Completion[];
}

/**
 * Whether the adapter's answers are the base's: the same words, and, where the server tells log-probabilities, no further from the
 * base's than the base's own are when it is asked again.
 */
export function isIgnored({ base, adapter, again }: Comparison): boolean {
  const saysTheSame = base.every((each, i) => words(each) === words(adapter[i]));
  if (!saysTheSame) return false;
  const noise = Math.max(LEAST, ...base.map((each, i) => distance(each, again[i])));
  return adapter.every((each, i) => distance(each, base[i]) <= noise);
}

/** Whether the server told log-probabilities, so that the comparison rests on more than words. */
export function tellsProbabilities({ base, adapter }: Comparison): boolean {
  return [...base, ...adapter].every(({ logprobs }) => logprobs !== null);
}

const words = (each: Completion | undefined): string => JSON.stringify(each?.answer ?? null);

/** The largest difference of two answers' log-probabilities; 0 where they are not told. */
function distance(one: Completion, other: Completion | undefined): number {
  const [a, b] = [one.logprobs, other?.logprobs];
  if (a === null || a === undefined || b === null || b === undefined) return 0;
  return a.slice(0, b.length).reduce((most, each, i) => Math.max(most, Math.abs(each - (b[i] ?? each))), 0);
}
