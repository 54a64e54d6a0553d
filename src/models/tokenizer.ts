/** Tokenizers from a Hugging Face tokenizer.json, without special tokens added. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { Tokenizer } from './model.js';

export interface SizedTokenizer extends Tokenizer {
  readonly vocabSize: number;
}

/** A tokenizer from the text of tokenizer.json and of tokenizer_config.json. */
export function tokenizerFromJson(json: string, config = '{}'): SizedTokenizer {
  const parsed = JSON.parse(json) as { model: { vocab: Record<string, number> }; added_tokens?: { id: number }[] };
  const tokenizer = new HubTokenizer(parsed, JSON.parse(config) as object);
  const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const ids = [...Object.values(parsed.model.vocab), ...(parsed.added_tokens ?? []).map((each) => each.id)];
  return {
    encode,
    encodeBatch: (texts) => texts.map(encode),
    decode: (tokens) =>
      tokenizer.decode([...tokens], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    identity: sha256(json),
    vocabSize: ids.reduce((a, b) => Math.max(a, b), 0) + 1,
  };
}

/** The tokenizer of a model folder; throws UserError where tokenizer.json is absent. */
export function loadTokenizer(folder: string): SizedTokenizer {
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      throw new UserError(`${join(folder, name)} cannot be read: a model folder needs it`);
    }
  };
  return tokenizerFromJson(read('tokenizer.json'), read('tokenizer_config.json'));
}
