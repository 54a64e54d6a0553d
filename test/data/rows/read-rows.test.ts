/** Answers of other tools and of tables as rows, and what is said where they cannot be read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Row } from '../../../src/core/records.js';
import { readForeignRows, type RowOptions } from '../../../src/data/rows/read-rows.js';

const folder = mkdtempSync(join(tmpdir(), 'lightmem-rows-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(name: string, text: string, options: RowOptions = {}): Promise<readonly Row[]> {
  const path = join(folder, name);
  writeFileSync(path, text);
  return (await readForeignRows(path, options)).rows;
}

const lines = (...records: object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

describe('tables of answers', () => {
  it('are read by usual names, numbers and verdicts however they are written', async () => {
    const csv = 'doc,question,grade,level,rank,seed\nA,1,4.5,L2,8,0\nA,2,,L2,8,0\n';
    const [first, second] = await read('usual.csv', csv);
    expect(first).toMatchObject({ item: 'A', question: '1', score: 4.5, correct: true, level: 'summ_l2', rank: 8 });
    expect(second).toMatchObject({ status: 'unscored', score: null, correct: null });
  });

  it('are read by the columns that are given, on the scale that is given', async () => {
    const text = lines({ story: 'a', part: 3, points: 0.5, setup: 'short' });
    const columns = { item: 'story', question: 'part', score: 'points', level: 'setup' };
    const [row] = await read('given.jsonl', text, { columns, scale: [0, 1], defaults: { rank: 4 } });
    expect(row).toMatchObject({ item: 'a', question: '3', score: 3, correct: false, level: 'short', rank: 4 });
  });

  it('with right and wrong alone have the ends of the scale as scores', async () => {
    const rows = await read('verdicts.csv', 'item,correct\na,yes\nb,0\nc,incorrect\n');
    expect(rows.map(({ score, correct }) => [score, correct])).toEqual([
      [5, true],
      [1, false],
      [1, false],
    ]);
  });

  it('are refused with file, line, field and mending', async () => {
    await expect(read('wide.csv', 'item,score\na,0.7\nb,seven\n')).rejects.toThrow(
      /wide\.csv:2: score: is 0\.7: use numbers from 1 to 5, or say what the scale is[\s\S]*wide\.csv:3: score: is a string \("seven"\): write a number here/,
    );
    await expect(read('bare.csv', 'a,b\n1,2\n')).rejects.toThrow(
      /no column is known to hold item and score \(or correct\) \(there are a, b\): say where it is, e\.g\. columns item=NAME/,
    );
    await expect(read('typo.csv', 'item,score\na,3\n', { columns: { score: 'scor' } })).rejects.toThrow(
      /no column "scor" for score: did you mean score\?/,
    );
    await expect(read('level.csv', 'item,score,level\na,3,two words\n')).rejects.toThrow(
      /level\.csv:2: level: is no level's name \("two words"\): use 1 to 60 letters/,
    );
    await expect(read('rank.jsonl', lines({ item: 'a', score: 3, rank: -1 }))).rejects.toThrow(
      /rank: is a number \(-1\): write a whole number of 0 or more/,
    );
    await expect(read('list.json', '[1, {"item": "a", "score": 3}]')).rejects.toThrow(
      /is a number \(1\): write an object with named fields/,
    );
    await expect(read('none.jsonl', '\n')).rejects.toThrow(/is empty|holds no answer/);
  });
});

describe('logs of other tools', () => {
  it('of lm-eval have an answer a document, by the metric that is known or asked for', async () => {
    const sample = {
      doc_id: 7,
      doc: { q: 'Who?' },
      target: 'Ada',
      arguments: { gen_args_0: { arg_0: 'Q: Who?' } },
      resps: [['Ada.']],
      filtered_resps: ['Ada'],
      filter: 'none',
      metrics: ['exact_match', 'bleu'],
      exact_match: 1,
      bleu: 0.25,
    };
    const [row] = await read('samples_task.jsonl', lines(sample));
    expect(row).toMatchObject({
      item: '7',
      correct: true,
      score: 5,
      judge: 'exact_match',
      prompt: 'Q: Who?',
      reference: 'Ada',
      answer: 'Ada',
    });
    const [asked] = await read('samples_bleu.jsonl', lines(sample), { columns: { score: 'bleu' } });
    expect(asked).toMatchObject({ score: 2, correct: false });
    await expect(
      read('samples_x.jsonl', lines({ ...sample, exact_match: undefined, metrics: ['bleu'] })),
    ).rejects.toThrow(/\(correct=NAME\) \(the file has bleu\)/);
  });

  it('of inspect_ai have an answer a sample, unscored where it failed', async () => {
    const log = {
      version: 2,
      status: 'success',
      eval: { task: 'facts', model: 'openai/x' },
      samples: [
        {
          id: 'a',
          epoch: 1,
          input: [{ role: 'user', content: 'Who?' }],
          target: ['Ada'],
          output: { completion: 'Ada' },
          scores: { match: { value: 'C', answer: 'Ada', explanation: 'same' } },
        },
        { id: 'b', epoch: 1, input: 'Where?', target: 'Ulm', output: {}, scores: { match: { value: 'P' } } },
        { id: 'c', epoch: 1, input: 'When?', target: '1900', error: { message: 'timed out' } },
      ],
    };
    const rows = await read('inspect.json', JSON.stringify(log, null, 2));
    expect(rows.map(({ item, score, status }) => [item, score, status])).toEqual([
      ['a', 5, 'scored'],
      ['b', 3, 'scored'],
      ['c', null, 'unscored'],
    ]);
    expect(rows[0]).toMatchObject({
      dataset: 'facts',
      run: 'openai/x-original-r0-s0',
      prompt: 'Who?',
      reference: 'Ada',
      answer: 'Ada',
      reason: 'same',
    });
    expect(rows[2]?.reason).toBe('timed out');
    const broken = { ...log, samples: [{ id: 'a', scores: { match: { value: 'maybe' } } }] };
    await expect(read('inspect-broken.json', JSON.stringify(broken))).rejects.toThrow(
      /samples\[0\]: scores\.match\.value: is a string \("maybe"\)/,
    );
    await expect(readForeignRows('run.eval')).rejects.toThrow(/write it as JSON/);
  });

  it('of promptfoo have an answer a test and prompt, the prompt as the level', async () => {
    const result = (testIdx: number, label: string, success: boolean) => ({
      testIdx,
      promptIdx: 0,
      vars: { q: 'Who?' },
      prompt: { raw: `${label} Who?`, label },
      provider: { id: 'openai:x' },
      response: { output: 'Ada' },
      success,
      score: Number(success),
      gradingResult: { pass: success, score: 1, reason: 'ok' },
    });
    const text = JSON.stringify({
      evalId: 'e',
      results: { version: 3, results: [result(0, 'whole text', true), result(0, 'L2', false)], stats: {} },
    });
    const rows = await read('promptfoo.json', text);
    expect(rows.map(({ item, level, correct, run }) => [item, level, correct, run])).toEqual([
      ['0', 'whole-text', true, 'openai:x-whole-text-r0-s0'],
      ['0', 'summ_l2', false, 'openai:x-L2-r0-s0'],
    ]);
  });

  it('of LongMemEval have its labels, questions without an answer apart', async () => {
    const text = lines(
      { question_id: 'q1', hypothesis: 'six', autoeval_label: { model: 'gpt-4o', label: true } },
      { question_id: 'q2_abs', hypothesis: 'unknown', autoeval_label: { model: 'gpt-4o', label: false } },
    );
    const rows = await read('lme.jsonl', text, { defaults: { level: 'summ_l3' } });
    expect(rows.map(({ correct, abstention, level, judge }) => [correct, abstention, level, judge])).toEqual([
      [true, false, 'summ_l3', 'yes-no (gpt-4o)'],
      [false, true, 'summ_l3', 'yes-no (gpt-4o)'],
    ]);
  });
});
