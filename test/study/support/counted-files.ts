/** How often a function asks the file system for anything, one call of `node:fs` each. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const NAMES = ['existsSync', 'openSync', 'readFileSync', 'readdirSync', 'statSync', 'writeFileSync'] as const;

/** What it gives, how many calls it made, and seconds of processor time that it took. */
export function countingFiles<T>(task: () => T): { value: T; calls: number; seconds: number } {
  const before = NAMES.map((name) => [name, fs[name]] as const);
  let calls = 0;
  for (const [name, own] of before)
    Object.assign(fs, {
      [name]: (...args: unknown[]): unknown => {
        calls++;
        return Reflect.apply(own, fs, args);
      },
    });
  syncBuiltinESMExports();
  const start = process.cpuUsage();
  try {
    const value = task();
    const { user, system } = process.cpuUsage(start);
    return { value, calls, seconds: (user + system) / 1e6 };
  } finally {
    for (const [name, own] of before) Object.assign(fs, { [name]: own });
    syncBuiltinESMExports();
  }
}
