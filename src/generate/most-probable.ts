/** The most probable of all tokens, with their probabilities as labels. */
import type { Labels } from '../models/graph/packing.js';

/** What is said in one place: some tokens, and the probability of all others. */
export interface Place {
  readonly labels: Labels;
  readonly missing: number;
}

/** Digits that a probability in f32 is worth. */
const DIGITS = 7;

/** Indices of the k largest values, the largest first, of equal ones the first first. */
function largest(values: Float32Array, k: number): number[] {
  const found: number[] = [];
  let least = -Infinity;
  values.forEach((value, index) => {
    if (found.length === k && !(value > least)) return;
    let place = found.length;
    while (place > 0 && (values[found[place - 1] ?? 0] ?? 0) < value) place--;
    found.splice(place, 0, index);
    if (found.length > k) found.pop();
    least = values[found.at(-1) ?? 0] ?? 0;
  });
  return found;
}

/** The k most probable tokens, their probabilities made to add up to 1, and how much they were short of it; in seven digits. */
export function mostProbable(probabilities: Float32Array, k: number): Place {
  const tokens = largest(probabilities, k);
  const kept = tokens.map((token) => probabilities[token] ?? 0);
  const sum = kept.reduce((a, b) => a + b, 0);
  return {
    labels: { tokens, weights: kept.map((each) => Number((each / sum).toPrecision(DIGITS))) },
    missing: Math.max(0, Number((1 - sum).toFixed(DIGITS))),
  };
}
