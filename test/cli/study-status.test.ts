/** `lightmem study status` of studies that are carried out, under way, failed, and large. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { RUN_FILES, STUDY_FILES } from '../../src/study/layout.js';
import { studyStatus, type StudyStatus } from '../../src/study/study-status.js';
import type { StudyRecord } from '../../src/study/study-record.js';
import { carriedOut, HALF_FAILING } from '../study/support/carried-out.js';
import { scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';
import { studyCommand } from './support/printed.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const whole = join(scratch, 'whole');
const failing = join(scratch, 'failing');
const during: StudyStatus[] = [];

const status = async (...words: readonly string[]): Promise<string> => (await studyCommand('status', ...words)).out;

beforeAll(async () => {
  writeTinyModel(model);
  const onEvent = (): unknown => during.push(studyStatus(whole));
  await carriedOut(model, whole, {}, { onEvent });
  await carriedOut(model, failing, { base: false, grid: HALF_FAILING });
}, 300_000);

describe('study status', { timeout: 180_000 }, () => {
  it('follows the runs while they are carried out: which runs, at what, how far, how long', () => {
    const active = during.flatMap((each) => each.active);
    expect(active.map(({ report }) => report?.stage)).toContain('training');
    expect(active.some(({ secondsLeft }) => (secondsLeft ?? 0) > 0)).toBe(true);
    expect(active.every(({ worker }) => worker?.pid === process.pid)).toBe(true);
    const [first, last] = [during[0], during.at(-1)];
    expect(first).toMatchObject({ runs: 2, done: 0, waiting: 2, worker: { pid: process.pid } });
    expect(last).toMatchObject({ done: 2, waiting: 0, running: 0, share: 1, secondsLeft: 0 });
    const shares = during.map(({ share }) => share ?? NaN);
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    expect(Math.max(...during.map(({ runsPerHour }) => runsPerHour ?? 0))).toBeGreaterThan(0);
  });

  it('sets what the runs were foreseen to take beside what they took, when all is done', async () => {
    const { estimate } = studyStatus(whole);
    expect(estimate?.tookSeconds).toBeGreaterThan(0);
    expect(estimate?.foreseenSeconds).toBeGreaterThan(0);
    const text = await status(whole);
    expect(text).toMatch(/^least: 2 of 2 runs done\nruns that are done took .* of work; .* were foreseen\n$/);
  });

  it('tells what failed, why, and what to do', async () => {
    const text = await status(failing);
    expect(text).toMatch(/^least: 1 of 2 runs done, 1 failed\n/);
    expect(text).toMatch(/^failed: articles-open-summ_l3-r2-n2-s0-\w+, training: .*raise maxLength/m);
    expect(text).toMatch(/^more about what failed: lightmem study logs .*\nto go on: lightmem study run least\.yaml$/m);
    const told = JSON.parse(await status(failing, '--json')) as StudyStatus;
    expect(told).toMatchObject({ done: 1, failed: 1, failures: [{ stage: 'training' }] });
  });

  it('lets nothing in an error move the terminal', async () => {
    const odd = join(scratch, 'odd');
    cpSync(failing, odd, { recursive: true });
    const run = studyStatus(odd).failures[0]?.run ?? '';
    const path = join(odd, STUDY_FILES.runs, run, RUN_FILES.error);
    writeFileSync(path, JSON.stringify({ name: 'E', message: 'a\u001b[2Jb\u202e', stage: 'asking', stack: null }));
    expect(await status(odd)).toMatch(/, asking: ab$/m);
  });

  it('says that a folder holds no study, and names a record that is damaged', async () => {
    await expect(status(join(scratch, 'nowhere'))).rejects.toThrow(/holds no study: give the folder/);
    const damaged = join(scratch, 'damaged');
    cpSync(whole, damaged, { recursive: true });
    const [name = ''] = recordOf(damaged).runs;
    writeFileSync(join(damaged, STUDY_FILES.runs, name, RUN_FILES.result), '{');
    expect(await status(damaged)).toMatch(/^damaged: articles-.*result\.json cannot be used/m);
    expect(studyStatus(damaged)).toMatchObject({ done: 1, waiting: 1 });
  });

  it('reads no rows, no answers and no data', () => {
    const bare = join(scratch, 'bare');
    const record = recordOf(whole);
    mkdirSync(bare);
    writeFileSync(join(bare, STUDY_FILES.study), JSON.stringify(record));
    for (const name of record.runs) {
      const place = join(STUDY_FILES.runs, name);
      mkdirSync(join(bare, place), { recursive: true });
      cpSync(join(whole, place, RUN_FILES.result), join(bare, place, RUN_FILES.result));
    }
    expect({ ...studyStatus(bare), folder: whole }).toEqual(studyStatus(whole));
  });
});

function recordOf(folder: string): StudyRecord {
  return JSON.parse(readFileSync(join(folder, STUDY_FILES.study), 'utf8')) as StudyRecord;
}
