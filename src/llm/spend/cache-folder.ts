/** The reply cache as a whole: how much lies in it, and removing it. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface CacheSize {
  readonly replies: number;
  readonly bytes: number;
}

/** What lies in a folder of replies; nothing where there is no such folder. */
export async function cacheSize(folder: string): Promise<CacheSize> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  let [replies, bytes] = [0, 0];
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const size = await stat(join(folder, name)).then(
      (found) => found.size,
      () => null, // removed meanwhile
    );
    if (size === null) continue;
    replies++;
    bytes += size;
  }
  return { replies, bytes };
}

/** Removes all replies of a folder, and nothing else in it: files that are named as replies are. Returns what was removed. */
export async function clearCache(folder: string): Promise<CacheSize> {
  const removed = await cacheSize(folder);
  const parts = await readdir(folder).catch(() => []);
  for (const part of parts.filter((name) => /^[0-9a-f]{2}$/.test(name)))
    await rm(join(folder, part), { recursive: true, force: true });
  return removed;
}
