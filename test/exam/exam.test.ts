import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isKept } from '../../src/audit/retention.js';
import { answerFact } from '../../src/audit/facts.js';
import type { Item } from '../../src/core/records.js';
import { loadAll } from '../../src/data/load.js';
import { checkedQuestions } from '../../src/exam/check.js';
import { examParts, makeExam, type ExamSettings } from '../../src/exam/exam.js';
import { modelWriter, parseQuestions } from '../../src/exam/model-writer.js';
import { ruleWriter } from '../../src/exam/rules.js';
import type { Draft } from '../../src/exam/writer.js';
import { TextModels } from '../../src/generate/text-models.js';
import { WordText } from '../../src/text/word-text.js';
import { completion, failure, startServer, type MockServer, type Script } from '../llm/support/mock-server.js';

let server: MockServer | undefined;

afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
});

const count = (text: string): number => Math.ceil(text.length / 4);
const documentOf = (id: string, text: string): Item => ({
  ...{ id, dataset: 'docs', questions: [] },
  texts: { original: { text, method: 'recorded', provenance: {} } },
});

const MANUAL = `---
title: Pump P-200 manual
version: 1.2
tags: [pump, service]
---

# Pump P-200

The pump P-200 moves water at 40 litres per minute. It was designed in Husum in 1998. Their number is 0431 99.

## Settings

| Setting | Default | Range |
| --- | --- | --- |
| pressure | 4 bar | 1–8 bar |

- **Filter**: F-12
- The filter must be changed every 6 months by trained staff.

\`\`\`sh
pumpctl --pressure 7
\`\`\`
`;

const exam = (items: readonly Item[], settings: Partial<ExamSettings> = {}) =>
  makeExam(items, { writer: ruleWriter, count, perPart: 30, ...settings });

const asked = (drafts: readonly Draft[], text: string) => {
  const [part] = examParts([documentOf('d', text)], { count });
  if (part === undefined) throw new Error('no part');
  return checkedQuestions(drafts, part, 3);
};

describe('an exam by rules', () => {
  it('asks for rows, named values, names, numbers and dates, each with what it rests on and a second wording', async () => {
    const { items, report } = await exam([documentOf('guide', MANUAL)]);
    const questions = items.flatMap((item) => item.questions);
    const answers = questions.map((question) => question.answers[0]);
    expect(answers).toEqual(
      expect.arrayContaining(['Pump P-200 manual', '1.2', '40', 'Husum', '1998', '4 bar', '1–8 bar', 'F-12', '6']),
    );
    // Part of a name, one of several numbers in a row, a list, code.
    for (const no of ['200', '99', '0431', '[pump, service]', '7']) expect(answers).not.toContain(no);
    for (const {
      prompt,
      testPrompt,
      answers: [answer = ''],
      evidence,
    } of questions) {
      expect(prompt).toContain('Pump P-200');
      expect(testPrompt).not.toBe(prompt);
      expect(MANUAL).toContain(evidence);
      expect(isKept(answerFact([answer]), new WordText(evidence ?? ''))).toBe(true);
      for (const wording of [prompt, testPrompt ?? ''])
        expect(isKept(answerFact([answer]), new WordText(wording)), `${wording} ${answer}`).toBe(false);
    }
    expect(report).toMatchObject({
      documents: 1,
      parts: 1,
      questions: questions.length,
      reworded: questions.length,
      without: [],
    });
    expect(await exam([documentOf('guide', MANUAL)])).toEqual({ items, report });
  });

  it('asks in other languages by signs, and says which documents it could not ask about', async () => {
    const { items, report } = await exam([
      documentOf('泵', '泵P-200于1998年在胡苏姆制造。它每分钟输送40升水。'),
      documentOf('Pumpe', 'Die Pumpe wurde 1998 von der Firma Nordwind in Husum gebaut und fördert 40 Liter.'),
      documentOf('leer', 'Nichts.'),
    ]);
    expect(items[1]?.questions.map((question) => question.answers[0])).toEqual(
      expect.arrayContaining(['1998', 'Firma Nordwind', 'Husum', '40']),
    );
    expect(items[0]?.questions.length).toBeGreaterThan(0);
    expect(report.without).toEqual(['leer']);
  });

  it('cuts long documents at headings and paragraphs, nothing lost, and keeps the questions they came with', async () => {
    const text = Array.from(
      { length: 12 },
      (_, i) => `## Part ${i}\n\nStation ${i} was built by Engineer Marlow${i} in ${1900 + i} near the old mill.`,
    ).join('\n\n');
    const own = { id: 'own', prompt: 'Who built station 7?', answers: ['Engineer Marlow7'], type: 'fact' };
    const { items, report } = await exam([{ ...documentOf('long', text), questions: [own] }], { partTokens: 60 });
    expect(report.parts).toBeGreaterThan(3);
    expect(new Set(items.map(({ id }) => id)).size).toBe(report.parts);
    expect(items.map((item) => item.texts.original?.text).join('\n\n')).toBe(text);
    const holder = items.find(({ questions }) => questions.some(({ id }) => id === 'own'));
    expect(holder?.texts.original?.text).toContain('Marlow7');
    expect(holder?.questions.find(({ id }) => id === 'own')).toMatchObject({
      ...own,
      testPrompt: 'Please answer briefly. Who built station 7?',
    });
    expect(items.flatMap(({ questions }) => questions).filter(({ id }) => id === 'own').length).toBe(1);
  });
});

