/** Choosing the next token from logits: greedy, or drawn at a temperature from a seeded stream. */
import type { Random } from '../core/random.js';

/** Index of the greatest value; the first of several. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

/** Draws from softmax(logits / temperature); temperature 0 is greedy. */
export function sample(logits: Float32Array, temperature: number, random: Random): number {
  const top = argmax(logits);
  if (temperature === 0) return top;
  const greatest = logits[top] as number;
  const weights = new Float32Array(logits.length);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    weights[i] = Math.exp(((logits[i] as number) - greatest) / temperature);
    sum += weights[i] as number;
  }
  let left = random.uniform() * sum;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i] as number;
    if (left < 0) return i;
  }
  return top;
}
