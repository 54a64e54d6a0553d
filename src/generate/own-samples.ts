/** What a model writes by itself: samples of what it knows, without a question or a text. */
import type { Engine } from '../engine/engine.js';
import type { LoadedModel } from '../models/model.js';
import { Generator } from './generator.js';

export interface OwnSamplesSettings {
  readonly count: number;
  /** Longest sample, in tokens. */
  readonly tokens: number;
  readonly seed: number;
}

/** Samples at temperature 1, as tokens: the same for the same model and settings; empty ones are left out. */
export async function ownSamples(
  model: LoadedModel,
  engine: Engine,
  { count, tokens, seed }: OwnSamplesSettings,
): Promise<number[][]> {
  const { bosTokenId, eosTokenIds } = model.config;
  const start = bosTokenId ?? eosTokenIds[0] ?? 0;
  const generator = await Generator.create({
    ...{ engine, config: model.config, tokenizer: model.tokenizer, training: { kind: 'none' } },
    values: ({ name }) => model.weights.read(name),
    positions: tokens + 2,
  });
  try {
    const prompts = Array.from({ length: count }, (_, i) => ({ id: `sample-${i}`, group: '', tokens: [start] }));
    const settings = { maxNewTokens: tokens, temperature: 1, seed, stop: [] };
    const made = await generator.generate(prompts, settings);
    return made.map((each) => [...each.tokens]).filter((each) => each.length > 1);
  } finally {
    await generator.dispose();
  }
}