describe('what is asked of what was written', () => {
  const TEXT = 'Mira Voss founded the Nordwind company in Husum in 1998. It has 40 workers.';
  it.each<[string, Draft[], string[], object]>([
    [
      'an answer that is not in the text',
      [{ prompt: 'Where does she live?', answer: 'Kiel' }],
      [],
      { 'not in the text': 1 },
    ],
    ['no answer', [{ prompt: 'Why?', answer: '–' }], [], { 'not in the text': 1 }],
    ['an answer that is given away', [{ prompt: 'Is Husum in Husum?', answer: 'Husum' }], [], { 'given away': 1 }],
    [
      'one given away by its second wording',
      [{ prompt: 'Where?', testPrompt: 'In Husum?', answer: 'Husum' }],
      [],
      { 'given away': 1 },
    ],
    ['a whole sentence', [{ prompt: 'What?', answer: `${TEXT} ${TEXT}` }], [], { 'too long': 1 }],
    [
      'the same twice',
      [
        { prompt: 'Who founded the company?', answer: 'Mira Voss' },
        { prompt: 'who founded the company', answer: 'Mira Voss.' },
        { prompt: 'Who founded the company then?', answer: 'Mira Voss' },
      ],
      ['Mira Voss'],
      { alike: 2 },
    ],
    [
      'one question with two answers',
      [
        { prompt: 'When or where?', answer: '1998' },
        { prompt: 'When or where?', answer: 'Husum' },
      ],
      [],
      { 'two answers': 2 },
    ],
    ['numbers as they are written otherwise', [{ prompt: 'How many work there?', answer: 'forty' }], ['forty'], {}],
    [
      'more than are wanted',
      [
        { prompt: 'Who?', answer: 'Mira Voss' },
        { prompt: 'When?', answer: '1998' },
        { prompt: 'Where?', answer: 'Husum' },
        { prompt: 'How many?', answer: '40' },
      ],
      ['Mira Voss', '1998', 'Husum'],
      { 'over the number': 1 },
    ],
  ])('%s', (_, drafts, kept, dropped) => {
    const checked = asked(drafts, TEXT);
    expect(checked.questions.map((question) => question.answers[0])).toEqual(kept);
    expect(checked.dropped).toMatchObject(dropped);
    expect(Object.values(checked.dropped).reduce((a, b) => a + b) + kept.length).toBe(drafts.length);
  });
});

