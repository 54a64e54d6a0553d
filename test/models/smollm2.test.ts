import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/models/load.js';
import { PromptRenderer } from '../../src/models/text/prompt.js';
import { smollm2Path, wikiUpdatePath } from './support/dev-files.js';

interface Golden {
  tensors: Record<string, string>;
  articles: { id: string; tokens: number; digest: string }[];
  prompt: string;
  prompt_without_system: string;
  prompt_ids: number[];
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/models/smollm2.json', import.meta.url).pathname, 'utf8'),
) as Golden;
const path = smollm2Path();
const data = wikiUpdatePath();
const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

describe.skipIf(path === undefined)('SmolLM2-135M-Instruct from its GGUF file', () => {
  const model = path === undefined ? undefined : loadModel(path);
  if (model === undefined) return;

  it('has the weights that transformers dequantises, bit for bit, under the same names', () => {
    expect([...model.weights.names].sort()).toEqual(Object.keys(golden.tensors).sort());
    const differing = model.weights.names.filter((name) => {
      const values = model.weights.read(name);
      return digest(new Uint8Array(values.buffer)) !== golden.tensors[name];
    });
    expect(differing).toEqual([]);
    expect(model.weights.names).toHaveLength(272);
  });

  it('renders its chat template as transformers does, with its own system message where none is given', () => {
    const user = { role: 'user', content: 'Complete the sentence: Misty Buscher is the mayor of' } as const;
    const rendered = model.template.render([{ role: 'system', content: 'Answer briefly.' }, user]);
    expect(rendered).toBe(golden.prompt);
    expect(model.template.render([user])).toBe(golden.prompt_without_system);
    expect(model.tokenizer.encodePrompt(rendered)).toEqual(golden.prompt_ids);
    expect(model.template.endOfTurn).toBe('<|im_end|>');
    expect(model.config.eosTokenIds).toEqual([2]);
  });

  it.skipIf(data === undefined)(
    'gives 150 articles the tokens that transformers gives, but for one with digits',
    () => {
      const items = JSON.parse(readFileSync(data ?? '', 'utf8')) as { original_id: number; original_text: string }[];
      const differing = items.filter((item, i) => {
        const ids = model.tokenizer.encode(item.original_text);
        expect(model.tokenizer.decode(ids)).toBe(item.original_text);
        return digest(JSON.stringify(ids)) !== golden.articles[i]?.digest;
      });
      expect(items).toHaveLength(150);
      // transformers drops the rule that splits digits one by one when it converts the file
      expect(differing).toHaveLength(1);
      expect(differing[0]?.original_text).toMatch(/\d\d/);
    },
  );

  it.skipIf(data === undefined)(
    'keeps the questions and answers of all articles when contexts must be cut to 256 tokens',
    () => {
      const items = JSON.parse(readFileSync(data ?? '', 'utf8')) as {
        original_id: number;
        original_text: string;
        ground_truth_triplets: { subject: string; prompt: string; target: string }[];
      }[];
      const samples = items.slice(0, 40).flatMap((item) =>
        item.ground_truth_triplets.map((triplet, i) => ({
          id: `${item.original_id}/${i}`,
          item: String(item.original_id),
          question: String(i),
          context: item.original_text,
          prompt: `Complete the sentence: ${triplet.prompt.replace('{}', () => triplet.subject)}`,
          answer: triplet.target,
        })),
      );
      const renderer = new PromptRenderer(model);
      const cut = renderer.tokenize(samples, 192);
      cut.forEach((sample, i) => {
        expect(sample.prompt.length).toBeLessThanOrEqual(192);
        expect(model.tokenizer.decode(sample.prompt)).toContain(`\n\n${samples[i]?.prompt}<|im_end|>`);
        expect(model.tokenizer.decode(sample.answer)).toBe(`${samples[i]?.answer}<|im_end|>`);
      });
      const shortened = cut.filter((sample) => sample.contextTruncated).length;
      expect(shortened).toBeGreaterThan(50);
      expect(shortened).toBeLessThan(samples.length);
    },
  );
});
