/** Scratch files for tests of data sets, and the development data where it is at hand. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'lightmem-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a scratch file; objects become JSON. */
export function scratch(name: string, content: string | Uint8Array | object): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const isRaw = typeof content === 'string' || content instanceof Uint8Array;
  writeFileSync(path, isRaw ? content : JSON.stringify(content, null, 1));
  return path;
}

/** The one value of a list. */
export function only<T>(values: readonly T[]): T {
  expect(values).toHaveLength(1);
  return values[0] as T;
}

/** JSON Lines of records. */
export function jsonl(records: readonly unknown[]): string {
  return records.map((record) => JSON.stringify(record)).join('\n');
}

/** A file of the development data, or undefined where that is not at hand. */
export function developmentFile(name: string): string | undefined {
  const path = join(process.env['LIGHTMEM_DEV_DATA'] ?? resolve(import.meta.dirname, '../../../../shared/data'), name);
  if (existsSync(path)) return path;
  process.stderr.write(`SKIPPED: ${name} is not at hand; set LIGHTMEM_DEV_DATA to its folder\n`);
  return undefined;
}

/** Two records of WikiUpdate's processed form. */
export function wikiupdateRecords() {
  return [
    {
      original_id: 1,
      original_text: 'Ada Byron (born 1815) was a mathematician from London. She wrote 3 notes.',
      ground_truth_triplets: [
        { subject: 'Ada Byron', prompt: '{} was born in the year', target: '1815' },
        { subject: 'Ada Byron', prompt: '{} came from', target: 'London' },
        { subject: 'Ada Byron', prompt: '{} came from', target: 'England' },
      ],
      summ_l1_slight: 'Ada Byron (born 1815) was a mathematician from London.',
      summ_l5_extreme: 'Ada Byron was a mathematician.',
      ext: '{"entities": ["Ada Byron"]}',
    },
    {
      original_id: 2,
      original_text: 'The Seine flows through Paris.',
      ground_truth_triplets: [{ subject: 'The Seine', prompt: '{} flows through', target: 'Paris' }],
      summ_l1_slight: 'The Seine flows through Paris.',
      summ_l5_extreme: 'The Seine: Paris.',
      ext: '{"entities": ["Seine", "Paris"]}',
    },
  ];
}

/** A record of LongMemEval's form with two sessions, the later one first. */
export function longmemevalRecord(id = 'q1', answer: string | number = 'blue') {
  return {
    question_id: id,
    question_type: 'single-session-user',
    question: 'Which colour is my bicycle?',
    answer,
    question_date: '2023/05/30 (Tue) 23:40',
    haystack_session_ids: ['s2', 's1'],
    haystack_dates: ['2023/05/21 (Sun) 10:00', '2023/05/20 (Sat) 02:21'],
    haystack_sessions: [
      [
        { role: 'user', content: 'I painted my bicycle blue.', has_answer: true },
        { role: 'assistant', content: 'Lovely.' },
      ],
      [{ role: 'user', content: 'Hello.' }],
    ],
    answer_session_ids: ['s2'],
  };
}
