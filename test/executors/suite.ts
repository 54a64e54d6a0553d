/** What every executor must do, told once and asked of each. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.js';
import type { Executor } from '../../src/executors/executor.js';
import type { WorkRecords } from '../../src/executors/scheduler.js';

/** The worker that does what a job's folder says. */
export const WORKER = fileURLToPath(new URL('support/worker.mjs', import.meta.url));

/** Work that says in its folder how far it is and how it ended. */
export const FAR_WORKER = fileURLToPath(new URL('support/far-worker.mjs', import.meta.url));

export type Act = 'succeed' | 'fail' | 'mistake' | 'exit' | 'kill' | 'deaf' | 'wait' | 'gate' | 'second';

/** What the far worker leaves. A file `held` stands for a process that works on the folder. */
export const farRecords: WorkRecords = {
  outcome(folder) {
    const failure = readIfThere(join(folder, 'failed.json'));
    if (failure !== null) {
      const { name, message } = failure as { name: string; message: string };
      const outcome = { status: 'failed', name, message, mendable: name === 'UserError' } as const;
      return { outcome, stamp: String(statSync(join(folder, 'failed.json')).ino) };
    }
    if (!isDone(folder)) return null;
    return { outcome: { status: 'done' }, stamp: String(statSync(join(folder, 'done.json')).ino) };
  },
  report: (folder) => readIfThere(join(folder, 'progress.json')),
  isHeld: (folder) => existsSync(join(folder, 'held')),
};

function readIfThere(path: string): Json | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Json) : null;
}

/** How often work was begun. */
export function triesOf(folder: string): string[] {
  return readFileSync(join(folder, 'tries'), 'utf8').trimEnd().split('\n');
}

export interface Workshop {
  readonly executor: Executor;
  /** Makes a folder for a job that does something, waiting `ms` where it waits. */
  job(act: Act, ms?: number): string;
}

export function isDone(folder: string): boolean {
  return existsSync(join(folder, 'done.json'));
}

export function doneBy(folder: string): { pid: number; started: number; ended: number } {
  return JSON.parse(readFileSync(join(folder, 'done.json'), 'utf8')) as { pid: number; started: number; ended: number };
}

/** Runs a test with an executor and folders that are gone afterwards. */
export function workshop(create: () => Executor): Workshop {
  let executor: Executor | undefined;
  let root = '';
  let jobs = 0;
  beforeEach(() => {
    executor = create();
    root = mkdtempSync(join(tmpdir(), 'lightmem jobs '));
  });
  afterEach(async () => {
    await executor?.close();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    get executor() {
      if (executor === undefined) throw new Error('no executor outside a test');
      return executor;
    },
    job(act, ms) {
      const folder = join(root, `job ${jobs++}`);
      mkdirSync(folder);
      writeFileSync(join(folder, 'job.json'), JSON.stringify({ act, ms }));
      return folder;
    },
  };
}

/** The suite. */
export function executorSuite(name: string, create: () => Executor): void {
  describe(`the ${name} executor`, () => {
    const shop = workshop(create);

    it('carries out a job and passes on what it reports', async () => {
      const reports: Json[] = [];
      const folder = shop.job('succeed');
      const job = shop.executor.submit({ folder }, (report) => reports.push(report));
      expect(job.folder).toBe(folder);
      expect(await job.outcome).toEqual({ status: 'done' });
      expect(isDone(folder)).toBe(true);
      expect(reports).toMatchObject([{ act: 'succeed' }]);
    });

    it('carries out many jobs, never more at once than it says', async () => {
      const folders = Array.from({ length: 7 }, () => shop.job('wait', 50));
      const outcomes = await Promise.all(folders.map((folder) => shop.executor.submit({ folder }).outcome));
      expect(outcomes).toEqual(folders.map(() => ({ status: 'done' })));
      const spans = folders.map(doneBy);
      const under = spans.map(
        ({ started }) => spans.filter((each) => each.started <= started && started < each.ended).length,
      );
      expect(Math.max(...under)).toBeLessThanOrEqual(shop.executor.concurrency);
    });

    it('tells a failure by name and message, a mistake of the user apart, and goes on', async () => {
      const [fail, mistake, succeed] = [shop.job('fail'), shop.job('mistake'), shop.job('succeed')].map((folder) =>
        shop.executor.submit({ folder }),
      );
      expect(await fail?.outcome).toEqual({
        ...{ status: 'failed', name: 'RangeError', message: 'the work is too wide', mendable: false },
      });
      expect(await mistake?.outcome).toMatchObject({ status: 'failed', name: 'UserError', mendable: true });
      expect(await succeed?.outcome).toEqual({ status: 'done' });
    });

    it('says that a job was lost when its worker ended, and goes on with another worker', async () => {
      const lost = shop.executor.submit({ folder: shop.job('exit') });
      const next = shop.executor.submit({ folder: shop.job('succeed') });
      expect(await lost.outcome).toMatchObject({ status: 'lost', outOfMemory: false });
      expect(await next.outcome).toEqual({ status: 'done' });
    });

    it('cancels a job under way, and one that waits', async () => {
      const [first, ...others] = Array.from({ length: 5 }, () => shop.job('wait', 60_000));
      const under = await started(shop.executor, first ?? '');
      const waiting = others.map((folder) => shop.executor.submit({ folder }));
      for (const job of [under, ...waiting]) job.cancel();
      for (const job of [under, ...waiting]) expect(await job.outcome).toEqual({ status: 'cancelled' });
      const after = shop.executor.submit({ folder: shop.job('succeed') });
      expect(await after.outcome).toEqual({ status: 'done' });
    });

    it('takes nothing more once it is closed, and cancels what was left', async () => {
      const job = await started(shop.executor, shop.job('wait', 60_000));
      await shop.executor.close();
      expect(await job.outcome).toEqual({ status: 'cancelled' });
      const late = shop.executor.submit({ folder: shop.job('succeed') });
      expect(await late.outcome).toEqual({ status: 'cancelled' });
    });
  });
}

/** A job that has been heard of. */
export async function started(executor: Executor, folder: string) {
  return new Promise<ReturnType<Executor['submit']>>((resolve) => {
    const job = executor.submit({ folder }, () => resolve(job));
  });
}
