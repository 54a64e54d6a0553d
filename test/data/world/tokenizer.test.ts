/** The bundled tokenizer: reads any text and gives it back, alike in both libraries, and splits the world's words little. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer as RustTokenizer } from 'tokenizers';
import { generateWorld } from '../../../src/data/world/generate.js';
import { loadChatTemplate } from '../../../src/models/text/chat-template.js';
import { BASE_FOLDER, bundledTokenizer, mean } from './texts.js';

const tokenizer = bundledTokenizer();
const texts = (['articles', 'dialogues'] as const).flatMap((kind) =>
  generateWorld({ seed: 9, items: 30, kind, partition: 'study' }).flatMap((item) =>
    Object.values(item.texts).map((each) => each.text),
  ),
);

describe('the bundled tokenizer', () => {
  it('gives any text back', () => {
    const odd = ['naïve café 東京 🙂', ' two  spaces\n\n', '\ttab', '', '{"a": [1, -2.5e3]}', "it's <|im_end|> here"];
    for (const text of [...odd, ...texts]) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(texts).toHaveLength(420);
  });

  it('reads the same in the Rust library', async () => {
    const rust = RustTokenizer.fromFile(join(BASE_FOLDER, 'tokenizer.json'));
    for (const text of texts.slice(0, 60)) {
      const encoded = await rust.encode(text, null, { addSpecialTokens: false });
      expect([...encoded.getIds()]).toEqual(tokenizer.encode(text));
    }
  });

  it('needs less than 1.6 tokens for a word of an article', () => {
    const articles = generateWorld({ seed: 9, items: 50, kind: 'articles', partition: 'study', levels: ['original'] });
    const perWord = articles.map((item) => {
      const text = item.texts.original?.text ?? '';
      return tokenizer.encode(text).length / text.split(' ').length;
    });
    expect(mean(perWord)).toBeLessThan(1.6);
  });

  it('has its special tokens first, and a chat template of their making', () => {
    expect(tokenizer.encodePrompt('<|endoftext|><|im_start|><|im_end|>')).toEqual([0, 1, 2]);
    expect(tokenizer.vocabSize).toBeLessThanOrEqual(2560);
    const template = loadChatTemplate(BASE_FOLDER);
    expect(template.endOfTurn).toBe('<|im_end|>');
    expect(template.render([{ role: 'user', content: 'Who?' }])).toBe(
      '<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n',
    );
  });
});
