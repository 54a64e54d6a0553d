/** The compiled program, for tests that need processes of their own. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** The folder of compiled modules, built first where the sources of the given rooms are newer. */
export function built(...rooms: readonly string[]): string {
  const dist = join(ROOT, 'dist');
  if (rooms.some((room) => isStale(room, dist))) {
    try {
      execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'pipe' });
    } catch {
      // A type error elsewhere does not keep the modules from being written; what is missing fails on import.
    }
  }
  return dist;
}

function isStale(room: string, dist: string): boolean {
  return readdirSync(join(ROOT, 'src', room)).some((name) => {
    if (!name.endsWith('.ts')) return false;
    const output = join(dist, room, name.replace(/\.ts$/, '.js'));
    return !existsSync(output) || statSync(output).mtimeMs < statSync(join(ROOT, 'src', room, name)).mtimeMs;
  });
}
