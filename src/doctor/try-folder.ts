/** A process of its own that tries a folder, since a disk of another machine may keep whoever asks it waiting for ever. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { platform } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';
import { writeError } from '../files/disk-error.js';
import { lockFolder } from '../files/folder-lock.js';
import { writeWhole } from '../files/write-whole.js';
import type { FolderReply } from './folder.js';

/** The folder itself, or the nearest above it that is there: nothing is made that does not go again. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

async function tried(folder: string): Promise<FolderReply> {
  const place = nearest(resolve(folder));
  const { bavail, bsize, type } = statfsSync(place);
  const models = place === resolve(folder) ? readdirSync(place).filter((name) => name.startsWith('models--')) : [];
  const space = { freeBytes: bavail * bsize, type: platform() === 'linux' ? type : null, models };
  return { ...space, ...(await written(place)) };
}

/** Whether files can be written and a lock be held there, each null or why not. */
async function written(place: string): Promise<Pick<FolderReply, 'writing' | 'locking'>> {
  let scratch: string | undefined;
  try {
    scratch = mkdtempSync(join(place, '.lightmem-doctor-'));
    writeWhole(join(scratch, 'file'), 'written');
    return { writing: null, locking: await locked(scratch) };
  } catch (error) {
    return { writing: messageOf(writeError(place, error)), locking: null };
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

/** A lock is good where a second one is refused while it is held, and had once it was let go. */
async function locked(folder: string): Promise<string | null> {
  try {
    const lock = await lockFolder(folder);
    const isRefused = await lockFolder(folder).then(
      () => false,
      (error: unknown) => error instanceof UserError,
    );
    lock.release();
    (await lockFolder(folder)).release();
    return isRefused ? null : 'a second process would have been let in';
  } catch (error) {
    return messageOf(error);
  }
}

const reply = await tried(process.argv[2] ?? '.').catch((error: unknown) => ({ error: messageOf(error) }));
process.send?.(reply, () => process.exit(0));
