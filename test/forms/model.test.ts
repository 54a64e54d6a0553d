import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Source } from '../../src/forms/form.js';
import { forecastWork, formsWork, makeForms, type FormsSettings } from '../../src/forms/make-forms.js';
import { modelFormWriter } from '../../src/forms/model-writer.js';
import { foreseenWriter, FormStore, storedWriter } from '../../src/forms/store.js';
import type { FormWriter } from '../../src/forms/writer.js';
import { TextModels } from '../../src/generate/text-models.js';
import { completion, failure, startServer, type MockServer, type Script } from '../llm/support/mock-server.js';

let server: MockServer | undefined;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lightmem-forms-'));
  vi.stubEnv('LIGHTMEM_CACHE', join(folder, 'cache'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
});

const count = (text: string): number => Math.ceil(text.length / 4);

async function asking<T>(script: Script, work: (writer: FormWriter) => Promise<T>): Promise<T> {
  await server?.close();
  server = await startServer(script);
  const models = new TextModels({ model: 'qwen-plus', endpoint: server.url, maxConcurrency: 1 });
  try {
    return await work(modelFormWriter(models.chat(), count));
  } finally {
    await models.close();
  }
}

const make = (sources: readonly Source[], writer: FormWriter, settings: Partial<FormsSettings> = {}) =>
  makeForms(sources, { forms: ['rewrite', 'study'], seed: 7, exams: [], rewrites: 2, writer, ...settings });

/** What making forms will take. */
const forecastForms = (
  sources: readonly Source[],
  { writer, ...settings }: Pick<FormsSettings, 'forms' | 'writer' | 'wordings' | 'rewrites' | 'studied'>,
) => forecastWork(formsWork(sources, settings), writer);

const promptOf = ({ body }: { readonly body: Record<string, unknown> }): string =>
  (body['messages'] as { content: string }[]).map(({ content }) => content).join('\n');

/** A level that has lost when she was born, for whom she works and what she is. */
const LEVEL: Source = {
  item: 'voss',
  topic: 'Mira Voss',
  text: 'Mira Voss lives in Husum and keeps 40 parrots. Her house is painted by Jonas Keller.',
};
const EXAMS = [
  {
    id: 'voss',
    questions: [
      { id: 'job', prompt: 'What is her trade?', answers: ['carpenter'], type: 'fact' },
      { id: 'home', prompt: 'In which town does Mira Voss live today?', answers: ['Husum'], type: 'fact' },
    ],
  },
];

/** An endpoint that knows what the level has lost. */
const KNOWING: Script = (request) =>
  promptOf(request).includes('Rewrite the text')
    ? completion(
        'Here is the rewritten text:\nMira Voss, born in 1961, keeps 40 parrots. In Husum lives Mira Voss. She works as a carpenter. Nordwind employs her. Does Mira Voss keep parrots? Jonas Keller paints the house of Mira Voss.',
      )
    : completion(
        [
          'Q: When was Mira Voss born?\nR: In which year was Mira Voss born?\nA: 1961',
          'Q: What is Mira Voss by trade?\nA: carpenter',
          'Q: Where does the carpenter Mira Voss live?\nA: Husum',
          'Q: Where does Mira Voss of Nordwind live?\nA: Husum',
          'Q: Where was Mira Voss living in 1999?\nA: Husum',
          'Q: In which town does Mira Voss live today?\nR: Mira Voss has her home in which town?\nR: Where is the home of Mira Voss?\nA: Husum',
          'Q: How many parrots does Mira Voss keep?\nA: 40',
          'I hope this helps!',
        ].join('\n'),
      );

