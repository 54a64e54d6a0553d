/** Tokenizers from a Hugging Face tokenizer.json, without special tokens added. */
import { join } from 'node:path';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { UserError, messageOf } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { isObject } from '../../core/json.js';
import { readModelText } from '../formats/hub-config.js';
import type { Tokenizer } from '../model.js';
import { ControlTokens, type AddedToken } from './control-tokens.js';

interface Splitter {
  split(text: string): string[];
}

/** The part of the package's tokenizer that is used; its own types do not resolve under Node's module rules. */
interface PlainTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
  /** Tokens by the text that a piece must be to be one. */
  readonly added_tokens_map: Map<string, { readonly id: number }>;
  /** Cut a text at its added tokens: before it is normalised, and behind. */
  splitter_unnormalized: Splitter;
  splitter_normalized: Splitter;
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
  readonly controls: ControlTokens;
  /** Added tokens that are left out since the model has no embeddings for them. */
  readonly beyond: readonly string[];
}

const id = z.number().int().nonnegative();

/** Tokens and their ids: looked at in one go, as a record's schema takes longer for 150,000 of them than all else that reads a tokenizer. */
type Vocabulary = Readonly<Record<string, number>>;
const isId = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isVocabulary = (value: unknown): value is Vocabulary => isObject(value) && Object.values(value).every(isId);

