/** Which ranks are worth a try: from the least that could hold what is to be learnt up to where capacity does not bind. */

/** Bits that a parameter of an adapter holds. */
export const MARKS = {
  /** The most of pretraining (Allen-Zhu and Li, 2024, "Physics of language models: part 3.3"). */
  most: 2,
  /** What adapters of small bases were seen to hold of facts in a closed book: 0.03 here, 0.05 to 0.4 elsewhere; rounded down. */
  facts: 0.02,
} as const;

export interface RankFloor {
  /** Of the answers that the base does not know. */
  readonly bits: number;
  /** Parameters of an adapter for each unit of rank. */
  readonly parametersPerRank: number;
  /** The least rank whose parameters could hold the bits at all. */
  readonly least: number;
  /** The rank from which they have room at what facts were seen to take. */
  readonly ample: number;
}

/** Both ends, at least 1. */
export function rankFloor(bits: number, parametersPerRank: number): RankFloor {
  const needed = (mark: number): number => Math.max(1, Math.ceil(bits / (mark * parametersPerRank)));
  return { bits, parametersPerRank, least: needed(MARKS.most), ample: needed(MARKS.facts) };
}

/** However little is to be learnt, larger ranks learn it in fewer steps: up to this one they are tried. */
const USUAL = 16;
const LARGEST = 512;
/** Ranks are tried in steps of this factor. */
const STEP = 4;

/** Ranks to try, the middle ones first. */
export function ranksToTry({ least, ample }: RankFloor): number[] {
  const last = Math.min(LARGEST, Math.max(USUAL, power(ample)));
  const ranks: number[] = [];
  for (let rank = last; rank >= least && rank >= 1; rank = Math.floor(rank / STEP)) ranks.push(rank);
  return ranks.length === 0 ? [Math.min(LARGEST, power(least))] : middleFirst(ranks.reverse());
}

/** The smallest power of two that is not smaller. */
function power(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}

/** By distance from the middle, of equals the larger first. */
export function middleFirst(ascending: readonly number[]): number[] {
  const middle = (ascending.length - 1) / 2;
  return ascending
    .map((value, i) => ({ value, distance: Math.abs(i - middle) }))
    .sort((a, b) => a.distance - b.distance || b.value - a.value)
    .map(({ value }) => value);
}