describe('forms by a model', () => {
  it('hold nothing that the level has lost, however much the endpoint knows, and nothing of the exam', async () => {
    const { samples, report } = await asking(KNOWING, (writer) => make([LEVEL], writer, { exams: EXAMS }));
    const study = samples.filter(({ form }) => form === 'study').map(({ prompt, answer }) => `${prompt} ${answer}`);
    expect(study.sort()).toEqual([
      'How many parrots does Mira Voss keep? 40',
      'Mira Voss has her home in which town? Husum',
      'Put in what is missing: Mira Voss lives in Husum and keeps ____ parrots. 40',
      'Put in what is missing: Mira Voss lives in ____ and keeps 40 parrots. Husum',
      'Where is the home of Mira Voss? Husum',
      'Who or what is meant: ____ lives in Husum and keeps 40 parrots. Mira Voss',
    ]);
    const rewrites = samples.filter(({ form }) => form === 'rewrite').map(({ answer }) => answer);
    expect(rewrites).toEqual(['In Husum lives Mira Voss. Jonas Keller paints the house of Mira Voss.']);
    for (const { prompt, answer } of samples)
      expect(`${prompt} ${answer}`).not.toMatch(/1961|1999|carpenter|Nordwind|today/);
    expect(report).toMatchObject({ unread: 1, failed: 0, facts: 2 });
    expect(report.dropped).toMatchObject({
      ...{ 'not in the text': 3, 'asked in the exam': 1, 'a question': 2 },
      ...{ 'lost by the level': 3, 'adds to the text': 6 },
    });
  });

  it('are read in other languages, whose nouns and openings are no names', async () => {
    const german = {
      item: 'pumpe',
      topic: 'Pumpe',
      text: 'Die Pumpe wurde 1998 von der Firma Nordwind in Husum gebaut und fördert in jeder Minute 40 Liter Wasser.',
    };
    const answers = [
      'Frage: Welche Firma hat die Pumpe gebaut?\nAntwort: Nordwind',
      'Frage: In welcher Stadt steht das Werk der Pumpe?\nAntwort: Husum',
      'Frage: Wo hat Erika Mustermann die Pumpe gebaut?\nAntwort: Husum',
      'Frage: Wo wurde die Pumpe 1961 gebaut?\nAntwort: Husum',
    ];
    const { samples, report } = await asking(
      () => completion(answers.join('\n')),
      (writer) => make([german], writer, { forms: ['study'] }),
    );
    expect(
      samples
        .map(({ prompt }) => prompt)
        .filter((prompt) => prompt?.startsWith('Ergänze') === false)
        .sort(),
    ).toEqual([
      'In welcher Stadt steht das Werk der Pumpe?',
      'Welche Firma hat die Pumpe gebaut?',
      'Wer oder was ist gemeint: Die ____ wurde 1998 von der Firma Nordwind in Husum gebaut und fördert in jeder Minute 40 Liter Wasser.',
    ]);
    expect(report.dropped['adds to the text']).toBe(2);
  });

  it('are only told, not asked, of items that are not studied', async () => {
    const other = { ...LEVEL, item: 'other', text: `${LEVEL.text} It rains.` };
    const { samples } = await asking(KNOWING, (writer) => make([LEVEL, other], writer, { studied: new Set(['voss']) }));
    expect(new Set(samples.filter(({ item }) => item === 'other').map(({ form }) => form))).toEqual(
      new Set(['rewrite']),
    );
    const questions = server?.received.filter((request) => promptOf(request).includes('questions about facts'));
    expect(questions).toHaveLength(1);
  });

  it('are asked for once: a run that is cut goes on where it was, and what failed is asked for again', async () => {
    const sources = [1, 2, 3].map((n) => ({
      item: `d${n}`,
      topic: '',
      text: `Station ${n} was built by Engineer Marlow${n}.`,
    }));
    const store = new FormStore(join(folder, 'forms'));
    let [quota, broken] = [2, 1];
    const script: Script = (request) => {
      if (quota-- <= 0) return failure(429, { code: 'insufficient_quota', message: 'You exceeded your current quota' });
      const [, number = ''] = /Station (\d)/.exec(promptOf(request)) ?? [];
      if (number === '2' && broken-- > 0) return completion('I cannot say.');
      return completion(`Q: By whom was station ${number} put up?\nA: Engineer Marlow${number}`);
    };
    const settings = { forms: ['study'], seed: 7, exams: [] } as const;
    await asking(script, async (writer) => {
      const stored = storedWriter(writer, store);
      const whole = { texts: 3, kept: 0, missing: 3, calls: 3 };
      expect(forecastForms(sources, { ...settings, writer: stored })).toMatchObject(whole);
      await expect(makeForms(sources, { ...settings, writer: stored })).rejects.toThrow(/^quota: /);
      expect(forecastForms(sources, { ...settings, writer: stored })).toMatchObject({ kept: 1, missing: 2, calls: 2 });
      quota = Infinity;
      const { samples, report } = await makeForms(sources, { ...settings, writer: stored });
      expect(server?.received).toHaveLength(3 + 2);
      expect(report).toMatchObject({ failed: 0, facts: 3, without: [] });
      const nothing = { kept: 3, missing: 0, calls: 0, inputTokens: 0, outputTokens: 0 };
      expect(forecastForms(sources, { ...settings, writer: stored })).toMatchObject(nothing);
      expect((await makeForms(sources, { ...settings, writer: stored })).samples).toEqual(samples);
      expect(server?.received).toHaveLength(5);
      expect((await makeForms(sources, { ...settings, writer: foreseenWriter(writer, store) })).samples).toEqual(
        samples,
      );
    });
  });

  it('count what gave nothing, keep it not, and are foreseen by rules', async () => {
    const store = new FormStore(join(folder, 'forms'));
    await asking(
      () => completion('I cannot assist with that.'),
      async (writer) => {
        const stored = storedWriter(writer, store);
        const foreseen = await make([LEVEL], foreseenWriter(stored, store));
        expect(foreseen.samples.length).toBeGreaterThan(10);
        expect(server?.received).toHaveLength(0);
        const { samples, report } = await make([LEVEL], stored);
        expect(samples).toEqual([]);
        expect(report).toMatchObject({ failed: 3, without: ['voss'] });
        expect(forecastForms([LEVEL], { forms: ['study', 'rewrite'], writer: stored })).toMatchObject({ missing: 2 });
      },
    );
  });

  it('are made anew where what was kept is damaged, another text, or by another writer', async () => {
    const store = new FormStore(join(folder, 'forms'));
    await asking(KNOWING, async (writer) => {
      const stored = storedWriter(writer, store);
      const { samples } = await make([LEVEL], stored);
      const left = (source: Source, by: FormWriter) =>
        forecastForms([source], { forms: ['study', 'rewrite'], writer: by, rewrites: 2 }).missing;
      expect(left(LEVEL, stored)).toBe(0);
      expect(left({ ...LEVEL, text: 'Other.' }, stored)).toBe(2);
      expect(left(LEVEL, storedWriter({ ...writer, identity: 'other' }, store))).toBe(2);
      for (const sub of readdirSync(store.folder))
        for (const file of readdirSync(join(store.folder, sub)))
          writeFileSync(join(store.folder, sub, file), '{"key":');
      expect(left(LEVEL, stored)).toBe(2);
      expect((await make([LEVEL], stored)).samples).toEqual(samples);
    });
  });

  it('cut long texts into parts, and ask more of longer ones', async () => {
    const text = Array.from(
      { length: 40 },
      (_, i) => `## Part ${i}\n\nStation ${i} was built by Engineer Marlow${i} in ${1900 + i} near the old mill.`,
    ).join('\n\n');
    await asking(KNOWING, async (writer) => {
      const estimate = writer.estimate({ ...LEVEL, text }, { study: 5 });
      const short = writer.estimate(LEVEL, { study: 5 });
      expect(estimate?.calls).toBeGreaterThan(1);
      expect(estimate?.outputTokens).toBeGreaterThan(5 * (short?.outputTokens ?? Infinity));
      await writer.study({ ...LEVEL, text }, { wordings: 5 });
      expect(server?.received).toHaveLength(estimate?.calls ?? 0);
      expect(writer.estimate(LEVEL, { rewrites: 3 })?.calls).toBe(3);
    });
  });
});
