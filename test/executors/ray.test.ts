import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { shellWord } from '../../src/executors/command-template.js';
import type { Executor } from '../../src/executors/executor.js';
import { rayExecutor, type RayOptions, type RaySettings } from '../../src/executors/ray.js';
import { rayAddress, rayToken } from '../../src/executors/ray-client.js';
import { entrypoint, JobNames, parseJobs, stateOf } from '../../src/executors/ray-jobs.js';
import { FakeRay } from './support/fake-ray.js';
import { executorSuite, FAR_WORKER, farRecords, started, triesOf, workshop } from './suite.js';

const scratch = mkdtempSync(join(tmpdir(), 'lightmem ray '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

vi.setConfig({ testTimeout: 60_000 });
const QUICK: RayOptions = { pollMs: 20, recordMs: { ended: 300, lost: 0 }, retryMs: 1, pauseMs: 1 };
const SETTINGS: Omit<RaySettings, 'file'> = {
  ...{ gpus: 0, resources: {}, atOnce: 8, retries: 2, pollSeconds: 1, onStop: 'cancel', setup: '' },
  work: `${shellWord(process.execPath)} ${shellWord(FAR_WORKER)}`,
};

let ray = new FakeRay();
let studies = 0;
let said: string[] = [];

beforeEach(async () => {
  said = [];
  ray = new FakeRay();
  await ray.start();
});
afterEach(() => ray.close());

const study = (): string => join(scratch, `study ${studies++}`, 'ray.json');

/** An executor of a study of its own, or of the one that keeps this file. */
function cluster(changes: Partial<RaySettings> = {}, options: RayOptions = {}): Executor {
  const settings = { ...SETTINGS, address: ray.address, file: study(), ...changes };
  const onNotice = (message: string): void => void said.push(message);
  return rayExecutor(settings, farRecords, { ...QUICK, env: {}, onNotice, ...options });
}

const go = (folder: string): void => writeFileSync(join(folder, 'go'), '');
const soon = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 20 });
const begun = (folder: string, times: number) => soon(() => expect(triesOf(folder)).toHaveLength(times));

executorSuite('ray', () => cluster({ atOnce: 2, retries: 0 }));

