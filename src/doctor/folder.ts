/** Folders on disks: how much is free, whether files can be written and locks be held, and on what file system. */
import { fork } from 'node:child_process';
import { builtFile } from '../core/built-file.js';
import { bytesText } from '../text/bytes.js';
import { missing, note, ok, type CheckName, type Finding } from './finding.js';

/** What a trial says of a folder. */
export interface FolderReply {
  readonly freeBytes: number;
  /** The system's number of its file system; null where it has none. */
  readonly type: number | null;
  /** Names in it that are a hub's models. */
  readonly models: readonly string[];
  /** Why nothing can be written; null where it can. */
  readonly writing: string | null;
  /** Why no lock can be held; null where it can, or nothing can be written. */
  readonly locking: string | null;
}

/** How a folder is tried. */
export type TryFolder = (folder: string) => Promise<FolderReply | { readonly error: string }>;

const TRIAL_MS = 15_000;

/** Tries a folder in a process of its own; never throws for what a disk does. */
export const tryFolder: TryFolder = (folder) =>
  new Promise((resolve) => {
    const child = fork(builtFile('doctor/try-folder.js'), [folder], {
      ...{ execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
    });
    const timer = setTimeout(() => {
      resolve({ error: `the disk gave no answer within ${TRIAL_MS / 1000} s` });
      child.kill('SIGKILL');
      child.disconnect();
      child.unref();
    }, TRIAL_MS);
    child.on('message', (reply) => resolve(reply as FolderReply));
    child.on('error', (error) => resolve({ error: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ error: `the trial ended (${signal ?? `exit code ${code}`})` });
    });
  });

export type FolderFacts = {
  readonly folder: string;
  readonly freeBytes: number | null;
  /** Null where the system does not tell, or it is one whose name is not known. */
  readonly fileSystem: string | null;
  readonly canWrite: boolean;
  readonly canLock: boolean;
};

/** File systems by Linux's numbers, and whether other machines may write there at the same time. */
const FILE_SYSTEMS: Readonly<Record<number, { readonly name: string; readonly isShared?: boolean }>> = {
  0xef53: { name: 'ext4' },
  0x58465342: { name: 'XFS' },
  0x9123683e: { name: 'Btrfs' },
  0x2fc12fc1: { name: 'ZFS' },
  0x794c7630: { name: 'overlay' },
  0x01021994: { name: 'tmpfs' },
  0x4d44: { name: 'FAT' },
  0x2011bab0: { name: 'exFAT' },
  0x5346544e: { name: 'NTFS' },
  0x01021997: { name: '9p', isShared: true },
  0x6969: { name: 'NFS', isShared: true },
  0xff534d42: { name: 'CIFS', isShared: true },
  0xfe534d42: { name: 'SMB', isShared: true },
  0x65735546: { name: 'FUSE', isShared: true },
  0x0bd00bd0: { name: 'Lustre', isShared: true },
  0x47504653: { name: 'GPFS', isShared: true },
  0x19830326: { name: 'BeeGFS', isShared: true },
  0x00c36400: { name: 'Ceph', isShared: true },
};

/** Less room than this is not enough for a small study, and than that for a model of some size. */
const LEAST_BYTES = 100e6;
const LITTLE_BYTES = 5e9;

export interface FolderQuestion {
  readonly check: Extract<CheckName, 'folder' | 'hub-cache' | 'reply-cache'>;
  readonly folder: string;
  /** What to do where the folder is of no use. */
  readonly elsewhere: string;
}

/** What a folder is good for, by what a trial of it said. */
export function folderFinding(
  { check, folder, elsewhere }: FolderQuestion,
  reply: FolderReply | { readonly error: string },
): Finding<FolderFacts> {
  const nothing = { folder, freeBytes: null, fileSystem: null, canWrite: false, canLock: false };
  if ('error' in reply) return missing(check, `${folder}: ${reply.error}`, { facts: nothing, mend: elsewhere });
  const { freeBytes, type, writing, locking } = reply;
  const system = type === null ? undefined : FILE_SYSTEMS[type];
  const [canWrite, canLock] = [writing === null, writing === null && locking === null];
  const facts = { folder, freeBytes, fileSystem: system?.name ?? null, canWrite, canLock };
  const where = `${folder}: ${bytesText(freeBytes)} free${system === undefined ? '' : ` on ${system.name}`}`;
  if (writing !== null) return missing(check, `${where}; ${writing}`, { facts, mend: elsewhere });
  if (locking !== null) return missing(check, `${where}; no lock can be held: ${locking}`, { facts, mend: elsewhere });
  if (freeBytes < LEAST_BYTES) return missing(check, `${where}, which is too little`, { facts, mend: elsewhere });
  const shared = system?.isShared === true ? ', which other machines may share' : '';
  const says = `${where}${shared}; it can be written and locked`;
  return freeBytes < LITTLE_BYTES
    ? note(check, `${says}; a model of some size has no room`, { facts })
    : ok(check, says, facts);
}
