/** The tokenizer that a GGUF file describes, as a tokenizer.json. */
import { UserError } from '../../core/errors.js';
import type { GgufFile } from '../formats/gguf.js';
import { GPT2_SPLIT, splitBy, tokenizerFromJson, type SizedTokenizer, type TokenizerOptions } from './tokenizer.js';

/** Words as Llama 3 and Qwen2 split them; they differ in how many digits stay together. */
const modernSplit = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

interface Splitting {
  /** Regular expressions applied one after the other. */
  readonly splits: readonly string[];
  /** Whether a word that is a token is taken whole, whatever the merges say. */
  readonly ignoreMerges?: boolean;
  /** Unicode normalisation, where the model's makers apply one. */
  readonly normalizer?: 'NFC';
}

const llama3: Splitting = { splits: [modernSplit('\\p{N}{1,3}')], ignoreMerges: true };
const qwen2: Splitting = { splits: [modernSplit('\\p{N}')], normalizer: 'NFC' };

/** How text is split into words, by llama.cpp's name of it (`tokenizer.ggml.pre`). */
const SPLITTINGS: ReadonlyMap<string, Splitting> = new Map([
  ['gpt-2', { splits: [GPT2_SPLIT] }],
  ['smollm', { splits: ['\\p{N}', GPT2_SPLIT] }],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
]);

/** Kinds of tokens, by their numbers in `tokenizer.ggml.token_type`. */
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;

/**
 * Builds the tokenizer of a GGUF file: byte-level BPE, words split as its pre-tokenizer's name says.
 * Throws UserError where the kind of tokenizer or its pre-tokenizer is not supported, or its lists do not fit each other.
 */
export function ggufTokenizer(file: GgufFile, options: TokenizerOptions = {}): SizedTokenizer {
  return tokenizerFromJson(JSON.stringify(tokenizerJson(file, options)), file.path, options);
}

function tokenizerJson(file: GgufFile, { vocabSize = Infinity }: TokenizerOptions): object {
  const splitting = splittingOf(file);
  const tokens = strings(file, 'tokenizer.ggml.tokens');
  const kinds = kindsOf(file, tokens.length);
  const vocab = new Map<string, number>();
  const added: object[] = [];
  tokens.forEach((content, id) => {
    const kind = kinds[id];
    if (kind === UNUSED) return;
    if (vocab.has(content)) throw new UserError(`${file.path}: token ${JSON.stringify(content)} is there twice`);
    const isAdded = kind === CONTROL || kind === USER_DEFINED;
    if (!isAdded || id < vocabSize) vocab.set(content, id);
    if (isAdded) added.push(addedToken(id, content, kind === CONTROL));
  });
  const pieces = splitting.splits.map(splitBy);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: splitting.normalizer ? { type: splitting.normalizer } : null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...pieces, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      unk_token: null,
      ignore_merges: splitting.ignoreMerges ?? false,
      vocab: Object.fromEntries(vocab),
      merges: mergesOf(file, vocab),
    },
  };
}

function addedToken(id: number, content: string, special: boolean): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

function splittingOf(file: GgufFile): Splitting {
  const model = file.metadata.get('tokenizer.ggml.model');
  if (model !== 'gpt2')
    throw new UserError(
      `${file.path}: a tokenizer of the kind ${quoted(model)} is not supported in GGUF, only byte-level BPE ("gpt2"): use the model's Hugging Face folder`,
    );
  const name = file.metadata.get('tokenizer.ggml.pre');
  const splitting = typeof name === 'string' ? SPLITTINGS.get(name) : undefined;
  if (splitting) return splitting;
  throw new UserError(
    `${file.path}: the pre-tokenizer ${quoted(name)} is not supported, only ${[...SPLITTINGS.keys()].join(', ')}: use the model's Hugging Face folder`,
  );
}

const quoted = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : 'of no name';

function strings(file: GgufFile, key: string): readonly string[] {
  const values = file.metadata.get(key);
  if (Array.isArray(values) && values.length > 0 && values.every((each) => typeof each === 'string')) return values;
  throw new UserError(`${file.path}: ${key} is no list of strings`);
}

function kindsOf(file: GgufFile, length: number): readonly unknown[] {
  const kinds = file.metadata.get('tokenizer.ggml.token_type');
  if (Array.isArray(kinds) && kinds.length === length) return kinds;
  throw new UserError(`${file.path}: tokenizer.ggml.token_type is no list of ${length} kinds of tokens`);
}

function mergesOf(file: GgufFile, vocab: ReadonlyMap<string, number>): [string, string][] {
  return strings(file, 'tokenizer.ggml.merges').map((merge) => {
    // A part may itself begin with a space only in its byte-level spelling, so the first space is the border.
    const border = merge.indexOf(' ', 1);
    const [left, right] = [merge.slice(0, border), merge.slice(border + 1)];
    if (border < 0 || !vocab.has(left + right))
      throw new UserError(`${file.path}: the merge ${JSON.stringify(merge.slice(0, 60))} makes no token`);
    return [left, right];
  });
}