describe('Ray', () => {
  const shop = workshop(cluster);

  it('gets what a run needs, as one job with the run’s name', async () => {
    const run = cluster({
      gpus: 0.5,
      resources: { big: 1 },
      setup: 'export GREETING=hello',
      paths: { [tmpdir()]: tmpdir() },
    });
    const folder = shop.job('succeed');
    expect(await run.submit({ folder, threads: 4, memoryBytes: 3e9 }).outcome).toEqual({ status: 'done' });
    expect(ray.submissions).toMatchObject([
      {
        submission_id: expect.stringMatching(/^lightmem-job-\d+-[0-9a-f]{16}-1$/) as string,
        entrypoint: `export GREETING=hello\nexec ${SETTINGS.work} '${folder}' --threads 4`,
        ...{ entrypoint_num_cpus: 4, entrypoint_num_gpus: 0.5, entrypoint_memory: 4_000_000_000 },
        ...{ entrypoint_resources: { big: 1 }, metadata: { folder } },
      },
    ]);
    await run.close();
  });

  it('is asked once for all runs, however many there are', async () => {
    const run = cluster({ atOnce: 20 }, { pollMs: 600_000 });
    const jobs = Array.from({ length: 20 }, () => run.submit({ folder: shop.job('gate') }));
    await soon(() => expect(ray.jobs.size).toBe(20));
    expect(ray.requests).toEqual({ list: 2, post: 20, stop: 0 });
    for (const job of jobs) job.cancel();
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'cancelled' });
    expect([...ray.jobs.values()].map(({ status }) => status)).toEqual(jobs.map(() => 'STOPPED'));
    await run.close();
  });

  it('is looked through for a submission whose answer was lost: nothing is submitted twice', async () => {
    for (const fault of ['post-lost', 'post-unheard', 'post-fails'] as const) {
      const run = cluster();
      const before = ray.submissions.length;
      ray.fault(fault, 2);
      ray.fault('list-fails', 2);
      const folder = shop.job('succeed');
      expect(await run.submit({ folder }).outcome, fault).toEqual({ status: 'done' });
      expect(triesOf(folder), fault).toHaveLength(1);
      expect(ray.submissions.length - before, fault).toBe(1);
      await run.close();
    }
  });

  it('is believed when it refuses', async () => {
    ray.fault('post-refused');
    expect(await shop.executor.submit({ folder: shop.job('succeed') }).outcome).toMatchObject({
      ...{ status: 'lost', cause: 'Ray refused it: TypeError: entrypoint_num_cpus must be a number' },
    });
    expect(ray.submissions).toHaveLength(1);
  });

  it('may be slow, down, or answer what is not understood, for a while, which is said once', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    ray.fault('list-slow', 2);
    ray.fault('list-garbled', 2);
    await soon(() => expect(said.at(-1)).toBe('the scheduler answers again'));
    ray.isDown = true;
    await soon(() => expect(said).toHaveLength(3));
    go(folder);
    const { list } = ray.requests;
    ray.isDown = false;
    expect(await job.outcome).toEqual({ status: 'done' });
    expect(ray.requests.list).toBeGreaterThan(list);
    expect(said).toMatchObject([
      expect.stringContaining('gave no list of jobs: "<html>trouble at the mill</html>"'),
      'the scheduler answers again',
      expect.stringMatching(/^the scheduler gives no answer \(http:\S+ .*\); it is asked again for up to 15 min$/),
      'the scheduler answers again',
    ]);
  });

  it('is given up for this study when it stays silent, with what that means for its jobs', async () => {
    const run = cluster({}, { silenceMs: 50 });
    const folder = shop.job('gate');
    const job = await started(run, folder);
    ray.isDown = true;
    expect(await job.outcome).toMatchObject({
      ...{ status: 'lost', cause: expect.stringContaining('what it runs goes on, and the next study run') as string },
    });
    go(folder);
    await run.close();
  });

  it('may forget its jobs when its head is restarted: they are lost, not failed, and begin again', async () => {
    const folders = [shop.job('gate'), shop.job('gate')];
    const jobs = await Promise.all(folders.map((folder) => started(shop.executor, folder)));
    ray.restart();
    for (const folder of folders) await begun(folder, 2);
    for (const folder of folders) go(folder);
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'done' });
    const run = cluster({ retries: 0 });
    const job = await started(run, shop.job('gate'));
    ray.restart();
    expect(await job.outcome).toMatchObject({
      status: 'lost',
      cause: expect.stringContaining('no longer knows it') as string,
    });
    await run.close();
  });

  it('may have states that are not known, which end nothing', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    ray.job(0).status = 'SUSPENDED_BY_A_LATER_VERSION';
    const { list } = ray.requests;
    await soon(() => expect(ray.requests.list).toBeGreaterThan(list + 3));
    ray.job(0).status = 'RUNNING';
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
    expect(triesOf(folder)).toHaveLength(1);
  });

  it('is given again what it lost, under the next id', async () => {
    const folder = shop.job('gate');
    const job = await started(shop.executor, folder);
    ray.end(0, {
      status: 'FAILED',
      message: 'Job supervisor actor died: the node is gone\nmore',
      error_type: 'JOB_SUPERVISOR_ACTOR_DIED',
    });
    await begun(folder, 2);
    go(folder);
    expect(await job.outcome).toEqual({ status: 'done' });
    expect(ray.submissions.map(({ submission_id: id }) => /\d+$/.exec(String(id))?.[0])).toEqual(['1', '2']);
  });

  it('lets a run wait as long as it has no place for it: that counts as no attempt', async () => {
    const run = cluster({ retries: 0 });
    ray.fault('full', 1_000);
    const job = run.submit({ folder: shop.job('succeed') });
    await soon(() => expect(ray.jobs.size).toBe(1));
    const words = 'Job supervisor actor failed to start within 900.0 seconds. This timeout can be …';
    ray.end(0, { status: 'FAILED', message: words, error_type: 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT' });
    await soon(() => expect(ray.jobs.size).toBe(2));
    expect(said).toEqual([expect.stringContaining('Ray found no place for a job in time')]);
    ray.fault('full', 0);
    expect(await job.outcome).toEqual({ status: 'done' });
    await run.close();
  });

  it('says of memory that it ran out, and of what somebody stopped that it is not to be tried again', async () => {
    const folders = [shop.job('gate'), shop.job('gate'), shop.job('gate')];
    const jobs = await Promise.all(folders.map((folder) => started(shop.executor, folder)));
    const places = folders.map((folder) =>
      [...ray.jobs.values()].findIndex(({ metadata }) => metadata?.['folder'] === folder),
    );
    ray.end(places[0] ?? -1, { status: 'FAILED', message: 'logs\nstd::bad_alloc', driver_exit_code: 134 });
    ray.end(places[1] ?? -1, {
      status: 'FAILED',
      message: 'Job supervisor actor died: 1 worker(s) were killed due to the node running low on memory.',
    });
    ray.end(places[2] ?? -1, { status: 'STOPPED' });
    expect(await jobs[0]?.outcome).toMatchObject({
      status: 'lost',
      outOfMemory: true,
      cause: expect.stringMatching(/exit code 134.*bad_alloc/) as string,
    });
    expect(await jobs[1]?.outcome).toMatchObject({ status: 'lost', outOfMemory: true });
    expect(await jobs[2]?.outcome).toMatchObject({
      status: 'lost',
      outOfMemory: false,
      cause: expect.stringContaining('was stopped') as string,
    });
    expect(ray.submissions).toHaveLength(3);
  });

  it('ends what is cancelled, though it must be asked twice, and what is on its way to it', async () => {
    const jobs = await Promise.all([0, 1].map(() => started(shop.executor, shop.job('gate'))));
    ray.fault('stop-fails', 2);
    for (const job of jobs) job.cancel();
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'cancelled' });
    ray.fault('post-lost');
    const unheard = shop.executor.submit({ folder: shop.job('gate') });
    await soon(() => expect(ray.jobs.size).toBe(3));
    unheard.cancel();
    expect(await unheard.outcome).toEqual({ status: 'cancelled' });
    await shop.executor.close();
    expect([...ray.jobs.values()].map(({ status }) => status)).toEqual(['STOPPED', 'STOPPED', 'STOPPED']);
  });

  it('keeps what is left running, and a later study takes it over by its id', async () => {
    const file = study();
    const first = cluster({ file, onStop: 'leave' });
    const folders = [shop.job('gate'), shop.job('gate')];
    const [left = '', stopped = ''] = folders;
    for (const job of await Promise.all(folders.map((folder) => started(first, folder)))) job.cancel();
    await first.close();
    expect([...ray.jobs.values()].map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING']);
    const second = cluster({ file });
    const jobs = await Promise.all(folders.map((folder) => started(second, folder)));
    expect(ray.submissions).toHaveLength(2);
    // Who stopped it is not known, for it was somebody else's: it begins again.
    ray.end(
      [...ray.jobs.values()].findIndex(({ metadata }) => metadata?.['folder'] === stopped),
      { status: 'STOPPED' },
    );
    await begun(stopped, 2);
    for (const folder of folders) go(folder);
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'done' });
    expect(triesOf(left)).toHaveLength(1);
    await second.close();
  });

  it('carries a run out once for two processes that want it at the same time', async () => {
    const file = study();
    const both = [cluster({ file }), cluster({ file })];
    const folder = shop.job('gate');
    const jobs = both.map((each) => each.submit({ folder }));
    await begun(folder, 1);
    await soon(() => expect(ray.requests.list).toBeGreaterThan(6));
    go(folder);
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'done' });
    expect(triesOf(folder)).toHaveLength(1);
    expect(ray.jobs.size).toBe(1);
    for (const each of both) await each.close();
  });

  it('that wants a token is given it from the environment, and what to set is said where it is not there or wrong', async () => {
    ray.token = 'a-secret-of-some-length';
    const outcome = async (env: NodeJS.ProcessEnv) => {
      const run = cluster({}, { env });
      const result = await run.submit({ folder: shop.job('succeed') }).outcome;
      await run.close();
      return result;
    };
    expect(await outcome({})).toMatchObject({
      ...{
        status: 'failed',
        mendable: true,
        message: expect.stringContaining('refuses (401): set RAY_AUTH_TOKEN to') as string,
      },
    });
    const wrong = await outcome({ RAY_AUTH_TOKEN: 'another-secret' });
    expect(wrong).toMatchObject({
      message: expect.stringContaining('the token of RAY_AUTH_TOKEN is not the cluster’s') as string,
    });
    expect(JSON.stringify(wrong)).not.toContain('another-secret');
    const path = join(scratch, 'token');
    writeFileSync(path, `${ray.token}\n`);
    expect(await outcome({ RAY_AUTH_TOKEN_PATH: path })).toEqual({ status: 'done' });
    expect(JSON.stringify([ray.submissions, said])).not.toContain(ray.token);
  });

  it('is looked for where it is said to be, and another server is recognised', async () => {
    const run = cluster({ address: `${ray.address}/elsewhere` });
    expect(await run.submit({ folder: shop.job('succeed') }).outcome).toMatchObject({
      ...{ status: 'failed', message: expect.stringContaining('/elsewhere/ has no Jobs API (404)') as string },
    });
    ray.fault('list-redirects');
    expect(await shop.executor.submit({ folder: shop.job('succeed') }).outcome).toMatchObject({
      message: expect.stringContaining('has no Jobs API (302)') as string,
    });
    await run.close();
  });
});

