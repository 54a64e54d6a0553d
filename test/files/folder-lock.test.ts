import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { FolderInUseError, isHeld, LockWatch, lockFolder } from '../../src/files/folder-lock.js';
import { scratchFolder } from '../study/support/studies.js';

const scratch = scratchFolder();
let folders = 0;
const newFolder = (): string => join(scratch, `folder ${folders++}`);

/** The number of a process that has ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

/** What a lock says of this process. */
async function ownHolder(): Promise<object> {
  const folder = newFolder();
  const lock = await lockFolder(folder);
  const holder = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')) as object;
  lock.release();
  return { ...holder, nonce: 'another' };
}

function leaveLock(folder: string, holder: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'lock'), JSON.stringify(holder));
}

describe('a folder’s lock', () => {
  it.skipIf(!existsSync('/sys/kernel'))(
    'says of a place that takes no folders what is wrong and what to do',
    async () => {
      await expect(lockFolder('/sys/lightmem/inner')).rejects.toThrow(
        /could not write \/sys\/lightmem\/inner: (no permission: choose a folder you may write to|the disk is read-only: choose a folder on another disk)/,
      );
    },
  );

  it('keeps a second one out, naming who holds it since when, until it is released', async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    const refusal = new RegExp(
      `is in use by process ${process.pid} on ${hostname()} since 20\\d\\d-.*: wait until it ends`,
    );
    await expect(lockFolder(folder)).rejects.toThrow(refusal);
    lock.release();
    (await lockFolder(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('waits for a holder that ends in time', async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    setTimeout(() => lock.release(), 200);
    (await lockFolder(folder, { patienceMs: 5_000 })).release();
  });

  const stale: readonly (readonly [string, object | string])[] = [
    ['a process that has ended', { pid: endedProcess(), started: null }],
    ['a number that another process has by now', { started: '1' }],
    ['a file cut short by a power loss', '{"pid": 1'],
    ['an empty file', ''],
    ['zeros in place of a holder', '\0'.repeat(100)],
    ['a record without a holder', '{"pid":"none"}'],
  ];

  it(`is taken over from ${stale.length} kinds of dead holders`, async () => {
    for (const [name, holder] of stale) {
      const folder = newFolder();
      if (typeof holder === 'string') {
        mkdirSync(folder);
        writeFileSync(join(folder, 'lock'), holder);
      } else leaveLock(folder, { ...(await ownHolder()), ...holder });
      const lock = await lockFolder(folder);
      expect(readFileSync(join(folder, 'lock'), 'utf8'), name).toContain(`"pid":${process.pid}`);
      lock.release();
      expect(readdirSync(folder), name).toEqual([]);
    }
  });

  it('goes to one of many that find it stale at the same time', async () => {
    const folder = newFolder();
    leaveLock(folder, { ...(await ownHolder()), pid: endedProcess() });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  /** Holders whose number tells nothing here. */
  const elsewhere: readonly (readonly [string, object])[] = [
    ['another machine', { host: 'another-machine', pid: 1 }],
    ['another machine of the same name, or this one before it was started anew', { place: 'boot/pid:[1]' }],
    ['a version that did not say where its number is known', { place: undefined }],
  ];

  it.concurrent(
    `is taken over from ${elsewhere.length} kinds of holders elsewhere only when nothing is seen of them for a while, whatever their clock says`,
    { timeout: 60_000 },
    async () => {
      const hours = 3_600_000;
      const taken = elsewhere.map(async ([name, holder], i) => {
        const folder = newFolder();
        leaveLock(folder, { ...(await ownHolder()), ...holder });
        const beat = new Date(Date.now() + (i - 1) * 5 * hours);
        utimesSync(join(folder, 'lock'), beat, beat);
        const start = performance.now();
        (await lockFolder(folder)).release();
        expect(performance.now() - start, name).toBeGreaterThan(15_000);
      });
      await Promise.all(taken);
    },
  );

  it.concurrent(
    'of a holder elsewhere that shows life is respected, whatever its clock says',
    { timeout: 60_000 },
    async () => {
      const folder = newFolder();
      const path = join(folder, 'lock');
      leaveLock(folder, { ...(await ownHolder()), host: 'another-machine' });
      let beats = 0;
      const clock = Date.now() - 5 * 3_600_000;
      const show = (): void => utimesSync(path, new Date(clock), new Date(clock + beats++));
      show();
      const beat = setInterval(show, 100);
      const watch = new LockWatch();
      expect(isHeld(folder)).toBe(false); // a first look has its clock alone to go by
      watch.isHeld(folder);
      await expect(lockFolder(folder)).rejects.toThrow(/is in use by process \d+ on another-machine/);
      expect(watch.isHeld(folder)).toBe(true);
      clearInterval(beat);
      leaveLock(folder, { ...(await ownHolder()), host: 'another-machine', nonce: 'one that died just now' });
      expect(watch.isHeld(folder)).toBe(true);
      await expect.poll(() => watch.isHeld(folder), { timeout: 30_000, interval: 500 }).toBe(false);
    },
  );

  it.concurrent(
    'tells a holder whose lock another took that it is no longer its own',
    { timeout: 20_000 },
    async () => {
      const folder = newFolder();
      const lock = await lockFolder(folder);
      leaveLock(folder, await ownHolder());
      await expect.poll(() => lock.signal.aborted, { timeout: 10_000 }).toBe(true);
      expect(lock.signal.reason).toBeInstanceOf(FolderInUseError);
      lock.release();
      expect(existsSync(join(folder, 'lock'))).toBe(true);
    },
  );

  it('is held by one of many processes where there are no links', () => {
    const folder = newFolder();
    const program = fileURLToPath(new URL('support/lock-by-many.mjs', import.meta.url));
    const preload = fileURLToPath(new URL('support/without-links.cjs', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, ['--require', preload, program, folder], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ had: 40, failed: 0, left: [] });
  });

  it('that another has by now is not removed on release', async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    leaveLock(folder, { pid: process.pid, host: hostname(), since: 'x', started: null, nonce: 'other' });
    lock.release();
    expect(existsSync(join(folder, 'lock'))).toBe(true);
  });

  it('says where a folder cannot be made', async () => {
    writeFileSync(join(scratch, 'file'), '');
    await expect(lockFolder(join(scratch, 'file', 'below'))).rejects.toThrow(
      /could not write .*below: a part of the path is a file: choose another folder/,
    );
  });
});
