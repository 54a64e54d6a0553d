/** Names under which files and folders are written before they take their place, and the removal of those a killed process left. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const LEFTOVER = /\.\d+-[0-9a-f]{12}\.tmp$/;

/** A name beside a path that nobody else uses. */
export function scratchPath(path: string): string {
  return `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
}

/** Removes a file or folder that is of no more use; that it cannot be removed is no failure of the work. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    return; // what the work itself says matters more
  }
}

/** Whether a name is one that a killed process may have left. */
export function isLeftover(name: string): boolean {
  return LEFTOVER.test(name);
}

/** Removes from a folder what a killed process was still writing; only for the holder of the folder's lock. */
export function removeLeftovers(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (isLeftover(name)) rmSync(join(folder, name), { recursive: true, force: true });
}
