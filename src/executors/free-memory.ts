/** Memory that is free for new processes: what the machine has left, or less where a control group (a container, a batch job) allows less. */
import { existsSync, readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the kernel tells of itself; other folders are for tests. */
export interface KernelFolders {
  /** Default `/proc`. */
  readonly proc?: string;
  /** Default `/sys/fs/cgroup`. */
  readonly cgroup?: string;
}

/** Bytes free for new processes. Pages that only cache files count as free. */
export function freeMemory({ proc = '/proc', cgroup = '/sys/fs/cgroup' }: KernelFolders = {}): number {
  return Math.min(machineMemory(proc), ...groupFolders(proc, cgroup).map(groupMemory));
}

/** Bytes that a control group of this process, or one above it, allows; null where none is limited. */
export function memoryLimit({ proc = '/proc', cgroup = '/sys/fs/cgroup' }: KernelFolders = {}): number | null {
  const limits = groupFolders(proc, cgroup).flatMap((folder) =>
    NAMES.flatMap(({ limit }) => number(read(join(folder, limit))) ?? []),
  );
  const least = Math.min(...limits);
  return Number.isSafeInteger(least) ? least : null;
}

/** Where the kernel does not say what is available, free pages alone would be far too few: half of the machine stands in. */
function machineMemory(proc: string): number {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(read(join(proc, 'meminfo')) ?? '')?.[1];
  return kilobytes === undefined ? Math.max(freemem(), totalmem() / 2) : Number(kilobytes) * 1024;
}

/** The folder of this process's control group and of those above it, of either version. */
function groupFolders(proc: string, root: string): string[] {
  const lines = (read(join(proc, 'self', 'cgroup')) ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === '') return upwards(root, path);
    return controllers?.split(',').includes('memory') === true ? upwards(join(root, 'memory'), path) : [];
  });
}

/** A group's folder and all above it; in a container the path may be the host's, so that only the last ones are there. */
function upwards(root: string, path: string): string[] {
  const folder = join(root, path);
  const above = path === '/' ? [] : upwards(root, dirname(path));
  return existsSync(folder) ? [folder, ...above] : above;
}

const NAMES = [
  { limit: 'memory.max', used: 'memory.current', cached: /^inactive_file (\d+)$/m },
  { limit: 'memory.limit_in_bytes', used: 'memory.usage_in_bytes', cached: /^total_inactive_file (\d+)$/m },
] as const;

/** What a group's limit leaves; infinite where it has none. */
function groupMemory(folder: string): number {
  const left = NAMES.map(({ limit, used, cached }) => {
    const most = number(read(join(folder, limit)));
    const now = number(read(join(folder, used)));
    const cache = number(cached.exec(read(join(folder, 'memory.stat')) ?? '')?.[1]);
    return most === null || now === null ? Infinity : Math.max(0, most - now + (cache ?? 0));
  });
  return Math.min(...left);
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : null;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
