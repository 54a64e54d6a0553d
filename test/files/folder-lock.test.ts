import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/files/folder-lock.js';
import { scratchFolder } from '../study/support/studies.js';

const scratch = scratchFolder();
let folders = 0;
const newFolder = (): string => join(scratch, `folder ${folders++}`);

/** The number of a process that has ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
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
    ['a process that has ended', { pid: endedProcess(), host: hostname(), since: 'x', started: null, nonce: 'a' }],
    [
      'a number that another process has by now',
      { pid: process.pid, host: hostname(), since: 'x', started: 'boot/1', nonce: 'b' },
    ],
    ['a file cut short by a power loss', '{"pid": 1'],
  ];

  it(`is taken over from ${stale.length} kinds of dead holders`, async () => {
    for (const [name, holder] of stale) {
      const folder = newFolder();
      if (typeof holder === 'string') {
        mkdirSync(folder);
        writeFileSync(join(folder, 'lock'), holder);
      } else leaveLock(folder, holder);
      const lock = await lockFolder(folder);
      expect(readFileSync(join(folder, 'lock'), 'utf8'), name).toContain(`"pid":${process.pid}`);
      lock.release();
      expect(readdirSync(folder), name).toEqual([]);
    }
  });

  it('goes to one of many that find it stale at the same time', async () => {
    const folder = newFolder();
    leaveLock(folder, { pid: endedProcess(), host: hostname(), since: 'x', started: null, nonce: 'c' });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it(
    'is taken over from another machine only when nothing is seen of it for a while',
    { timeout: 60_000 },
    async () => {
      const folder = newFolder();
      leaveLock(folder, { pid: 1, host: 'another-machine', since: '2026-01-01T00:00:00Z', started: null, nonce: 'd' });
      const start = performance.now();
      (await lockFolder(folder)).release();
      expect(performance.now() - start).toBeGreaterThan(15_000);
    },
  );

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
