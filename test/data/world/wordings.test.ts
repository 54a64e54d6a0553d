/** Wordings: those kept for testing are never trained on, though their parts are known. */
import { describe, expect, it } from 'vitest';
import type { Question } from '../../../src/core/records.js';
import { CURRICULUM, pretrainingItem } from '../../../src/data/world/curriculum.js';
import { generateWorld, type WorldKind } from '../../../src/data/world/generate.js';
import { ATTRIBUTES, FRAMES, OWN_FRAMES } from '../../../src/data/world/language.js';

const questionsOf = (kind: WorldKind, partition: 'pretraining' | 'study', items: number): Question[] =>
  generateWorld({ seed: 4, items, kind, partition, levels: [] }).flatMap((item) => item.questions);

/** A wording without the name of the subject. */
const bare = (wording: string, { subject }: Question): string =>
  subject === undefined ? wording : wording.replace(subject, '{S}');

describe.each(['articles', 'dialogues'] as const)('wordings of %s', (kind) => {
  const asked = questionsOf(kind, 'study', 1500);
  const trained = [...asked, ...questionsOf(kind, 'pretraining', 3000)];
  const prompts = new Set(trained.map((question) => bare(question.prompt, question)));
  const tests = new Set(asked.map((question) => bare(question.testPrompt ?? '', question)));

  it('that are kept for testing are never trained on', () => {
    expect(asked.every((question) => question.testPrompt !== undefined)).toBe(true);
    expect(tests.size).toBeGreaterThan(kind === 'articles' ? 50 : 25);
    expect([...tests].filter((wording) => prompts.has(wording))).toEqual([]);
  });

  it('of tests are made of frames and phrases that training knows from other pairs', () => {
    const frames = kind === 'articles' ? FRAMES : OWN_FRAMES;
    const attributes = kind === 'articles' ? Object.values(ATTRIBUTES).flat() : ATTRIBUTES.person;
    const spoken = attributes.filter((attribute) => kind === 'articles' || attribute.spoken !== undefined);
    let pairs = 0;
    for (const { phrases } of spoken)
      for (const phrase of phrases) {
        const worded = frames.map((frame) => frame.replace('{P}', phrase));
        expect(worded.filter((wording) => prompts.has(wording))).toHaveLength(frames.length - 1);
        expect(worded.filter((wording) => tests.has(wording))).toHaveLength(1);
        pairs += frames.length;
      }
    expect(pairs).toBe(kind === 'articles' ? 336 : spoken.length * 12);
    for (const frame of frames)
      expect([...prompts].filter((wording) => isFramed(wording, frame)).length).toBeGreaterThan(4);
  });
});

function isFramed(wording: string, frame: string): boolean {
  const [before = '', after = ''] = frame.split('{P}');
  return wording.startsWith(before) && wording.endsWith(after);
}

describe('the curriculum', () => {
  it('gives the same item for the same stage, seed and index, from the names of pretraining', () => {
    for (const stage of CURRICULUM.keys()) {
      expect(pretrainingItem(stage, 1, 7)).toEqual(pretrainingItem(stage, 1, 7));
      expect(pretrainingItem(stage, 1, 7).item.id).toMatch(/^pretraining-/);
    }
    expect(CURRICULUM.length).toBeGreaterThan(5);
  });

  it('asks only what the text at its level can answer, and mixes articles, levels and dialogues in its last stage', () => {
    const last = CURRICULUM.length - 1;
    const drawn = Array.from({ length: 600 }, (_, i) => pretrainingItem(last, 2, i));
    let asked = 0;
    for (const { item, level } of drawn) {
      const text = item.texts[level]?.text ?? '';
      expect(item.questions.length).toBeGreaterThan(0);
      for (const question of item.questions.filter((each) => each.abstention !== true && each.id !== 'first-told')) {
        for (const part of question.answers[0]?.split(' and ') ?? []) expect(text).toContain(part);
        asked++;
      }
    }
    expect(asked).toBeGreaterThan(2000);
    const share = (holds: (each: (typeof drawn)[number]) => boolean): number => drawn.filter(holds).length / 600;
    const isArticle = (id: string): boolean => id.includes('-article-');
    expect(share(({ item, level }) => isArticle(item.id) && level === 'original')).toBeCloseTo(0.5, 1);
    expect(share(({ item }) => !isArticle(item.id))).toBeCloseTo(0.25, 1);
  });

  it('adds up its shares to one at every stage', () => {
    for (const stage of CURRICULUM) expect(stage.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });
});
