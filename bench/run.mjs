// Runs one bench by name: compiles src and bench to .lightmem/bench/build (only what changed), then starts bench/NAME there.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const build = join(root, '.lightmem/bench/build');
const [name = '', ...rest] = process.argv.slice(2);
if (!existsSync(join(root, 'bench', `${name}.ts`))) {
  const benches = readdirSync(join(root, 'bench')).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []));
  process.stderr.write(`no bench "${name}": use one of ${benches.join(', ')}\n`);
  process.exit(2);
}
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'bench/tsconfig.json')],
  {
    stdio: 'inherit',
  },
);
mkdirSync(build, { recursive: true });
for (const shared of ['assets', 'examples', 'package.json'])
  if (!existsSync(join(build, shared))) symlinkSync(join(root, shared), join(build, shared));
process.exit(
  spawnSync(process.execPath, [join(build, 'bench', `${name}.js`), ...rest], { stdio: 'inherit' }).status ?? 1,
);
