/** Writers killed with -9 just before each of their renames, and what they flush before and after: the old or the new, never a part. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { removeLeftovers } from '../../src/files/scratch.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Writes a file and a folder in a process of its own, in which `preload` runs first. */
function written(folder: string, text: string, preload: string, environment: NodeJS.ProcessEnv = {}) {
  const program = ['--require', at(preload), at('support/write.mjs'), folder, text];
  return spawnSync(process.execPath, program, { env: { ...process.env, ...environment }, encoding: 'utf8' });
}

function write(folder: string, text: string, killAtRename = 0): NodeJS.Signals | null {
  const environment = { KILL_AT_RENAME: String(killAtRename) };
  return written(folder, text, '../study/support/kill-at-rename.cjs', environment).signal;
}

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

it('leaves the old or the new at every kill, and no leftovers once they are removed', () => {
  const before = join(root, 'before');
  write(before, 'old');
  const seen: string[] = [];
  for (let kill = 1; ; kill++) {
    const folder = join(root, String(kill));
    cpSync(before, folder, { recursive: true });
    const signal = write(folder, 'new', kill);
    removeLeftovers(folder);
    const inner = join(folder, 'folder');
    const names = readdirSync(folder).sort();
    expect(names).toEqual(existsSync(inner) ? ['file', 'folder'] : ['file']);
    const texts = existsSync(inner) ? readdirSync(inner).map((name) => `${name} ${read(inner, name)}`) : ['none'];
    seen.push(`${read(folder, 'file')}: ${texts.join(', ')}`);
    if (signal === null) break;
  }
  expect(seen).toEqual([
    'oldold: a old, b old',
    'newnew: a old, b old',
    'newnew: a old, b old',
    'newnew: a old, b old',
    'newnew: none',
    'newnew: a new, b new',
  ]);
});

it('flushes what is written before it is renamed, and the names after', () => {
  const { stderr } = written(join(root, 'flushed'), 'new', 'support/log-calls.cjs');
  expect(stderr.trim().split('\n')).toEqual([
    `flush ${basename(root)}`,
    'flush file being written',
    'rename file being written to file',
    'flush flushed',
    'flush flushed',
    ...['a', 'b'].flatMap((name) => [
      `flush ${name} being written`,
      `rename ${name} being written to ${name}`,
      'flush folder being written',
    ]),
    'rename folder being written to folder',
    'flush flushed',
  ]);
});
