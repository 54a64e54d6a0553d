/** What a disk's refusals mean for people: the system's codes, each with what to do. */
import { UserError, messageOf } from '../core/errors.js';

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space and run again',
  EDQUOT: 'the disk quota is used up: free some space and run again',
  EFBIG: 'the disk takes no files of this size: choose a folder on another disk',
  EACCES: 'no permission: choose a folder you may write to',
  EPERM: 'no permission: choose a folder you may write to',
  EROFS: 'the disk is read-only: choose a folder on another disk',
  EMFILE: 'too many open files: raise `ulimit -n` or lower the concurrency',
  ENFILE: 'too many open files: raise `ulimit -n` or lower the concurrency',
  ENAMETOOLONG: 'the name is too long: choose a shorter one',
  ENOENT: 'its folder cannot be made: choose another folder',
  ENOTDIR: 'a part of the path is a file: choose another folder',
  EEXIST: 'a part of the path is a file: choose another folder',
  EISDIR: 'it is a folder: name a file',
  ENOTEMPTY: 'another process wrote there at the same time: run again',
  EIO: 'the disk does not work: check it, or choose a folder on another disk',
};

/** The system's code of an error (`ENOENT` …), where it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** A UserError that says why a path could not be written and what to do; an error that is no refusal of the disk is given back. */
export function writeError(path: string, error: unknown): unknown {
  const advice = ADVICE[codeOf(error) ?? ''];
  if (advice === undefined) return error;
  return new UserError(`could not write ${path}: ${advice}`, { cause: messageOf(error) });
}

const REASON: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'it is a folder',
};

/** A UserError that says why a file could not be read. */
export function readError(path: string, error: unknown): UserError {
  return new UserError(`cannot read ${path}: ${REASON[codeOf(error) ?? ''] ?? messageOf(error)}`);
}