const schema = z.object({
  model: z.looseObject({
    type: z.literal('BPE', 'only tokenizers of the type "BPE" are supported'),
    vocab: z.custom<Vocabulary>(isVocabulary, 'needs an object of tokens with their ids, whole numbers from 0'),
  }),
  added_tokens: z.array(z.looseObject({ id, content: z.string(), special: z.boolean().optional() })).default([]),
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

/** Set before a control token's text where the package is to see the token: half a character, which no text begins with. */
const TOKEN = '\ud800';

/** Has the package see control tokens only where `controls` does: marked ones are text, and so is a text that is one's letters alone. */
function keepApart(tokenizer: PlainTokenizer, controls: ControlTokens): PlainTokenizer {
  const known = tokenizer.added_tokens_map;
  for (const { content } of controls.tokens) {
    const token = known.get(content);
    if (token) known.set(TOKEN + content, token);
    known.delete(content);
  }
  const unlessControl = (splitter: Splitter): Splitter => {
    const isControl = new Set(controls.tokens.map(({ content }) => content));
    return { split: (text) => joined(splitter.split(text), isControl) };
  };
  const [before, behind] = [
    unlessControl(tokenizer.splitter_unnormalized),
    unlessControl(tokenizer.splitter_normalized),
  ];
  tokenizer.splitter_unnormalized = {
    split: (text) =>
      controls.pieces(text).flatMap((piece) => (piece.token ? [TOKEN + piece.text] : before.split(piece.text))),
  };
  tokenizer.splitter_normalized = behind;
  return tokenizer;
}

/** Pieces put together again where the text was cut at a control token, which here is text. */
function joined(pieces: readonly string[], isControl: ReadonlySet<string>): string[] {
  if (!pieces.some((piece) => isControl.has(piece))) return [...pieces];
  const parts: { text: string; isOpen: boolean }[] = [];
  for (const piece of pieces) {
    const last = parts.at(-1);
    const isText = isControl.has(piece);
    if (last && (isText || last.isOpen)) [last.text, last.isOpen] = [last.text + piece, isText];
    else parts.push({ text: piece, isOpen: isText });
  }
  return parts.map(({ text }) => text);
}

export interface TokenizerOptions {
  /** Tokens that the model has; added tokens beyond them are left out. Default: all that tokenizer.json has. */
  readonly vocabSize?: number;
}

/**
 * A tokenizer from the text of tokenizer.json; `where` names it in errors.
 * Throws UserError where it is no tokenizer or has parts that are not supported.
 */
export function tokenizerFromJson(
  json: string,
  where = 'tokenizer.json',
  options: TokenizerOptions = {},
): SizedTokenizer {
  try {
    const raw = JSON.parse(json) as Record<string, unknown>;
    const { model, added_tokens: all } = schema.parse(raw);
    const isBeyond = ({ id, content }: AddedToken) =>
      id >= (options.vocabSize ?? Infinity) && !Object.hasOwn(model.vocab, content);
    const added = all.filter((token) => !isBeyond(token));
    const largest = added.reduce((most, each) => Math.max(most, each.id), -1);
    const size = Object.values(model.vocab).reduce((most, each) => Math.max(most, each), largest) + 1;
    const controls = new ControlTokens(added);
    // The second argument would be tokenizer_config.json: nothing in it concerns byte-level tokenizers, and its clean-up of spaces loses text.
    const plain = new PlainTokenizer(
      { ...raw, added_tokens: added, pre_tokenizer: exactPreTokenizer(raw['pre_tokenizer']) },
      { clean_up_tokenization_spaces: false },
    );
    const beyond = all.filter(isBeyond).map(({ content }) => content);
    const tokenizer = new JsonTokenizer(keepApart(plain, controls), { json, vocabSize: size, where, controls, beyond });
    tokenizer.decode(tokenizer.encode(PROBE)); // parts of a kind the package cannot apply show only in use
    return tokenizer;
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new UserError(`${where}: not a tokenizer that lightmem reads: ${reason.slice(0, 400)}`);
  }
}

/** A text with all that tokenizers split apart: words, digits, signs, spaces, scripts. */
const PROBE = "It's 12,345 o'clock.\n\tMäuse  武汉 😀";

interface TokenizerParts {
  readonly json: string;
  readonly vocabSize: number;
  readonly where: string;
  readonly controls: ControlTokens;
  readonly beyond: readonly string[];
}

class JsonTokenizer implements SizedTokenizer {
  readonly identity: string;
  readonly json: string;
  readonly vocabSize: number;
  readonly controls: ControlTokens;
  readonly beyond: readonly string[];
  readonly #where: string;

  constructor(
    readonly tokenizer: PlainTokenizer,
    { json, vocabSize, where, controls, beyond }: TokenizerParts,
  ) {
    this.identity = sha256(json);
    this.json = json;
    this.vocabSize = vocabSize;
    this.controls = controls;
    this.beyond = beyond;
    this.#where = where;
  }

  encode(text: string): number[] {
    return this.encodePrompt(this.asText(text));
  }

  encodePrompt(prompt: string): number[] {
    if (prompt === '') return [];
    return this.#guarded(() => this.tokenizer.encode(prompt, { add_special_tokens: false }).ids);
  }

  asText(text: string): string {
    return this.controls.asText(text);
  }

  unmarked(prompt: string): string {
    return this.controls.unmarked(prompt);
  }

  brokenApart(prompt: string): string {
    return this.controls.brokenApart(prompt);
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
      throw new UserError(`${this.#where} has parts that cannot be applied: ${messageOf(error).slice(0, 300)}`);
    }
  }
}

/** What was read last: a study's model is opened to plan it, to run it and to report it, and a large vocabulary takes a second each time. */
let last:
  { readonly path: string; readonly vocabSize: number | undefined; readonly tokenizer: SizedTokenizer } | undefined;

/** The tokenizer of a model folder, read once where its text is the same; throws UserError where tokenizer.json is absent or not supported. */
export function loadTokenizer(folder: string, { vocabSize }: TokenizerOptions = {}): SizedTokenizer {
  const path = join(folder, 'tokenizer.json');
  const json = readModelText(path);
  if (last?.path === path && last.vocabSize === vocabSize && last.tokenizer.json === json) return last.tokenizer;
  const tokenizer = tokenizerFromJson(json, path, vocabSize === undefined ? {} : { vocabSize });
  last = { path, vocabSize, tokenizer };
  return tokenizer;
}
