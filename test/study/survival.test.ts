/** The real `lightmem study run` killed, stopped, starved of disk, started twice and under clocks that jump: what comes of going on is what an undisturbed study comes to. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStudy } from '../../src/study/stored-study.js';
import { lightmem, outcomeOf, studyRun, writeStudy, type Ended } from './support/study-process.js';
import { scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

/** Before every how many-th write a study of its own is killed; as it is, one study before a few of them. */
const SWEEP = Number(process.env['LIGHTMEM_KILL_SWEEP'] ?? 0);

const scratch = scratchFolder();
const file = join(scratch, 'study.json');
const whole = join(scratch, 'whole');
let outcome: Record<string, string> = {};

beforeAll(async () => {
  writeStudy(file, writeTinyModel(join(scratch, 'model')));
  expect(await studyRun(file, whole)).toMatchObject({ code: 0, stderr: '' });
  outcome = outcomeOf(whole);
}, 60_000);

/** Goes on with a study to its end, and holds what it came to against the undisturbed one. */
async function comesToTheSame(folder: string): Promise<Ended> {
  const ended = await studyRun(file, folder);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(outcomeOf(folder)).toEqual(outcome);
  return ended;
}

/** Whether the process that carries a study out was killed, or a worker of it, which fails a run. */
const isKilled = ({ signal, code }: Ended): boolean => signal === 'SIGKILL' || code === 1;

describe('killed with -9', { timeout: 4 * 3_600_000 }, () => {
  it('at any of its writes, it goes on to the same bytes', async () => {
    const folder = join(scratch, 'killed');
    // The process that carries the study out and its worker, early and late: once a checkpoint is there, once when answers are.
    const kills = { main: [7, 20], worker: [12, 100, 40] };
    const ends: Ended[] = [];
    for (const [role, writes] of Object.entries(kills))
      for (const at of writes) ends.push(await studyRun(file, folder, { FAULT_IN: role, FAULT_AT: String(at) }));
    expect(ends.filter(isKilled)).toHaveLength(5);
    await comesToTheSame(folder);
  });

  it.skipIf(SWEEP === 0).each(['main', 'worker'])(
    'at every write of its %s process, it goes on to the same bytes',
    async (role) => {
      const counts = join(scratch, 'counts');
      await studyRun(file, join(scratch, `counted ${role}`), { FAULT_IN: role, FAULT_AT: '0', FAULT_COUNTS: counts });
      const writes = Number(readFileSync(counts, 'utf8'));
      let killed = 0;
      for (let at = 1; at <= writes; at += SWEEP) {
        const folder = join(scratch, 'swept');
        rmSync(folder, { recursive: true, force: true });
        killed += Number(isKilled(await studyRun(file, folder, { FAULT_IN: role, FAULT_AT: String(at) })));
        await comesToTheSame(folder);
      }
      console.log(`${role}: killed ${killed} times before ${writes} writes`);
      expect(killed).toBeGreaterThan(writes / SWEEP / 2);
    },
  );
});

