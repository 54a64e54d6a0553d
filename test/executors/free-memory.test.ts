import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freeMemory, memoryLimit } from '../../src/executors/free-memory.js';

const scratch = mkdtempSync(join(tmpdir(), 'lightmem memory '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let kernels = 0;

/** A kernel that says what these files hold. */
function kernel(files: Readonly<Record<string, string>>) {
  const root = join(scratch, String(kernels++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return { proc: join(root, 'proc'), cgroup: join(root, 'cgroup') };
}

const MEMINFO = { 'proc/meminfo': 'MemTotal:       16000 kB\nMemAvailable:    8000 kB\n' };

describe('free memory', () => {
  it('is what the machine has available where no group is limited', () => {
    const groups = { 'proc/self/cgroup': '0::/a\n', 'cgroup/a/memory.max': 'max\n', 'cgroup/a/memory.current': '5\n' };
    expect(freeMemory(kernel({ ...MEMINFO, ...groups }))).toBe(8000 * 1024);
  });

  it('is what a group leaves, or one above it, pages that cache files being free', () => {
    const limited = {
      ...MEMINFO,
      'proc/self/cgroup': '0::/job/step\n',
      'cgroup/job/step/memory.max': '900000\n',
      'cgroup/job/step/memory.current': '400000\n',
      'cgroup/job/step/memory.stat': 'anon 1\ninactive_file 100000\n',
    };
    expect(freeMemory(kernel(limited))).toBe(600_000);
    const above = { 'cgroup/job/memory.max': '500000\n', 'cgroup/job/memory.current': '450000\n' };
    expect(freeMemory(kernel({ ...limited, ...above }))).toBe(50_000);
  });

  it('reads groups of the first version, and the container’s own where the path is the host’s', () => {
    const first = {
      ...MEMINFO,
      'proc/self/cgroup': '9:cpu:/\n4:memory:/docker/abc\n',
      'cgroup/memory/memory.limit_in_bytes': '700000\n',
      'cgroup/memory/memory.usage_in_bytes': '600000\n',
      'cgroup/memory/memory.stat': 'total_inactive_file 50000\n',
    };
    expect(freeMemory(kernel(first))).toBe(150_000);
  });

  it('is told where the kernel says nothing, and here', () => {
    expect(freeMemory(kernel({}))).toBeGreaterThanOrEqual(totalmem() / 2);
    expect(freeMemory()).toBeGreaterThan(0);
  });

  it('has the least limit of its groups, or none', () => {
    const groups = { 'proc/self/cgroup': '0::/job/step\n', 'cgroup/job/step/memory.max': 'max\n' };
    expect(memoryLimit(kernel({ ...MEMINFO, ...groups }))).toBeNull();
    expect(memoryLimit(kernel({ ...MEMINFO, ...groups, 'cgroup/job/memory.max': '500000\n' }))).toBe(500_000);
    const first = {
      'proc/self/cgroup': '4:memory:/\n',
      'cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    };
    expect(memoryLimit(kernel({ ...MEMINFO, ...first }))).toBeNull();
    expect(memoryLimit(kernel({}))).toBeNull();
  });
});
