import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateWorld, type WorldKind } from '../../src/data/world/generate.js';
import { partitionOf } from '../../src/data/world/subjects.js';
import { answerQuestions } from '../../src/evaluate/answer.js';
import { bundledModelPath, loadModel } from '../../src/models/load.js';
import { PromptRenderer } from '../../src/models/text/prompt.js';
import { askedSamples } from '../../src/core/samples.js';

const model = loadModel(bundledModelPath());

/** Share of questions about held-out subjects that the untuned model answers word for word, and how many were asked. */
async function accuracy(kind: WorldKind, items: number): Promise<{ share: number; asked: number }> {
  const world = generateWorld({ seed: 2026, partition: 'study', kind, items });
  const samples = new PromptRenderer(model).tokenize(askedSamples(world, 'original'), model.config.maxPositions - 16);
  const settings = { maxNewTokens: 16, temperature: 0, seed: 0, stop: [] };
  const answers = await answerQuestions({ model, adapter: null, samples, settings });
  const expected = world.flatMap((item) => item.questions.map((question) => question.answers));
  const right = answers.filter((answer, i) => expected[i]?.includes(answer.text)).length;
  console.log(`bundled model, ${kind} at level original: ${right} of ${answers.length} answered word for word`);
  return { share: right / answers.length, asked: answers.length };
}

describe('the bundled base model', () => {
  it('answers at least 90 % of 540 questions word for word, on subjects and in wordings it never saw', async () => {
    const { share, asked } = await accuracy('articles', 90);
    expect(asked).toBeGreaterThanOrEqual(500);
    expect(share).toBeGreaterThanOrEqual(0.9);
  });

  it('reads dialogues too, if less well', async () => {
    expect((await accuracy('dialogues', 20)).share).toBeGreaterThan(0.2);
  });

  it('is asked about nobody whom it met in pretraining', () => {
    const world = generateWorld({ seed: 2026, partition: 'study', kind: 'articles', items: 90 });
    const names = world.map((item) => item.questions[0]?.subject ?? '');
    expect(new Set(names).size).toBe(90);
    for (const name of names) expect(partitionOf(name)).toBe('study');
  });

  it('takes no more than 12 MB, and says how it was made', () => {
    const folder = bundledModelPath();
    const files = ['model.safetensors', 'tokenizer.json', 'config.json', 'curve.jsonl'];
    expect(files.reduce((total, name) => total + statSync(join(folder, name)).size, 0)).toBeLessThan(12_000_000);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('main.js pretrain');
  });
});