describe('two at once', { timeout: 120_000 }, () => {
  const grid = { grid: [{ dataset: 'articles', book: 'open' as const, levels: ['summ_l3'], ranks: [1, 2, 3] }] };
  const shared = join(scratch, 'shared.json');
  const work = ({ stdout }: Ended) => JSON.parse(stdout) as { carriedOut: number; work: { trainings: number } };

  it('share the runs, none twice, to the bytes of one alone; and the one goes on without the other', async () => {
    writeStudy(shared, join(scratch, 'model'), grid);
    const [alone, both, left] = ['alone', 'both', 'left'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    expect(await studyRun(shared, alone)).toMatchObject({ code: 0 });
    const ends = await Promise.all([studyRun(shared, both), studyRun(shared, both)]);
    expect(ends.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(2).fill({ code: 0, stderr: '' }));
    expect(ends.map(work).reduce((sum, each) => sum + each.work.trainings, 0)).toBe(3);
    expect(ends.map(work).reduce((sum, each) => sum + each.carriedOut, 0)).toBe(4);
    expect(outcomeOf(both)).toEqual(outcomeOf(alone));
    const first = lightmem(['study', 'run', shared, '--out', left, '--json']);
    while (!existsSync(join(left, 'trainings'))) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = studyRun(shared, left);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    first.child.kill('SIGKILL');
    expect(await second).toMatchObject({ code: 0, stderr: '' });
    expect(outcomeOf(left)).toEqual(outcomeOf(alone));
  });
});

describe('a disk that', { timeout: 900_000 }, () => {
  const disk = join(scratch, 'disk');
  const folder = join(disk, 'study');
  const ballast = join(disk, 'ballast');
  mkdirSync(disk);
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]).status === 0;
  if (!isMounted) process.stderr.write('SKIPPED: no small disk can be mounted here, so none is filled: be root\n');
  afterAll(() => isMounted && void spawnSync('umount', ['-l', disk]));

  /** Leaves so many bytes free. */
  function fill(free: number): void {
    rmSync(ballast, { force: true });
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - free)));
  }

  /** What a study told of why it could not go on, itself and its runs. */
  function told({ stderr }: Ended): string[] {
    const runs = existsSync(join(folder, 'study.json')) ? readStudy(folder).runs : [];
    return [stderr.trim(), ...runs.flatMap((run) => (run.status === 'failed' ? [run.error.message] : []))];
  }

  it.skipIf(!isMounted)(
    'is full says so with the file and what to do, and with room again it goes on to the same bytes',
    async () => {
      const files = new Set<string>();
      const sizes = SWEEP === 0 ? [40, 160] : Array.from({ length: 26 }, (_, i) => 10 * i);
      for (const kilobytes of sizes) {
        rmSync(folder, { recursive: true, force: true });
        fill(kilobytes * 1024);
        const ended = await studyRun(file, folder);
        for (const message of ended.code === 0 ? [] : told(ended).filter((text) => text !== '')) {
          expect(message).toMatch(
            /^(error: )?(could not write \S[^\n]*: the disk is full: free some space and run again|\S[^\n]*: the runs need about \S+ MB and the disk has \S+ MB free: make room, [^\n]*)$/,
          );
          files.add(/([^/]*): the disk is full/.exec(message)?.[1] ?? '');
        }
        rmSync(ballast);
        await comesToTheSame(folder);
      }
      expect([...files]).toEqual(expect.arrayContaining(['audits.json', 'state.safetensors', 'report.html']));
    },
  );

  it.skipIf(!isMounted)(
    'is read-only says so before anything is trained or asked, and goes on once it is not',
    async () => {
      rmSync(folder, { recursive: true, force: true });
      for (const isBegun of [false, true]) {
        if (isBegun)
          for (const run of readdirSync(join(folder, 'runs'))) rmSync(join(folder, 'runs', run, 'result.json'));
        execFileSync('mount', ['-o', 'remount,ro', disk]);
        const { code, stderr } = await studyRun(file, folder);
        execFileSync('mount', ['-o', 'remount,rw', disk]);
        expect({ code, stderr }).toMatchObject({
          code: 2,
          stderr: expect.stringMatching(
            /^error: could not write .*study.*: the disk is read-only: choose a folder on another disk\n$/,
          ) as string,
        });
        await comesToTheSame(folder);
      }
    },
  );
});

describe('Ctrl-C', { timeout: 60_000 }, () => {
  const long = join(scratch, 'long.json');

  it('once ends it within five seconds, with a checkpoint; twice ends it at once', async () => {
    const train = { epochs: 400, maxSteps: 2000, batchTokens: 64, checkpointEverySteps: 1000, learningRate: 1e-2 };
    writeStudy(long, join(scratch, 'model'), { train });
    const folder = join(scratch, 'interrupted');
    for (const times of [1, 2]) {
      const { child, ended } = lightmem(['study', 'run', long, '--out', folder, '--json']);
      const trainings = join(folder, 'trainings');
      const isTraining = (): boolean =>
        existsSync(trainings) &&
        readdirSync(trainings).some((name) => existsSync(join(trainings, name, 'metrics.jsonl')));
      while (!isTraining()) await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, 500));
      const start = performance.now();
      child.kill('SIGINT');
      if (times === 2) setTimeout(() => child.kill('SIGINT'), 20);
      const { code, stderr } = await ended;
      const seconds = (performance.now() - start) / 1000;
      expect({ code, stderr }).toMatchObject({ code: 130 });
      expect(seconds).toBeLessThan(times === 1 ? 5 : 1);
      const [training = ''] = readdirSync(trainings);
      expect(
        readdirSync(join(trainings, training, 'checkpoints')).filter((name) => name.startsWith('step-')).length,
      ).toBeGreaterThan(0);
    }
  });
});

describe('under a clock that jumps by hours each second', { timeout: 60_000 }, () => {
  it('it comes to the same bytes, and times that are told are of this world', async () => {
    const folder = join(scratch, 'jumping');
    const hours = (count: number): number => count * 3_600_000;
    const jumps = [0, hours(5), hours(-9), hours(2000), hours(-30)].join(',');
    const { ended } = lightmem(['study', 'run', file, '--out', folder], { CLOCK_JUMPS: jumps });
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(outcomeOf(folder)).toEqual(outcome);
    expect(stderr).not.toMatch(/NaN|Infinity|-\d+ (s|min|h)\b|\d{3,} h|\bday/);
    for (const run of readStudy(folder).runs) {
      if (run.status !== 'done') throw new Error(`run is ${run.status}`);
      for (const seconds of Object.values(run.result.seconds)) {
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThan(60);
      }
    }
  });
});
