/** A surprisal model for tests: a word's surprisal is its length, and small words surprise little. */
import { plainTokenizer } from '../../models/support/plain-tokenizer.js';
import type { SurprisalModel } from '../../../src/compress/method.js';

/** One token per character run with the blank before it; ids are places in a growing table. */
export function wordModel(): SurprisalModel {
  const pieces: string[] = [];
  const ids = new Map<string, number>();
  const idOf = (piece: string): number => {
    const known = ids.get(piece) ?? pieces.push(piece) - 1;
    ids.set(piece, known);
    return known;
  };
  const encode = (text: string): number[] => (text.match(/\s*[\p{L}\p{N}]+|\s*[^\s\p{L}\p{N}]|\s+/gu) ?? []).map(idOf);
  const tokenizer = plainTokenizer({
    encode,
    decode: (tokens) => tokens.map((id) => pieces[id] ?? '').join(''),
    identity: 'word-tokenizer',
  });
  return {
    identity: { kind: 'word-model' },
    name: 'words',
    tokenizer,
    maxTokens: 100_000,
    surprisal: (sequences) =>
      Promise.resolve(sequences.map((row) => row.map((id) => (pieces[id] ?? '').trim().length))),
  };
}
