/** What an adapter costs its base in general: surprise on text that nobody trained on, and on the base's own samples. */
import { clusteredMean, type MeanEstimate } from '../../core/statistics.js';
import type { Engine } from '../../engine/engine.js';
import { SurprisalScorer } from '../../generate/surprisal.js';
import type { LoadedModel } from '../../models/model.js';

/** Tokens of one sequence that is scored. */
const SEQUENCE = 256;
const BITS_PER_NAT = 1 / Math.LN2;

/** Texts as sequences of tokens, at most `most` in all. */
export function sequencesOf(texts: readonly string[], model: LoadedModel, most: number): number[][] {
  const sequences: number[][] = [];
  let left = most;
  for (const text of texts) {
    const tokens = model.tokenizer.encode(text).slice(0, left);
    for (let at = 0; at < tokens.length; at += SEQUENCE) sequences.push(tokens.slice(at, at + SEQUENCE));
    left -= tokens.length;
  }
  return sequences.filter((sequence) => sequence.length > 1);
}

/** −ln p of every token of the sequences, in nats. */
export async function surprises(
  model: LoadedModel,
  engine: Engine,
  sequences: readonly (readonly number[])[],
): Promise<number[][]> {
  const scorer = new SurprisalScorer(model, engine);
  try {
    return await scorer.surprisal(sequences.map((sequence) => sequence.slice(0, scorer.maxTokens)));
  } finally {
    await scorer.dispose();
  }
}

/**
 * Mean rise of the surprise in bits a token, with an interval from whole sequences. On held-out text that is the loss the adapter
 * costs; on samples of the base it is an unbiased estimate of the Kullback–Leibler divergence of the adapter from it.
 */
export function rise(base: readonly (readonly number[])[], adapted: readonly (readonly number[])[]): MeanEstimate {
  return clusteredMean(
    base.flatMap((row, sequence) =>
      row.map((nats, at) => ({
        cluster: String(sequence),
        value: ((adapted[sequence]?.[at] ?? NaN) - nats) * BITS_PER_NAT,
      })),
    ),
  );
}
