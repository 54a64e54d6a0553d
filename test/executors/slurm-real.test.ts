import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { shellWord } from '../../src/executors/command-template.js';
import type { Executor } from '../../src/executors/executor.js';
import { slurmExecutor, type SlurmSettings } from '../../src/executors/slurm.js';
import { NODE, realSlurm } from './support/real-slurm.js';
import { executorSuite, FAR_WORKER, farRecords, isDone, started, triesOf, workshop } from './suite.js';

const cluster = realSlurm();
const { scratch, env, ask, last } = cluster;

vi.setConfig({ testTimeout: 180_000 });
let studies = 0;

function executor(changes: Partial<SlurmSettings> = {}): Executor {
  const settings: SlurmSettings = {
    ...{ options: [], gpus: 0, retries: 2, pollSeconds: 1, onStop: 'cancel', setup: '', memoryGB: 0.2 },
    ...{ folder: join(scratch, `study ${studies++}`), work: `${shellWord(process.execPath)} ${shellWord(FAR_WORKER)}` },
    ...changes,
  };
  const options = { pollMs: 100, recordMs: { ended: 1_000, lost: 200 }, retryMs: 1, pauseMs: 10 };
  return slurmExecutor(settings, farRecords, { ...options, env });
}

cluster.describe('a real Slurm', () => {
  executorSuite('slurm', () => executor({ atOnce: 2, retries: 0 }));

  const shop = workshop(executor);
  afterEach(() => {
    spawnSync('scontrol', ['update', `NodeName=${NODE}`, 'State=RESUME'], { env }); // refused where it is not drained
  });

  const go = (folder: string): void => writeFileSync(join(folder, 'go'), '');
  const again = (job: string, folder: string, tries: number): Promise<void> =>
    cluster.again(job, () => expect(triesOf(folder)).toHaveLength(tries));

  it('requeues a run, which goes on as the same job', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    const id = last();
    ask('scontrol', 'requeue', id);
    await again(id, folder, 2);
    expect(last()).toBe(id);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
  });

  it('preempts a run for an urgent job, and takes it up again', async () => {
    const folder = shop.job('gate');
    const job = shop.executor.submit({ folder, threads: 8 });
    await vi.waitFor(() => expect(triesOf(folder)).toHaveLength(1), { timeout: 20_000, interval: 50 });
    const id = last();
    const done = join(scratch, 'urgent');
    ask(
      'sbatch',
      '--partition=urgent',
      '--cpus-per-task=8',
      '--mem=100',
      '--output=/dev/null',
      `--wrap=echo > ${done}`,
    );
    await vi.waitFor(() => readFileSync(done), { timeout: 30_000, interval: 100 });
    await again(id, folder, 2);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
  });

  it('is given again a run that was killed', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    const pid = spawnSync('pgrep', ['-f', `far-worker.mjs ${folder} --threads`], { encoding: 'utf8' }).stdout.trim();
    process.kill(Number(pid.split('\n')[0]), 'SIGKILL');
    await vi.waitFor(() => expect(triesOf(folder)).toHaveLength(2), { timeout: 20_000, interval: 50 });
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
  });

  it('finishes what runs on a node that is drained, and begins the rest when it is back', async () => {
    const [under, later] = [shop.job('gate'), shop.job('succeed')];
    const first = await started(shop.executor, under);
    ask('scontrol', 'update', `NodeName=${NODE}`, 'State=DRAIN', 'Reason=test');
    const second = shop.executor.submit({ folder: later });
    go(under);
    expect(await first.outcome).toEqual({ status: 'done' });
    await vi.waitFor(() => expect(ask('squeue', '--noheader', '--states=PENDING', '--format=%r')).toMatch(/drained/i), {
      timeout: 20_000,
      interval: 100,
    });
    expect(isDone(later)).toBe(false);
    ask('scontrol', 'update', `NodeName=${NODE}`, 'State=RESUME');
    expect(await second.outcome).toEqual({ status: 'done' });
  });

  it('fills several arrays where one is too small, and every run is carried out once', async () => {
    const folders = Array.from({ length: 9 }, () => shop.job('succeed'));
    const outcomes = await Promise.all(folders.map((folder) => shop.executor.submit({ folder }).outcome));
    expect(outcomes).toEqual(folders.map(() => ({ status: 'done' })));
    expect(folders.map((folder) => triesOf(folder).length)).toEqual(folders.map(() => 1));
  });

  it('keeps what was left running, and a later study takes it over', async () => {
    const study = join(scratch, 'left');
    const first = executor({ folder: study, onStop: 'leave' });
    const folder = shop.job('gate');
    (await started(first, folder)).cancel();
    await first.close();
    const second = executor({ folder: study });
    const job = await started(second, folder);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
    expect(triesOf(folder)).toHaveLength(1);
    await second.close();
  });
});
