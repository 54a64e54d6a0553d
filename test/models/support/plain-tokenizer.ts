/** A tokenizer without control tokens, from how it encodes and decodes. */
import type { Tokenizer } from '../../../src/models/model.js';

export function plainTokenizer({
  encode,
  decode,
  identity,
}: Pick<Tokenizer, 'encode' | 'decode' | 'identity'>): Tokenizer {
  const same = (text: string): string => text;
  const encodeBatch = (texts: readonly string[]): number[][] => texts.map(encode);
  return {
    encode,
    encodePrompt: encode,
    encodeBatch,
    decode,
    identity,
    asText: same,
    unmarked: same,
    brokenApart: same,
  };
}

/** One that knows no text, for what needs none. */
export const noTokenizer = plainTokenizer({ encode: () => [], decode: (ids) => ids.join(' '), identity: 'none' });
