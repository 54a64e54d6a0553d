/** What the tokens of an answer say, and how it ended. */
import type { ModelConfig, Tokenizer } from '../models/model.js';

/** Whose answer it is, and strings that end one beside the model's own tokens. */
export interface AnswerTextOptions {
  readonly model: { readonly config: Pick<ModelConfig, 'eosTokenIds'>; readonly tokenizer: Pick<Tokenizer, 'decode'> };
  readonly stop: readonly string[];
}

/** A text up to the first of some strings, trimmed, and whether one of them ended it. */
export function cutAtStop(text: string, stop: readonly string[]): { readonly text: string; readonly isCut: boolean } {
  const cut = stop.map((each) => text.indexOf(each)).filter((index) => index >= 0);
  return { text: (cut.length > 0 ? text.slice(0, Math.min(...cut)) : text).trim(), isCut: cut.length > 0 };
}

/** An answer's text without the token or string that ended it, and whether one did. */
export function answerText(
  tokens: readonly number[],
  { model: { config, tokenizer }, stop }: AnswerTextOptions,
): { readonly text: string; readonly finish: 'stop' | 'length' } {
  const isEnded = config.eosTokenIds.includes(tokens.at(-1) ?? -1);
  const { text, isCut } = cutAtStop(tokenizer.decode(isEnded ? tokens.slice(0, -1) : tokens), stop);
  return { text, finish: isEnded || isCut ? 'stop' : 'length' };
}
