// Builds dist: compiles what changed, removes what no source stands behind any more, and lets the command be run.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const cache = join(root, '.lightmem/build.tsbuildinfo');

// The cache says what was written; where dist is gone it would say so falsely.
if (!existsSync(dist)) rmSync(cache, { force: true });
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const source = /\.(d\.ts|js)$/.test(name) ? name.replace(/\.(d\.ts|js)$/, '.ts') : name;
  if (!existsSync(join(root, 'src', source))) rmSync(join(dist, name), { recursive: true, force: true });
}
chmodSync(join(dist, 'cli/bin.js'), 0o755);
