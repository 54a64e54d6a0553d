import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { shellWord } from '../../src/executors/command-template.js';
import type { Executor } from '../../src/executors/executor.js';
import { slurmExecutor, type SlurmOptions, type SlurmSettings } from '../../src/executors/slurm.js';
import {
  kindOf,
  parseAccounting,
  parseMaxArraySize,
  parseQueue,
  parseSubmission,
  SlurmTextError,
} from '../../src/executors/slurm-text.js';
import { executorSuite, FAR_WORKER, farRecords, isDone, started, triesOf, workshop } from './suite.js';

const FAKE = fileURLToPath(new URL('support/fake-slurm.mjs', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lightmem slurm '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const bin = join(scratch, 'bin');
mkdirSync(bin);
for (const name of ['sbatch', 'squeue', 'sacct', 'scancel', 'scontrol']) {
  writeFileSync(join(bin, name), `#!/bin/sh\nexec ${shellWord(process.execPath)} ${shellWord(FAKE)} ${name} "$@"\n`);
  chmodSync(join(bin, name), 0o755);
}

let clusters = 0;
let root = '';

// A question takes a process of node: on a busy machine many of them take their time.
vi.setConfig({ testTimeout: 180_000 });
const QUICK: SlurmOptions = { pollMs: 50, recordMs: { ended: 300, lost: 0 }, retryMs: 1, pauseMs: 1 };
const SETTINGS: SlurmSettings = {
  ...{ options: [], gpus: 0, retries: 2, pollSeconds: 1, onStop: 'cancel', setup: '', folder: '' },
  work: `${shellWord(process.execPath)} ${shellWord(FAR_WORKER)}`,
};

/** An executor before a cluster of its own, or before the one that is there. */
function cluster(changes: Partial<SlurmSettings> = {}, where = join(scratch, `cluster ${clusters++}`)): Executor {
  root = where;
  mkdirSync(join(root, 'faults'), { recursive: true });
  mkdirSync(join(root, 'wishes'), { recursive: true });
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, FAKE_SLURM: root };
  return slurmExecutor({ ...SETTINGS, folder: join(root, 'study'), ...changes }, farRecords, { ...QUICK, env });
}

const fault = (name: string, times = 1): void => writeFileSync(join(root, 'faults', name), String(times));
const mend = (name: string): void => rmSync(join(root, 'faults', name));
/** Has an element end in a state, whatever it does; PENDING requeues it. */
const wish = (task: string, state: string): void => writeFileSync(join(root, 'wishes', task), state);
const submissions = (): string[] => readFileSync(join(root, 'submissions'), 'utf8').trimEnd().split('\n');
const stateOf = (task: string): string =>
  (JSON.parse(readFileSync(join(root, 'tasks', task), 'utf8')) as { state: string }).state;
const go = (folder: string): void => writeFileSync(join(folder, 'go'), '');
const begun = (folder: string, times: number) =>
  vi.waitFor(() => expect(triesOf(folder)).toHaveLength(times), { timeout: 60_000, interval: 20 });

executorSuite('slurm', () => cluster({ atOnce: 2, retries: 0 }));

describe('Slurm', () => {
  const shop = workshop(cluster);

  it('gets one array for each shape of run, none larger than it takes, with what the runs need', async () => {
    const run = cluster({
      ...{ partition: 'gpu', account: 'a 1', qos: 'long', options: ['--constraint=x'], gpus: 1, atOnce: 8 },
    });
    const needs = [1, 1, 1, 1, 1, 1, 4, 4].map((threads) => ({ threads, memoryBytes: 3e9, seconds: 600 }));
    const jobs = needs.map((need) => run.submit({ folder: shop.job('succeed'), ...need }));
    expect(await Promise.all(jobs.map(({ outcome }) => outcome))).toEqual(needs.map(() => ({ status: 'done' })));
    expect(submissions().map((line) => /--array=(\S+) .*--cpus-per-task=(\d)/.exec(line)?.slice(1))).toEqual([
      ['0-3%4', '1'],
      ['0-1%2', '1'],
      ['0-1%2', '4'],
    ]);
    for (const part of [
      '--parsable',
      '--requeue',
      '--mem=4000M',
      '--time=60',
      '--gres=gpu:1',
      '--partition=gpu',
      '--qos=long',
    ])
      expect(submissions()[0]).toContain(part);
    expect(submissions()[0]).toContain('--account=a 1');
    expect(submissions()[0]).toContain('--constraint=x');
    await run.close();
  });

  it('is asked by name whether a submission that failed went through: nothing is submitted twice', async () => {
    for (const [name, expected] of [
      ['sbatch-unheard', 2],
      ['sbatch-lost', 1],
      ['sbatch-silent', 1],
    ] as const) {
      const run = cluster();
      fault(name);
      fault('squeue-fails', 2);
      const folder = shop.job('succeed');
      expect(await run.submit({ folder }).outcome).toEqual({ status: 'done' });
      expect(submissions(), name).toHaveLength(expected);
      expect(triesOf(folder), name).toHaveLength(1);
      await run.close();
    }
  });

  it('is believed when it refuses', async () => {
    fault('sbatch-refused');
    expect(await shop.executor.submit({ folder: shop.job('succeed') }).outcome).toMatchObject({
      ...{ status: 'failed', mendable: true, message: expect.stringContaining('Invalid account') as string },
    });
    expect(submissions()).toHaveLength(1);
  });

  it('may give no answer, or one that is not understood, for a while', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    fault('squeue-fails', 3);
    fault('squeue-garbled', 2);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
  });

  it('may forget what ended, its accounting being empty, late or absent: the run’s record counts, and without one it is lost', async () => {
    fault('forgets');
    const folders = [shop.job('succeed'), shop.job('fail'), shop.job('second')];
    const outcomes = await Promise.all(folders.map((folder) => shop.executor.submit({ folder }).outcome));
    expect(outcomes.map(({ status }) => status)).toEqual(['done', 'failed', 'done']);
    expect(folders.map((folder) => triesOf(folder).length)).toEqual([1, 1, 2]);
    const run = cluster({ retries: 0 });
    for (const name of ['forgets', 'accounts']) fault(name);
    fault('sacct-empty', 2);
    expect(await run.submit({ folder: shop.job('exit') }).outcome).toMatchObject({
      cause: expect.stringContaining('ended as FAILED') as string,
    });
    await run.close();
  });

  it('requeues what was preempted: the same job goes on, and nothing new is submitted', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    wish('1_0', 'PENDING');
    await begun(folder, 2);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
    expect(submissions()).toHaveLength(1);
  });

  it('is given again what a node lost, with twice the time', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    wish('1_0', 'NODE_FAIL');
    await begun(folder, 2);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
    expect(submissions().map((line) => /--time=(\d+)/.exec(line)?.[1])).toEqual(['480', '960']);
  });

  it('says of memory that it ran out, and of what somebody cancelled that it is not to be tried again', async () => {
    const [hungry, unwanted] = [shop.job('gate'), shop.job('gate')];
    const jobs = await Promise.all([hungry, unwanted].map((folder) => started(shop.executor, folder)));
    wish('1_0', 'OUT_OF_MEMORY');
    wish('1_1', 'CANCELLED');
    expect(await jobs[0]?.outcome).toMatchObject({ status: 'lost', outOfMemory: true });
    expect(await jobs[1]?.outcome).toMatchObject({
      ...{ status: 'lost', outOfMemory: false, cause: expect.stringContaining('1_1 ended as CANCELLED') as string },
    });
    expect(submissions()).toHaveLength(1);
  });

  it('waits as long as the nodes are drained', async () => {
    fault('drained', 1000);
    const folder = shop.job('succeed');
    const job = shop.executor.submit({ folder });
    await vi.waitFor(() => expect(stateOf('1_0')).toBe('PENDING'), { timeout: 60_000 });
    expect(isDone(folder)).toBe(false);
    mend('drained');
    expect(await job.outcome).toEqual({ status: 'done' });
  });

  it('ends what is cancelled, though it must be asked twice', async () => {
    const jobs = await Promise.all(['1_0', '1_1'].map(() => started(shop.executor, shop.job('gate'))));
    fault('scancel-fails');
    for (const job of jobs) job.cancel();
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'cancelled' });
    expect([stateOf('1_0'), stateOf('1_1')]).toEqual(['CANCELLED', 'CANCELLED']);
  });

  it('keeps what is left running, and a later study takes it over by its name', async () => {
    const first = cluster({ onStop: 'leave' });
    const where = root;
    const [left, ended] = [shop.job('gate'), shop.job('gate')];
    for (const job of await Promise.all([left, ended].map((folder) => started(first, folder)))) job.cancel();
    await first.close();
    expect([stateOf('1_0'), stateOf('1_1')]).toEqual(['RUNNING', 'RUNNING']);
    wish('1_1', 'NODE_FAIL');
    const second = cluster({}, where);
    const jobs = [left, ended].map((folder) => second.submit({ folder }));
    await begun(ended, 2);
    for (const folder of [left, ended]) go(folder);
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'done' });
    expect(triesOf(left)).toHaveLength(1);
    expect(submissions()).toHaveLength(2);
    await second.close();
    expect(existsSync(join(where, 'study'))).toBe(true);
  });

  it('is not here on other machines, which is said', async () => {
    const env = { PATH: scratch };
    const run = slurmExecutor({ ...SETTINGS, folder: join(scratch, 'none') }, farRecords, { ...QUICK, env });
    expect(await run.submit({ folder: shop.job('succeed') }).outcome).toMatchObject({
      ...{
        status: 'failed',
        message: expect.stringContaining('is not here: start the study on a machine of the cluster') as string,
      },
    });
    await run.close();
  });
});

