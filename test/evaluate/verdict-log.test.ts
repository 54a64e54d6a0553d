/** Judging many answers with a log: nothing is judged twice, a kill at any byte loses at most the verdict under way. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { AnswerRecord } from '../../src/core/records.js';
import { judgeAnswers } from '../../src/evaluate/judge-answers.js';
import { scored, unscored, type Judge, type JudgeInput } from '../../src/evaluate/judges/contract.js';
import { VerdictLog, verdictKey } from '../../src/evaluate/verdict-log.js';

const folder = mkdtempSync(join(tmpdir(), 'lightmem-verdicts-'));
afterAll(() => rmSync(folder, { recursive: true }));

function input(answer: string): JudgeInput {
  return { question: 'q', type: 'fact', reference: 'r', answers: ['r'], answer, abstention: false };
}

function record(answer: string): AnswerRecord {
  return {
    ...{ item: 'i', question: answer, type: 'fact', prompt: 'q', reference: 'r', answers: ['r'], subject: null },
    ...{ answer, finish: 'stop', failure: null, abstention: false, contextTruncated: false, bits: null },
  };
}

/** Scores by the answer's length, and counts what it was asked. */
function counting(): Judge & { readonly judged: string[] } {
  const judged: string[] = [];
  return {
    name: 'counting',
    identity: 'counting',
    judged,
    async judge({ answer }) {
      judged.push(answer);
      await new Promise((resolve) => setTimeout(resolve, answer.length));
      return answer === 'lost' ? unscored('no reply') : scored(Math.min(5, answer.length), `length ${answer.length}`);
    },
  };
}

const RECORDS = ['a', 'bb', 'lost', 'dddd', 'éé'].map(record);

describe('judging many answers', () => {
  it('keeps the order of the answers, several at once', async () => {
    const seen: number[] = [];
    const verdicts = await judgeAnswers(counting(), [...RECORDS].reverse(), {
      concurrency: 3,
      onVerdict: (done) => seen.push(done),
    });
    expect(verdicts.map((verdict) => (verdict.status === 'scored' ? verdict.score : null))).toEqual([2, 4, null, 2, 1]);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('judges nothing twice that is in the log, but asks again for what stayed unscored', async () => {
    const path = join(folder, 'twice.jsonl');
    const first = await judgeAnswers(counting(), RECORDS, { log: await VerdictLog.open(path) });
    const judge = counting();
    expect(await judgeAnswers(judge, RECORDS, { log: await VerdictLog.open(path) })).toEqual(first);
    expect(judge.judged).toEqual(['lost']);
  });

  it('leaves what was not answered unscored, and says why', async () => {
    const judge = counting();
    const failed = { ...record(''), answer: null, finish: null, failure: 'timeout: no reply in 60 s' };
    expect(await judgeAnswers(judge, [failed])).toEqual([unscored('not answered: timeout: no reply in 60 s')]);
    expect(judge.judged).toEqual([]);
  });

  it('judges anew what another judge has judged, or what reads differently', () => {
    const judge = counting();
    const key = verdictKey(judge, input('a'));
    expect(verdictKey({ ...judge, identity: 'other' }, input('a'))).not.toBe(key);
    expect(verdictKey(judge, { ...input('a'), reference: 's' })).not.toBe(key);
  });

  it('begins nothing new after an error, and keeps what ended before', async () => {
    const path = join(folder, 'error.jsonl');
    const judge = counting();
    const failing: Judge = {
      ...judge,
      judge: (each) => (each.answer === 'bb' ? Promise.reject(new Error('quota')) : judge.judge(each)),
    };
    await expect(judgeAnswers(failing, RECORDS, { log: await VerdictLog.open(path) })).rejects.toThrow('quota');
    expect(judge.judged).toEqual(['a']);
    expect((await VerdictLog.open(path)).get(verdictKey(judge, input('a')))).toMatchObject({ score: 1 });
  });

  it('opens a log cut at any byte, with every whole verdict', async () => {
    const path = join(folder, 'cut.jsonl');
    const records = ['a', 'éé', 'ccc'].map(record);
    const verdicts = await judgeAnswers(counting(), records, { log: await VerdictLog.open(path) });
    const bytes = readFileSync(path);
    for (let length = 0; length <= bytes.length; length++) {
      rmSync(`${path}.bad`, { force: true });
      writeFileSync(path, bytes.subarray(0, length));
      const log = await VerdictLog.open(path);
      const whole = bytes.subarray(0, length).toString('latin1').split('\n').length - 1;
      expect(records.map(({ answer }) => log.get(verdictKey(counting(), input(answer ?? ''))))).toEqual(
        verdicts.map((verdict, i) => (i < whole ? verdict : undefined)),
      );
      expect(existsSync(`${path}.bad`)).toBe(log.repaired);
      expect(await judgeAnswers(counting(), records, { log })).toEqual(verdicts);
      expect(readFileSync(path)).toEqual(bytes);
    }
    console.log(`opened the log cut at ${bytes.length + 1} places`);
  });

  it('refuses a log that is broken in the middle, naming the line', async () => {
    const path = join(folder, 'broken.jsonl');
    writeFileSync(path, '{"key": "a", "status": "scored", "score": 3, "correct": false, "reason": ""}\n{"key":\n{}\n');
    await expect(VerdictLog.open(path)).rejects.toThrow(/broken\.jsonl cannot be read:\n {2}- line 2: not valid JSON/);
  });
});
