/** The package as a user gets it: packed, installed in an empty folder, imported by JavaScript and by strict TypeScript, run from its command line. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lightmem package '));
const installed = join(folder, 'node_modules/lightmem');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What a clone holds, and the packages that `npm ci` puts beside it. */
function unbuiltCheckout(): string {
  const checkout = join(folder, 'checkout');
  for (const name of ['src', 'scripts', 'assets', 'examples', 'docs'])
    cpSync(join(root, name), join(checkout, name), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(join(root, name), join(checkout, name));
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  return checkout;
}

beforeAll(() => {
  const checkout = unbuiltCheckout();
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: checkout, stdio: 'ignore' });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  run('npm', 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`);
  // Node's own types, which every TypeScript project on Node has.
  cpSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), { recursive: true });
  if (!existsSync(join(folder, 'node_modules/undici-types')))
    symlinkSync(join(root, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'));
}, 300_000);

describe('the package', { timeout: 120_000 }, () => {
  it('holds what is needed, and nothing of how it was built', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    for (const name of ['dist/index.js', 'dist/index.d.ts', 'dist/cli/bin.js', 'assets/base/model.safetensors'])
      expect(files).toContain(name);
    expect(files.filter((name) => /\.map$|tsbuildinfo|^src|^test/.test(name))).toEqual([]);
  });

  it('is imported by its name in JavaScript', () => {
    writeFileSync(
      join(folder, 'verbs.js'),
      "import * as lightmem from 'lightmem';\nconsole.log(Object.keys(lightmem).join(' '));\n",
    );
    const names = run('node', 'verbs.js').trim().split(' ');
    for (const verb of ['load', 'compress', 'audit', 'train', 'ask', 'judge', 'analyse', 'report', 'study'])
      expect(names).toContain(verb);
  });

  it('is compiled against in strict TypeScript, and trains, asks and judges from there', () => {
    for (const name of ['library.ts', 'notes.jsonl']) cpSync(join(root, 'examples', name), join(folder, name));
    const options = ['--module', 'nodenext', '--strict', '--target', 'es2022', '--types', 'node', '--outDir', 'out'];
    run('node', join(root, 'node_modules/typescript/bin/tsc'), 'library.ts', ...options);
    const said = run('node', 'out/library.js', 'notes.jsonl', 'made');
    expect(said).toMatch(/^\d+ items, loss \d+\.\d\d to \d+\.\d\d$/m);
    expect(said).toMatch(/^\d+ of \d+ answers right/m);
    expect(readFileSync(join(folder, 'made/report.html'), 'utf8')).toContain('begins-alike');
    expect(existsSync(join(folder, 'made/adapter/adapter_model.safetensors'))).toBe(true);
  });

  it('is installed from a clone without a script that fetches anything', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('hasInstallScript');
  });

  it('has its command', () => {
    expect(run('npx', '--no-install', 'lightmem', '--version').trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
