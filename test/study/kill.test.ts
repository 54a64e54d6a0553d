/** A study killed with -9 again and again, just before one of its next renames: what was kept, and what comes of going on. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const scratch = scratchFolder();
const config = join(scratch, 'study.json');
const support = (name: string): string => fileURLToPath(new URL(`support/${name}`, import.meta.url));

beforeAll(() => {
  writeFileSync(config, JSON.stringify(leastStudy(writeTinyModel(join(scratch, 'model')))));
});

function carryOut(out: string, killAtRename?: number): SpawnSyncReturns<string> {
  const preload = killAtRename === undefined ? [] : ['--require', support('kill-at-rename.cjs')];
  return spawnSync(process.execPath, [...preload, support('carry-out.mjs'), config, out], {
    encoding: 'utf8',
    env: { ...process.env, KILL_AT_RENAME: String(killAtRename ?? 0) },
  });
}

/** Hashes of all files that are a study's outcome; times and the folder's own path are not. */
function outcome(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => !/(result|training|study)\.json$/.test(name));
  return Object.fromEntries(
    files.sort().map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );
}

it('comes to the same bytes however often it is killed', { timeout: 600_000 }, () => {
  const whole = carryOut(join(scratch, 'whole'));
  expect(whole.stderr).toBe('');
  const killed = join(scratch, 'killed');
  let kills = 0;
  let last = carryOut(killed, 2);
  // Where it is killed jumps about, so that now and then a process lives long enough to leave a checkpoint.
  for (; last.signal === 'SIGKILL' && kills < 60; kills++) last = carryOut(killed, 2 + ((5 * kills) % 11));
  expect(last).toMatchObject({ status: 0, stderr: '' });
  console.log(`${kills} kills`);
  expect(kills).toBeGreaterThan(5);
  expect(outcome(killed)).toEqual(outcome(join(scratch, 'whole')));
});
