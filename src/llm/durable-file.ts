/** Files that are whole or absent: written beside their place, flushed, renamed, the folder flushed. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError, messageOf } from '../core/errors.js';

export interface DurableOptions {
  /** Whether the content is flushed to the disk before the call returns: without it a kill does no harm, but a power loss may. Default true. */
  readonly flush?: boolean;
}

/** Writes a file so that a kill or power loss at any instant leaves the old content or the new, never a part; makes its folder. */
export async function writeDurably(path: string, text: string, { flush = true }: DurableOptions = {}): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeNew(temporary, text, flush);
    await rename(temporary, path);
    if (flush) await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explained(error, path, text);
  }
}

async function writeNew(path: string, text: string, flush: boolean): Promise<void> {
  const file = await openNew(path);
  try {
    await file.writeFile(text);
    if (flush) await file.sync();
  } finally {
    await file.close();
  }
}

async function openNew(path: string) {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, 'wx');
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return; // a platform that cannot open folders cannot flush them
  try {
    await folder.sync().catch(() => undefined);
  } finally {
    await folder.close();
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space and run again',
  EDQUOT: 'the disk quota is used up: free some space and run again',
  EACCES: 'no permission: choose a folder you may write to',
  EPERM: 'no permission: choose a folder you may write to',
  EROFS: 'the disk is read-only: choose another folder',
  EMFILE: 'too many open files: raise `ulimit -n` or lower the concurrency',
  ENOTDIR: 'a part of the path is a file: choose another folder',
  EISDIR: 'it is a folder: name a file',
};

function explained(error: unknown, path: string, text: string): unknown {
  const advice = ADVICE[codeOf(error) ?? ''];
  if (advice === undefined) return error;
  const bytes = Buffer.byteLength(text);
  return new UserError(`could not write ${path} (${bytes} bytes): ${advice}; what was finished is kept`, {
    cause: messageOf(error),
  });
}

/** The system's code of an error (`ENOENT` …), where it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