describe('Ray’s address and token', () => {
  it('come from the study file or the environment, in this order', () => {
    const env = { RAY_API_SERVER_ADDRESS: 'https://api:1/ray', RAY_ADDRESS: 'http://head:8265' };
    expect(rayAddress('http://file:9', env).href).toBe('http://file:9/');
    expect(rayAddress(undefined, env).href).toBe('https://api:1/ray/');
    expect(rayAddress(undefined, { RAY_ADDRESS: env.RAY_ADDRESS }).href).toBe('http://head:8265/');
    expect(rayAddress(undefined, {}).href).toBe('http://127.0.0.1:8265/');
    expect(rayToken({ RAY_AUTH_TOKEN: ' abc\n', RAY_AUTH_TOKEN_PATH: '/nowhere' })).toBe('abc');
    expect(rayToken({})).toBeNull();
  });

  it('are refused where they are none, with what to use', () => {
    for (const address of ['auto', 'head:6379', 'ray://head:10001', '192.0.2.1:6379'])
      expect(() => rayAddress(undefined, { RAY_ADDRESS: address })).toThrow(
        `RAY_ADDRESS invalid "${address}": use the address of Ray's dashboard, such as http://head:8265, here or as executor.address`,
      );
    expect(() => rayAddress('http://me:secret@head:8265', {})).toThrow(/^address has more than a host(?!.*secret)/);
    expect(() => rayToken({ RAY_AUTH_TOKEN_PATH: join(scratch, 'none') })).toThrow(UserError);
  });
});

