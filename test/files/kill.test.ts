/** Writers killed with -9 just before each of their renames: what stands in the place is the old or the new, never a part. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { removeLeftovers } from '../../src/files/scratch.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function write(folder: string, text: string, killAtRename = 0): NodeJS.Signals | null {
  const preload = ['--require', at('../study/support/kill-at-rename.cjs')];
  const env = { ...process.env, KILL_AT_RENAME: String(killAtRename) };
  return spawnSync(process.execPath, [...preload, at('support/write.mjs'), folder, text], { env }).signal;
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
