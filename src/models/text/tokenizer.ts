/** Tokenizers from a Hugging Face tokenizer.json, without special tokens added. */
import { join } from 'node:path';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { UserError, messageOf } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { isObject } from '../../core/json.js';
import { readModelText } from '../formats/hub-config.js';
import type { Tokenizer } from '../model.js';

/** The part of the package's tokenizer that is used; its own types do not resolve under Node's module rules. */
interface PlainTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
}

const PlainTokenizer = HubTokenizer as unknown as new (tokenizer: unknown, config: object) => PlainTokenizer;

/** A tokenizer that knows its vocabulary. */
export interface SizedTokenizer extends Tokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number;
  /** The text of tokenizer.json. */
  readonly json: string;
  /** The id of a token by its text as in tokenizer.json (`<|im_end|>`); undefined where there is none. */
  tokenId(token: string): number | undefined;
}

const id = z.number().int().nonnegative();
const schema = z.object({
  model: z.looseObject({
    type: z.literal('BPE', 'only tokenizers of the type "BPE" are supported'),
    vocab: z.record(z.string(), id),
  }),
  added_tokens: z.array(z.looseObject({ id, content: z.string() })).default([]),
});

/** How GPT-2 splits text into words (Radford et al., 2019), and how a byte-level pre-tokenizer does where it is not told otherwise. */
export const GPT2_SPLIT = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** A pre-tokenizer that makes every match of a regular expression a piece of its own. */
export const splitBy = (regex: string): object => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

/**
 * A pre-tokenizer written so that the package does what the Rust original does: its digits are ASCII's only, and its
 * byte-level words count U+FEFF as a space and U+0085 as none, while its `Split` follows the original's regular expressions.
 */
function exactPreTokenizer(raw: unknown): unknown {
  if (!isObject(raw)) return raw;
  const parts: unknown = raw['pretokenizers'];
  if (raw['type'] === 'Sequence' && Array.isArray(parts))
    return { ...raw, pretokenizers: parts.map(exactPreTokenizer) };
  if (raw['type'] === 'Split') return checkedSplit(raw);
  if (raw['type'] === 'Digits') return splitBy(raw['individual_digits'] === true ? '\\p{N}' : '\\p{N}+');
  if (raw['type'] !== 'ByteLevel' || raw['use_regex'] === false || raw['add_prefix_space'] === true) return raw;
  return { type: 'Sequence', pretokenizers: [splitBy(GPT2_SPLIT), { ...raw, use_regex: false }] };
}

/** A `Split` as it is; the package would pass over a pattern it does not know, and give other tokens. */
function checkedSplit(raw: Record<string, unknown>): unknown {
  const { pattern, behavior } = raw;
  const known = isObject(pattern) && [pattern['Regex'], pattern['String']].some((each) => typeof each === 'string');
  if (known && typeof behavior === 'string') return raw;
  throw new UserError('a pre-tokenizer "Split" needs a pattern ("Regex" or "String") and a behavior');
}

/**
 * A tokenizer from the text of tokenizer.json; `where` names it in errors.
 * Throws UserError where it is no tokenizer or has parts that are not supported.
 */
export function tokenizerFromJson(json: string, where = 'tokenizer.json'): SizedTokenizer {
  try {
    const raw = JSON.parse(json) as Record<string, unknown>;
    const { model, added_tokens: added } = schema.parse(raw);
    const size =
      [...Object.values(model.vocab), ...added.map((each) => each.id)].reduce((a, b) => Math.max(a, b), -1) + 1;
    // The second argument would be tokenizer_config.json: nothing in it concerns byte-level tokenizers, and its clean-up of spaces loses text.
    const tokenizer = new JsonTokenizer(
      new PlainTokenizer(
        { ...raw, pre_tokenizer: exactPreTokenizer(raw['pre_tokenizer']) },
        { clean_up_tokenization_spaces: false },
      ),
      json,
      size,
      where,
    );
    tokenizer.decode(tokenizer.encode(PROBE)); // parts of a kind the package cannot apply show only in use
    return tokenizer;
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new UserError(`${where}: not a tokenizer that lightmem reads: ${reason.slice(0, 400)}`);
  }
}

/** A text with all that tokenizers split apart: words, digits, signs, spaces, scripts. */
const PROBE = "It's 12,345 o'clock.\n\tMäuse  武汉 😀";

class JsonTokenizer implements SizedTokenizer {
  readonly identity: string;

  constructor(
    readonly tokenizer: PlainTokenizer,
    readonly json: string,
    readonly vocabSize: number,
    readonly where: string,
  ) {
    this.identity = sha256(json);
  }

  encode(text: string): number[] {
    if (text === '') return [];
    return this.#guarded(() => this.tokenizer.encode(text, { add_special_tokens: false }).ids);
  }

  encodeBatch(texts: readonly string[]): number[][] {
    return texts.map((text) => this.encode(text));
  }

  /** Nothing is left out: special tokens appear as their text, ids beyond the vocabulary (a padded head can give some) as U+FFFD. */
  decode(ids: readonly number[]): string {
    const runs: number[][] = [[]];
    for (const each of ids) {
      if (this.tokenizer.id_to_token(each) === undefined) runs.push([]);
      else runs.at(-1)?.push(each);
    }
    return runs.map((run) => this.#decodeKnown(run)).join('\uFFFD');
  }

  tokenId(token: string): number | undefined {
    return this.tokenizer.token_to_id(token);
  }

  #decodeKnown(ids: number[]): string {
    if (ids.length === 0) return '';
    return this.#guarded(() =>
      this.tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    );
  }

  /** What the package throws on parts it cannot apply is the file's fault, not ours. */
  #guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new UserError(`${this.where} has parts that cannot be applied: ${messageOf(error).slice(0, 300)}`);
    }
  }
}

/** The tokenizer of a model folder; throws UserError where tokenizer.json is absent or not supported. */
export function loadTokenizer(folder: string): SizedTokenizer {
  const path = join(folder, 'tokenizer.json');
  return tokenizerFromJson(readModelText(path), path);
}
