/** The world's dialogues: told in order, asked by LongMemEval's types, and read back by the loader of that benchmark's files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAll } from '../../../src/data/load.js';
import { generateWorld, type WorldOptions } from '../../../src/data/world/generate.js';
import { toLongMemEval, worldDialogues } from '../support/longmemeval.js';
import { bundledTokenizer, mean, tells, textOf } from './texts.js';
import type { Level } from '../../../src/core/levels.js';

const options: WorldOptions = { seed: 1, items: 300, kind: 'dialogues', partition: 'study' };
const items = generateWorld(options);
const dialogues = worldDialogues(options);

describe('a dialogue', () => {
  it('runs over two to four sessions in the order of their dates, and is questioned after the last', () => {
    const counts = new Set(dialogues.map(({ sessions }) => sessions.length));
    expect([...counts].sort()).toEqual([2, 3, 4]);
    for (const { sessions, questionDate } of dialogues) {
      const dates = [...sessions.map(({ date }) => date), questionDate];
      expect(dates).toEqual([...new Set(dates)].sort());
    }
  });

  it('asks by all types of the benchmark, and about something that was not told', () => {
    const types = new Set(items.flatMap((item) => item.questions.map((question) => question.type)));
    expect([...types].sort()).toEqual([
      'knowledge-update',
      'multi-session',
      'single-session-assistant',
      'single-session-preference',
      'single-session-user',
      'temporal-reasoning',
    ]);
    for (const item of items)
      expect(item.questions.filter((question) => question.abstention === true)).toMatchObject([
        { answers: ['You did not tell me.'], bits: 0 },
      ]);
  });

  it('tells every answer, and of an update the old value before the new one', () => {
    let updates = 0;
    for (const item of items) {
      const text = textOf(item, 'original');
      for (const { type, answers, abstention } of item.questions) {
        if (abstention === true || type === 'temporal-reasoning') continue;
        for (const part of (answers[0] ?? '').split(' and ')) expect(tells(text, part)).toBe(true);
        if (type === 'knowledge-update') {
          expect(text.split('Something has changed').at(1)).toContain(answers[0]);
          updates++;
        }
      }
    }
    expect(updates).toBe(300);
  });

  it('asks about two facts of different sessions, and which of the two came first', () => {
    for (const [i, item] of items.entries()) {
      const both = item.questions.find((question) => question.id === 'two-facts');
      const [first = '', second = ''] = both?.answers[0]?.split(' and ') ?? [];
      const sessionOf = (value: string): number =>
        dialogues[i]?.sessions.findIndex(({ turns }) =>
          turns.some((turn) => turn.evidence.includes('two-facts') && tells(turn.content, value)),
        ) ?? -1;
      expect(sessionOf(first)).toBe(0);
      expect(sessionOf(second)).toBeGreaterThan(0);
    }
  });

  it('offers both things in the question of what came first, and the answer is one of them, either at either place', () => {
    let firstPlace = 0;
    for (const item of items) {
      const { prompt, testPrompt, answers } =
        item.questions.find((each) => each.id === 'first-told') ?? item.questions[0]!;
      for (const wording of [prompt, testPrompt ?? '']) expect(wording).toContain(`my ${answers[0]}`);
      if (prompt.startsWith(`Which did I mention first, my ${answers[0]} or`)) firstPlace++;
    }
    expect(firstPlace / 300).toBeGreaterThan(0.4);
    expect(firstPlace / 300).toBeLessThan(0.6);
  });
});

describe('the levels of a dialogue', () => {
  const kept = (level: Level): number =>
    mean(
      items.map((item) => {
        const simple = item.questions.filter(
          (each) => each.abstention !== true && !['first-told', 'two-facts'].includes(each.id),
        );
        return mean(simple.map((each) => (tells(textOf(item, level), each.answers[0] ?? '') ? 1 : 0)));
      }),
    );

  it('keep all that was told down to summ_l2, then less and less', () => {
    for (const level of ['original', 'summ_l1', 'summ_l2', 'ext'] as const) expect(kept(level)).toBe(1);
    const falling = (['summ_l2', 'summ_l3', 'summ_l4', 'summ_l5'] as const).map(kept);
    for (const [i, share] of falling.slice(1).entries()) expect(share).toBeLessThan((falling[i] ?? 0) - 0.1);
  });

  it('leave out the old value of an update', () => {
    let checked = 0;
    for (const [i, item] of items.entries()) {
      const said = dialogues[i]?.sessions.flatMap(({ turns }) => turns) ?? [];
      const key = item.questions.find((each) => each.type === 'knowledge-update')?.id ?? '';
      const old =
        said
          .find((turn) => turn.evidence.includes(key))
          ?.content.split(' ')
          .at(-1)
          ?.replace('.', '') ?? '';
      expect(tells(textOf(item, 'original'), old)).toBe(true);
      expect(tells(textOf(item, 'summ_l2').replace(/The user is \w+ \w+\./, ''), old)).toBe(false);
      checked++;
    }
    expect(checked).toBe(300);
  });

  it('reduce tokens level by level, from histories of 250 to 380 tokens', () => {
    const tokenizer = bundledTokenizer();
    const sizes = (level: Level): number[] =>
      items.slice(0, 100).map((item) => tokenizer.encode(textOf(item, level)).length);
    const means = (['original', 'summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5'] as const).map((level) =>
      mean(sizes(level)),
    );
    expect(means).toEqual([...means].sort((a, b) => b - a));
    for (const size of sizes('original')) {
      expect(size).toBeGreaterThan(250);
      expect(size).toBeLessThan(380);
    }
  });
});

describe("LongMemEval's files", () => {
  const folder = mkdtempSync(join(tmpdir(), 'lightmem-world-'));
  const file = join(folder, 'longmemeval.json');
  const few = dialogues.slice(0, 20);
  const records = toLongMemEval(few);
  beforeAll(() => writeFileSync(file, JSON.stringify(records)));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are read back with the same questions, answers, types and abstentions', async () => {
    const { items: read, report } = await loadAll(file);
    expect(report).toMatchObject({ format: 'longmemeval', problemCount: 0, items: records.length });
    const asked = few.flatMap(({ questions }) => questions);
    expect(read.map((item) => item.questions[0])).toMatchObject(
      asked.map(({ testPrompt, answers, type, abstention }) => ({
        prompt: testPrompt,
        answers,
        type,
        abstention: abstention === true,
      })),
    );
  });

  it('mark the turns that hold the evidence, and none where nothing was told', () => {
    for (const record of records) {
      const marked = record.haystack_sessions.flat().filter((turn) => turn.has_answer);
      const isAbstention = record.question_id.endsWith('_abs');
      expect(marked.length > 0).toBe(!isAbstention);
      expect(record.answer_session_ids.length > 0).toBe(!isAbstention);
      if (['multi-session', 'knowledge-update', 'temporal-reasoning'].includes(record.question_type))
        expect(marked).toHaveLength(2);
    }
    expect(records).toHaveLength(180);
  });
});
