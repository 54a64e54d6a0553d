import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { shellWord } from '../../src/executors/command-template.js';
import type { Executor } from '../../src/executors/executor.js';
import { rayExecutor, type RaySettings } from '../../src/executors/ray.js';
import { realRay } from './support/real-ray.js';
import { executorSuite, FAR_WORKER, farRecords, started, triesOf, workshop } from './suite.js';

const cluster = realRay();
const { scratch, address } = cluster;

vi.setConfig({ testTimeout: 180_000 });
let studies = 0;
// What a test that failed has left would take the room of those behind it.
const executors: Executor[] = [];
afterEach(() => Promise.all(executors.splice(0).map((each) => each.close())));
const study = (): string => join(scratch, `study ${studies++}`, 'ray.json');

function executor(
  changes: Partial<RaySettings> = {},
  onNotice: (message: string) => void = () => undefined,
  env: NodeJS.ProcessEnv = cluster.env,
): Executor {
  const settings: RaySettings = {
    ...{ address, gpus: 0, resources: {}, atOnce: 4, memoryGB: 0.05, retries: 2, pollSeconds: 1, onStop: 'cancel' },
    ...{ setup: '', work: `${shellWord(process.execPath)} ${shellWord(FAR_WORKER)}`, file: study() },
    ...changes,
  };
  const quick = { pollMs: 200, recordMs: { ended: 1_000, lost: 200 }, retryMs: 1 };
  const made = rayExecutor(settings, farRecords, { ...quick, env, onNotice });
  executors.push(made);
  return made;
}

cluster.describe('a real Ray', () => {
  executorSuite('ray', () => executor({ atOnce: 2, retries: 0 }));

  const shop = workshop(() => executor());
  const go = (folder: string): void => writeFileSync(join(folder, 'go'), '');
  const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 100 });
  const begun = (folder: string, times: number) => soon(() => expect(triesOf(folder)).toHaveLength(times));
  /** The job that is in this state alone. */
  const only = (status: string) =>
    vi.waitFor(
      async () => {
        const ids = Object.entries(await cluster.jobs()).flatMap(([id, each]) => (each === status ? [id] : []));
        expect(ids).toHaveLength(1);
        return ids[0] ?? '';
      },
      { timeout: 60_000, interval: 100 },
    );
  const signal = (folder: string, name: NodeJS.Signals): void => {
    const { stdout } = spawnSync('pgrep', ['-f', `far-worker.mjs ${folder} --threads`], { encoding: 'utf8' });
    // Jobs of Ray are lines of shell: lightmem has taken the shell's place.
    expect(stdout.trim()).toMatch(/^\d+$/);
    process.kill(Number(stdout), name);
  };

  it('is given again a run that was ended, and told of one that was killed as for memory', async () => {
    const folders = [shop.job('gate'), shop.job('gate')];
    const [ended = '', killed = ''] = folders;
    const [first, second] = await Promise.all(folders.map((folder) => started(shop.executor, folder)));
    signal(ended, 'SIGTERM');
    signal(killed, 'SIGKILL');
    await begun(ended, 2);
    go(ended);
    expect(await first?.outcome).toEqual({ status: 'done' });
    expect(await second?.outcome).toMatchObject({ status: 'lost', outOfMemory: true });
    expect(triesOf(killed)).toHaveLength(1);
  });

  it('is told by Ray that a run was stopped by hand, which is not tried again', async () => {
    const job = await started(shop.executor, shop.job('gate'));
    await cluster.stop(await only('RUNNING'));
    expect(await job.outcome).toMatchObject({
      status: 'lost',
      cause: expect.stringContaining('was stopped') as string,
    });
    await soon(async () => expect(Object.values(await cluster.jobs())).not.toContain('RUNNING'));
  });

  it('stops what waits for room in Ray before it has begun', async () => {
    const run = executor({ atOnce: 3 });
    const [first = '', second = '', third = ''] = [shop.job('gate'), shop.job('gate'), shop.job('succeed')];
    const under = await Promise.all([first, second].map((folder) => started(run, folder)));
    const waiting = run.submit({ folder: third });
    const id = await only('PENDING');
    waiting.cancel();
    expect(await waiting.outcome).toEqual({ status: 'cancelled' });
    for (const folder of [first, second]) go(folder);
    for (const { outcome } of under) expect(await outcome).toEqual({ status: 'done' });
    await soon(async () => expect((await cluster.jobs())[id]).toBe('STOPPED'));
    expect(existsSync(join(third, 'done.json'))).toBe(false);
    await run.close();
  });

  it('is waited for while its head is restarted: what it forgot begins again, and what waited is carried out', async () => {
    const said: string[] = [];
    const run = executor({}, (message) => said.push(message));
    // Ray has room for two, and begins them again in an order of its own: the third must not wait for the others.
    const folders = [shop.job('gate'), shop.job('gate'), shop.job('succeed')];
    const [first = '', second = ''] = folders;
    const under = await Promise.all([first, second].map((folder) => started(run, folder)));
    const jobs = [...under, ...folders.slice(2).map((folder) => run.submit({ folder }))];
    await only('PENDING');
    await cluster.restart();
    await begun(first, 2);
    await begun(second, 2);
    for (const folder of folders) go(folder);
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'done' });
    expect(folders.map((folder) => triesOf(folder).length)).toEqual([2, 2, 1]);
    expect(said.at(0)).toMatch(/^the scheduler gives no answer/);
    expect(said).toContain('the scheduler answers again');
    await run.close();
  });

  it('keeps what was left running, and a later study takes it over', async () => {
    const file = study();
    const first = executor({ file, onStop: 'leave' });
    const folder = shop.job('gate');
    (await started(first, folder)).cancel();
    await first.close();
    const second = executor({ file });
    const job = await started(second, folder);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
    expect(triesOf(folder)).toHaveLength(1);
    await second.close();
  });

  it('says what is wrong with a token', async () => {
    for (const [token, message] of [
      [undefined, 'refuses (401): set RAY_AUTH_TOKEN to'],
      ['another', 'refuses (403): the token of RAY_AUTH_TOKEN is not the cluster’s'],
    ] as const) {
      const run = executor({}, undefined, { RAY_AUTH_TOKEN: token });
      const { outcome } = run.submit({ folder: shop.job('succeed') });
      expect(await outcome).toMatchObject({ status: 'failed', message: expect.stringContaining(message) as string });
      await run.close();
    }
  });
});