describe('questions by a model', () => {
  it.each<[string, Draft[], number]>([
    ['Q: Who?\nR: Which person?\nA: Mira', [{ prompt: 'Who?', testPrompt: 'Which person?', answer: 'Mira' }], 0],
    [
      '1. **Q:** Who?\n   **A:** "Mira."\n\n2. **Question 2:** When?\n**Answer:** 1998',
      [
        { prompt: 'Who?', answer: 'Mira' },
        { prompt: 'When?', answer: '1998' },
      ],
      0,
    ],
    ['Sure! Here they are:\nQ: Who?\nA: Mira', [{ prompt: 'Who?', answer: 'Mira' }], 1],
    ['问：谁?\n改述：哪一位?\n答：米拉。', [{ prompt: '谁?', testPrompt: '哪一位?', answer: '米拉' }], 0],
    ['Frage: Wer?\nAntwort: Mira', [{ prompt: 'Wer?', answer: 'Mira' }], 0],
    ['Q: cut off before its answer', [], 0],
    ['A: an answer to nothing', [], 1],
    ['{"question": "Who?"}', [], 1],
    ['Q: Who?\nR: Who?\nA: Mira', [{ prompt: 'Who?', answer: 'Mira' }], 0],
  ])('are read from lines: %j', (text, drafts, unread) => expect(parseQuestions(text)).toEqual({ drafts, unread }));

  it('drops what the text does not say, stops where nothing more can be asked, and goes on from there', async () => {
    vi.stubEnv('LIGHTMEM_CACHE', mkdtempSync(join(tmpdir(), 'lightmem-exam-')));
    let quota = 2;
    const script: Script = ({ body }) => {
      if (quota-- <= 0) return failure(429, { code: 'insufficient_quota', message: 'You exceeded your current quota' });
      const [, number = ''] = /Station (\d)/.exec(JSON.stringify(body['messages'])) ?? [];
      return completion(
        `Q: Who built station ${number}?\nR: By whom was station ${number} put up?\nA: Engineer Marlow\nQ: Who paid for station ${number}?\nA: the King of Spain`,
      );
    };
    server = await startServer(script);
    const documents = [1, 2, 3, 4].map((n) =>
      documentOf(`d${n}`, `Station ${n} was built by Engineer Marlow in ${1900 + n}.`),
    );
    const run = async () => {
      const models = new TextModels({ model: 'qwen-plus', endpoint: server?.url ?? '', maxConcurrency: 1 });
      try {
        return await exam(documents, { writer: modelWriter(models.chat(), count) });
      } finally {
        await models.close();
      }
    };
    await expect(run()).rejects.toThrow(/^quota: /);
    const before = server.received.length;
    quota = Infinity;
    const { items, report } = await run();
    expect(server.received.length - before).toBe(2);
    expect(report).toMatchObject({ parts: 4, questions: 4, reworded: 4, dropped: { 'not in the text': 4 } });
    expect(items[3]?.questions[0]).toMatchObject({
      ...{ prompt: 'Who built station 4?', testPrompt: 'By whom was station 4 put up?', answers: ['Engineer Marlow'] },
      evidence: 'Station 4 was built by Engineer Marlow in 1904.',
    });
  });
});

describe('the command', { timeout: 60_000 }, () => {
  const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

  it('asks an endpoint, says what was spent and dropped, and writes a data set', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lightmem-exam-'));
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'docs/depot.md'), '# Depot\n\nThe depot was built by Marta Voss in 1987.');
    server = await startServer(() => completion('Q: Who built the depot?\nA: Marta Voss\nQ: Who paid?\nA: Nobody'));
    const options = ['--endpoint', server.url, '--model', 'qwen-plus', '--out', join(folder, 'out/exam.jsonl')];
    const child = spawn(process.execPath, [MAIN, 'exam', join(folder, 'docs'), ...options, '--json'], {
      env: { ...process.env, LIGHTMEM_CACHE: join(folder, 'cache') },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ documents: 1, questions: 1, dropped: { 'not in the text': 1 } });
    const { items } = await loadAll(join(folder, 'out/exam.jsonl'));
    expect(items[0]?.questions[0]).toMatchObject({ prompt: 'Who built the depot?', answers: ['Marta Voss'] });
    expect(readFileSync(join(folder, 'out/lightmem-exam/spend.jsonl'), 'utf8')).toContain('"answered"');
  });
});