describe('what Ray’s Jobs API says', () => {
  const job = { submission_id: 'a-1', status: 'FAILED', entrypoint: 'x' };

  it('is read where it is as it should be, and refused where it is not', () => {
    const list = parseJobs([
      { type: 'DRIVER', submission_id: null, status: 'RUNNING' },
      { type: 'SUBMISSION', ...job, later: 1 },
    ]);
    expect([...(list?.keys() ?? [])]).toEqual(['a-1']);
    for (const answer of [undefined, {}, 'x', [{ submission_id: 'a' }], [null]]) expect(parseJobs(answer)).toBeNull();
  });

  it('names the reason that Ray gives, or the last words of the run', () => {
    expect(stateOf({ ...job, message: 'Failed to start supervisor actor a-1: no CPU\nTraceback' }, true)).toMatchObject(
      {
        cause: "Ray's job a-1 failed: Failed to start supervisor actor a-1: no CPU",
      },
    );
    expect(stateOf({ ...job, message: 'logs\nsh: 1: node: not found\n', driver_exit_code: 127 }, true)).toEqual({
      ...{ kind: 'lost', outOfMemory: false, cause: "Ray's job a-1 failed (exit code 127): sh: 1: node: not found" },
    });
    const generic =
      'The actor died. Some common causes include: (1) the process was killed by the OOM killer due to high memory usage';
    expect(stateOf({ ...job, message: generic }, true)).toMatchObject({ outOfMemory: false });
  });
});

describe('names of Ray’s jobs', () => {
  it('are the same for a run wherever its study is carried on, and others for a copy of it', () => {
    const root = join(scratch, 'names');
    const names = new JobNames(join(root, 'study', 'ray.json'), { [root]: '/mnt' });
    const stem = names.stem(join(root, 'study', 'runs', 'a b'));
    const mark = readFileSync(names.file);
    const copy = new JobNames(join(scratch, 'copy', 'ray.json'), {});
    copy.stem('x');
    writeFileSync(copy.file, mark);
    const again = new JobNames(copy.file, { [join(scratch, 'copy')]: '/mnt/study' });
    expect(again.stem(join(scratch, 'copy', 'runs', 'a b'))).toBe(stem);
    expect(again.here('/mnt/study/runs/a b')).toBe(join(scratch, 'copy', 'runs', 'a b'));
    expect(new JobNames(copy.file, {}).stem(join(scratch, 'copy', 'runs', 'a b'))).not.toBe(stem);
    expect(new JobNames(study(), { [root]: '/mnt' }).stem(join(root, 'study', 'runs', 'a b'))).not.toBe(stem);
    expect(names.next(stem, [`${stem}-1`, `${stem}-12`, `${stem}-x`, 'y-99'])).toBe(`${stem}-13`);
  });

  it('and what jobs run are safe from whatever a folder is called', () => {
    const folder = "/it's a $(touch x); `folder`";
    expect(entrypoint(folder, 2, { setup: '', work: 'lightmem run' })).toBe(
      `exec lightmem run '/it'\\''s a $(touch x); \`folder\`' --threads 2`,
    );
  });
});
