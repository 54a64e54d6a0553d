/** Ways in which simulated answers hang together and fall on the scale. */
import type { Random } from '../../src/core/random.js';

/** Variances of the latent ability's parts, which sum to 1, and the scores that it is cut into. */
export interface Shape {
  readonly item: number;
  readonly question: number;
  readonly itemAtLevel: number;
  readonly questionAtLevel: number;
  readonly own: number;
  /** Where the latent ability is cut into the scores 1 to 5. */
  readonly cuts: readonly number[];
  /** Score for each unit of the latent ability, so that losses and noise are given in score. */
  readonly slope: number;
  /** Where it is cut into wrong and right. */
  readonly right: number;
  /** By how much an item with e times as many questions is harder. */
  readonly length: number;
  /** Questions of one item, from their usual number. */
  readonly questionsOf: (usual: number, random: Random) => number;
  /** An item's ease, of variance 1. */
  readonly ease: (random: Random) => number;
}

/** Shares of the scores 1 to 5 as a real base model had them (26, 8, 20, 14 and 32 %), correlations as its answers'; nine of ten right. */
const USUAL: Shape = {
  ...{ item: 0.35, question: 0.35, itemAtLevel: 0.05, questionAtLevel: 0.1, own: 0.15 },
  cuts: [-0.643, -0.412, 0.1, 0.468],
  slope: 1.46,
  right: -1.2816,
  length: 0,
  questionsOf: (usual) => usual,
  ease: (random) => random.normal(),
};

export type ShapeName = 'usual' | 'loose' | 'tight' | 'ragged' | 'ceiling' | 'outliers';

export const SHAPES: Readonly<Record<ShapeName, Shape>> = {
  usual: USUAL,
  /** Answers that hang little together: levels and runs agree on little. */
  loose: { ...USUAL, item: 0.15, question: 0.15, itemAtLevel: 0.1, questionAtLevel: 0.2, own: 0.4 },
  /** Items nearly all right or all wrong, runs nearly alike. */
  tight: { ...USUAL, item: 0.6, question: 0.25, itemAtLevel: 0.08, questionAtLevel: 0.03, own: 0.04 },
  /** From a fifth to five times as many questions, as real documents have; items with many are harder. */
  ragged: {
    ...USUAL,
    length: 0.2,
    questionsOf: (usual, random) => Math.max(1, Math.round((usual / 1.6) * Math.exp(0.9 * random.normal()))),
  },
  /** Three of four answers have the score 5; 98 of 100 are right. */
  ceiling: { ...USUAL, cuts: [-1.88, -1.55, -1.17, -0.67], slope: 0.93, right: -2.0537 },
  /** A few items far easier or harder than all others (Student's t with four degrees of freedom). */
  outliers: {
    ...USUAL,
    ease: (random) => {
      const squares = Array.from({ length: 4 }, () => random.normal() ** 2).reduce((sum, each) => sum + each, 0);
      return random.normal() / Math.sqrt(squares / 4) / Math.SQRT2;
    },
  },
};