describe('what Slurm’s commands print', () => {
  it('is read where it is as it should be', () => {
    expect(parseQueue('12|0|RUNNING|lm-a-1|None\n12|1|PENDING|lm-a-1|(a | b)\n')).toEqual([
      { array: 12, index: 0, state: 'RUNNING', name: 'lm-a-1' },
      { array: 12, index: 1, state: 'PENDING', name: 'lm-a-1' },
    ]);
    expect(parseAccounting('12_0|CANCELLED by 1000|0:15\n12_[2-9%4]|PENDING|0:0\n12_1|FAILED|0:9\n')).toEqual([
      { array: 12, index: 0, state: 'CANCELLED', wasKilled: false },
      { array: 12, index: 1, state: 'FAILED', wasKilled: true },
    ]);
    expect([parseSubmission('12\n'), parseSubmission('welcome\n12;east\n')]).toEqual([12, 12]);
    expect(parseMaxArraySize('MaxArraySize            = 1001\nMaxDBDMsgs = 1\n')).toBe(1001);
  });

  it('is refused where it is not', () => {
    expect(() => parseQueue('slurm_load_jobs error: trouble\n')).toThrow(SlurmTextError);
    expect(() => parseQueue('12|N/A|RUNNING|x|None\n')).toThrow('"12|N/A|RUNNING|x|None"');
    expect(() => parseAccounting('12_0|RUNNING\n')).toThrow('sacct printed a line that is not understood');
    for (const text of ['', 'Submitted batch job 12\n', '12\n13\n']) expect(parseSubmission(text)).toBeNull();
    expect(parseMaxArraySize('MaxArraySize = many\n')).toBeNull();
  });

  it('ends nothing where a state is not known', () => {
    expect(kindOf('RUNNING_BACKWARDS')).toBe('running');
    expect(['COMPLETED', 'NODE_FAIL', 'REQUEUED'].map(kindOf)).toEqual(['ended', 'lost', 'waiting']);
  });
});
