/** `lightmem study logs`, `retry`, `clean` and `export`, on studies that were carried out. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { beforeAll, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/files/folder-lock.js';
import { ROW_COLUMNS } from '../../src/report/export.js';
import { RUN_FILES, STUDY_FILES, TRAINING_FILES } from '../../src/study/layout.js';
import type { RunLog } from '../../src/study/run-log.js';
import { readRows } from '../../src/study/run-store.js';
import { readStudy } from '../../src/study/stored-study.js';
import { readStudyRecord } from '../../src/study/study-record.js';
import { studyStatus } from '../../src/study/study-status.js';
import type { UnusedFiles } from '../../src/study/unused-files.js';
import { FakeMlflow } from '../trackers/support/fake-mlflow.js';
import { carriedOut, HALF_FAILING } from '../study/support/carried-out.js';
import { scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';
import { studyCommand } from './support/printed.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const whole = join(scratch, 'whole');
const failing = join(scratch, 'failing');

beforeAll(async () => {
  writeTinyModel(model);
  await carriedOut(model, whole);
  await carriedOut(model, failing, { base: false, grid: HALF_FAILING });
}, 300_000);

/** A copy of a study that a test may change. */
function copied(folder: string, name: string): string {
  const copy = join(scratch, name);
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const failedRun = (folder: string): string => studyStatus(folder).failures[0]?.run ?? '';

describe('study logs', { timeout: 180_000 }, () => {
  it('shows the losses of a training, the last steps of many, all of them as JSON', async () => {
    const { out } = await studyCommand('logs', whole, 'articles-open-summ_l3-r2', '--lines', '2');
    expect(out).toMatch(/^articles-open-summ_l3-r2-n2-s0-\w{12}: done\n {2}… 22 earlier steps; --lines 24 or --json/);
    expect(out).toMatch(/\n {2}step 23, epoch \d+: loss [\d.]+, learning rate [\d.e-]+\n {2}step 24, .*\n/);
    const [log] = JSON.parse((await studyCommand('logs', whole, 'articles-open-summ_l3-r2', '--json')).out) as RunLog[];
    expect(log?.losses.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  });

  it('shows the error of a run that failed, and with --stack where it came up', async () => {
    const { out } = await studyCommand('logs', failing, failedRun(failing));
    expect(out).toMatch(/: failed\n {2}error \(training\): .*raise maxLength/);
    expect(out).not.toMatch(/^ {4}at /m);
    expect((await studyCommand('logs', failing, failedRun(failing), '--stack')).out).toMatch(/^ +at /m);
  });

  it('passes over a line that is half written, and hides what would move the terminal', async () => {
    const copy = copied(failing, 'torn');
    const trained = readStudy(copy).runs.find(({ status }) => status === 'done');
    if (trained?.status !== 'done' || trained.result.training === null) throw new Error('nothing was trained');
    const metrics = join(copy, STUDY_FILES.trainings, trained.result.training, TRAINING_FILES.metrics);
    writeFileSync(metrics, readFileSync(metrics, 'utf8') + '{"step":99,"ep');
    const error = { name: 'Error', message: 'a\u001b]0;title\u0007b', stage: 'asking', stack: null };
    writeFileSync(join(copy, STUDY_FILES.runs, failedRun(copy), RUN_FILES.error), JSON.stringify(error));
    const { out } = await studyCommand('logs', copy);
    expect(out).toMatch(/step 24, /);
    expect(out).not.toContain('step 99');
    expect(out).toMatch(/error \(asking\): Error: ab$/m);
    expect(out).toMatch(/warning: .*training is damaged: metrics\.jsonl/);
  });

  it('names runs that are not there', async () => {
    await expect(studyCommand('logs', whole, 'other')).rejects.toThrow(/no run "other" in .*: lightmem study list/);
  });
});

describe('study retry', { timeout: 180_000 }, () => {
  it('forgets failures, says what would run, and the next study carries it out', async () => {
    const copy = copied(failing, 'retried');
    const { out } = await studyCommand('retry', copy);
    expect(out).toMatch(/^forgotten: articles-open-.*raise maxLength/);
    expect(out).toMatch(/^1 run would be carried out by: lightmem study run least\.yaml$/m);
    expect(studyStatus(copy)).toMatchObject({ failed: 0, waiting: 1, done: 1 });
    expect(await carriedOut(model, copy, { base: false, grid: HALF_FAILING })).toMatchObject({ failed: 1, reused: 1 });
    expect((await studyCommand('retry', whole)).out).toBe('no run failed\n');
  });

  it('refuses runs that did not fail, and one that a process works on', async () => {
    const [done = ''] = readStudyRecord(whole).runs;
    await expect(studyCommand('retry', whole, done)).rejects.toThrow(`${done} is done: only runs that failed`);
    const copy = copied(failing, 'held');
    const run = failedRun(copy);
    const lock = await lockFolder(join(copy, STUDY_FILES.runs, run));
    await expect(studyCommand('retry', copy, run)).rejects.toThrow(`${run} is running`);
    lock.release();
    const json = JSON.parse((await studyCommand('retry', copy, run, '--json')).out) as object;
    expect(json).toMatchObject({ forgotten: [{ run }], waiting: [run] });
  });
});

describe('study clean', { timeout: 180_000 }, () => {
  /** Every file below a folder. */
  const files = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort();

  const inTheWay = (folder: string): string[] => {
    const orphan = join(folder, STUDY_FILES.trainings, '0123456789abcdef');
    mkdirSync(orphan);
    writeFileSync(join(orphan, TRAINING_FILES.metrics), 'x'.repeat(1000));
    const [training = ''] = readdirSync(join(folder, STUDY_FILES.trainings)).filter((name) => !orphan.endsWith(name));
    const checkpoints = join(folder, STUDY_FILES.trainings, training, TRAINING_FILES.checkpoints);
    mkdirSync(checkpoints, { recursive: true });
    writeFileSync(join(checkpoints, 'step'), 'y'.repeat(500));
    const answers = join(folder, STUDY_FILES.answers, 'fedcba9876543210');
    mkdirSync(answers);
    const leftover = join(folder, STUDY_FILES.data, 'a.jsonl.4242-0123456789ab.tmp');
    writeFileSync(leftover, 'z');
    const samples = join(folder, STUDY_FILES.samples);
    mkdirSync(samples, { recursive: true });
    writeFileSync(join(samples, '0123456789abcdef.jsonl'), '{}');
    const base = join(folder, STUDY_FILES.bases, '0123456789abcdef');
    mkdirSync(base, { recursive: true });
    writeFileSync(join(base, 'codes.safetensors'), 'c'.repeat(100));
    return [orphan, checkpoints, answers, leftover, join(samples, '0123456789abcdef.jsonl'), base];
  };

  it('finds nothing where runs use all that is there', async () => {
    expect((await studyCommand('clean', whole)).out).toBe('nothing to delete: runs use all that lies here\n');
  });

  it('shows what no run uses with its bytes, deletes it when told to, and nothing else', async () => {
    const copy = copied(whole, 'cleaned');
    const before = files(copy);
    const unused = inTheWay(copy);
    const shown = JSON.parse((await studyCommand('clean', copy, '--json')).out) as UnusedFiles & { deleted: boolean };
    expect(shown).toMatchObject({ deleted: false, bytes: 1603, kept: [] });
    expect(shown.found.map(({ path }) => path).sort()).toEqual([...unused].sort());
    expect(unused.every((path) => existsSync(path))).toBe(true);
    const { out } = await studyCommand('clean', copy, '--yes');
    expect(out).toMatch(/^trainings: 1, 1\.0 kB\n {2}trainings\/0123456789abcdef {2}1\.0 kB$/m);
    expect(out).toMatch(/deleted: 1\.6 kB\n$/);
    expect(files(copy)).toEqual(before);
    expect(await carriedOut(model, copy)).toMatchObject({ carriedOut: 0, reused: 2 });
  });

  it('deletes nothing where nobody can be asked', async () => {
    const copy = copied(whole, 'asked');
    const unused = inTheWay(copy);
    await expect(studyCommand('clean', copy)).rejects.toThrow(/add --yes to go on/);
    expect(unused.every((path) => existsSync(path))).toBe(true);
  });

  it('keeps what runs of an earlier plan use, unless it is told otherwise', async () => {
    const copy = copied(whole, 'replanned');
    await carriedOut(model, copy, { grid: [{ dataset: 'articles', book: 'closed', ranks: [2] }], base: false });
    expect((await studyCommand('clean', copy)).out).toMatch(/^nothing to delete/);
    await studyCommand('clean', copy, '--other-runs', '--yes');
    expect(readdirSync(join(copy, STUDY_FILES.runs))).toEqual(readStudyRecord(copy).runs);
    expect(readdirSync(join(copy, STUDY_FILES.trainings))).toHaveLength(1);
    expect(readStudy(copy).runs.map(({ status }) => status)).toEqual(['done']);
  });

  it('keeps answers and checkpoints of what is not trained yet, and a study that is carried out now', async () => {
    const copy = copied(whole, 'unfinished');
    const run = readStudy(copy).runs.find(({ training }) => training !== null);
    const name = run?.status === 'done' ? (run.result.training ?? '') : '';
    const training = join(copy, STUDY_FILES.trainings, name);
    rmSync(join(training, TRAINING_FILES.training));
    mkdirSync(join(training, TRAINING_FILES.checkpoints));
    mkdirSync(join(copy, STUDY_FILES.answers, 'fedcba9876543210'));
    mkdirSync(join(copy, STUDY_FILES.bases, '0123456789abcdef'), { recursive: true });
    const { out } = await studyCommand('clean', copy, '--yes');
    expect(out).toMatch(/not looked at: answers and bases, for 1 run is not trained/);
    expect(existsSync(join(training, TRAINING_FILES.checkpoints))).toBe(true);
    expect(existsSync(join(copy, STUDY_FILES.answers, 'fedcba9876543210'))).toBe(true);
    expect(existsSync(join(copy, STUDY_FILES.bases, '0123456789abcdef'))).toBe(true);
    const lock = await lockFolder(copy);
    await expect(studyCommand('clean', copy, '--yes')).rejects.toThrow(/is in use by process/);
    lock.release();
  });
});

describe('study export', { timeout: 180_000 }, () => {
  const exported = async (ending: string): Promise<string> => {
    const file = join(scratch, `rows${ending}`);
    await studyCommand('export', whole, '--out', file);
    return file;
  };
  const rows = () => readStudy(whole).runs.flatMap(readRows);

  it('writes Parquet that another reader gives back field by field, with its types', async () => {
    const file = await asyncBufferFromFile(await exported('.parquet'));
    expect(await parquetReadObjects({ file, compressors })).toEqual(rows());
    const { children } = parquetSchema(await parquetMetadataAsync(file));
    const types = children.map(({ element: { name, type, converted_type: of, repetition_type: how } }) => [
      name,
      { type: of ?? type, how },
    ]);
    expect(types.map(([name]) => name)).toEqual(ROW_COLUMNS);
    expect(Object.fromEntries(types)).toMatchObject({
      run: { type: 'UTF8', how: 'REQUIRED' },
      rank: { type: 'INT32', how: 'REQUIRED' },
      score: { type: 'DOUBLE', how: 'OPTIONAL' },
      correct: { type: 'BOOLEAN', how: 'OPTIONAL' },
      exposures: { type: 'INT32', how: 'OPTIONAL' },
    });
  });

  it('writes JSON lines and CSV of the same rows', async () => {
    const lines = readFileSync(await exported('.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(rows());
    const table = parse<{ answer: string }>(readFileSync(await exported('.csv')), { columns: true });
    expect(table.map(({ answer }) => answer)).toEqual(rows().map(({ answer }) => answer));
  });

  it('tells the runs to trackers, those that failed too, and says how many', async () => {
    const server = new FakeMlflow();
    await server.start();
    try {
      const tensorboard = join(scratch, 'tb');
      const asked = ['--tensorboard', tensorboard, '--mlflow', server.address, '--json'];
      const runs = (folder: string) => readStudyRecord(folder).runs.length;
      for (const folder of [whole, failing]) {
        const { out } = await studyCommand('export', folder, ...asked);
        const { trackers } = JSON.parse(out) as { trackers: object[] };
        expect(trackers).toEqual([
          { tracker: `TensorBoard (${tensorboard})`, runs: runs(folder) },
          { tracker: `MLflow (${server.address})`, runs: runs(folder) },
        ]);
      }
      expect(server.runs).toHaveLength(runs(whole) + runs(failing));
      const failed = server.runs.find(({ status }) => status === 'FAILED');
      expect(failed?.tags.get('lightmem.error')).toMatch(/^\w+: ./);
    } finally {
      server.close();
    }
  });

  it('says where a tracker fails and ends with an error, and where nothing was asked for', async () => {
    await expect(studyCommand('export', whole, '--mlflow', 'http://127.0.0.1:9')).rejects.toThrow(/^MLflow \(http.*: /);
    await expect(studyCommand('export', whole, '--mlflow', 'mlruns')).rejects.toThrow(/start `mlflow server`/);
    await expect(studyCommand('export', whole)).rejects.toThrow(/give --out FILE, --tensorboard FOLDER or --mlflow/);
  });

  it('refuses an ending it does not know, and a study without answers', async () => {
    await expect(studyCommand('export', whole, '--out', 'rows.xlsx')).rejects.toThrow(
      'invalid --out "rows.xlsx": use a name that ends in .csv, .jsonl, .parquet',
    );
    const copy = copied(failing, 'none');
    for (const name of readStudyRecord(copy).runs)
      rmSync(join(copy, STUDY_FILES.runs, name, RUN_FILES.result), { force: true });
    await expect(studyCommand('export', copy, '--out', join(scratch, 'x.csv'))).rejects.toThrow(/no run is done/);
  });
});
