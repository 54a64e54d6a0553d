/** Files that stand for others: what a checkout, a failed download or a failed copy leaves where data or weights should be. */

import { lstatSync, readlinkSync, statSync } from 'node:fs';

/** What a file is in place of what was wanted, and what to do about it. */
export interface Stub {
  /** Continues "the file …", e.g. `is a Git LFS pointer, not the file itself`. */
  readonly what: string;
  readonly fix: string;
}

/** Bytes of a file's beginning that tell. */
export const STUB_BYTES = 512;

const GIT_LFS: Stub = {
  what: 'is a Git LFS pointer, not the file itself',
  fix: 'run git lfs pull in its folder, or download the file',
};

const STUBS: readonly (readonly [pattern: RegExp, stub: Stub])[] = [
  [/^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\//, GIT_LFS],
  [
    /^(?:\.\.\/)*(?:\.git\/annex|\/annex)\/objects\//,
    { what: 'is a git-annex pointer, not the file itself', fix: 'run git annex get on it' },
  ],
  [/^# xet version \d/, { what: 'is a Git Xet pointer, not the file itself', fix: 'download the file' }],
  [
    /^\s*(?:<!--[^]*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b/i,
    { what: 'is a web page (HTML), as a failed download leaves it', fix: 'download the file itself' },
  ],
  [
    /^\s*<\?xml[^]*<Error>|^\s*<Error>/,
    { what: 'is an error message (XML), as a failed download leaves it', fix: 'download the file again' },
  ],
  [
    /^\s*(?:Entry not found|Repository not found|Invalid username or password|Invalid credentials|Access to \w+ \S+ is restricted|404: Not Found|Not Found\s*$|Unauthorized\s*$)/,
    { what: 'is an error message, as a failed download leaves it', fix: 'download the file again' },
  ],
];

/** What a file that begins so is a stub of; undefined where it is none. A text of no bytes is one too. */
export function stubOf(head: Uint8Array): Stub | undefined {
  if (head.length === 0) return { what: 'is empty (0 bytes)', fix: 'download or copy it again' };
  const text = Buffer.from(head.subarray(0, STUB_BYTES))
    .toString('utf8')
    .replace(/^\ufeff/, '');
  return STUBS.find(([pattern]) => pattern.test(text))?.[1];
}

/** The printable beginning of a file that should be binary, for messages: quoted, or undefined where it is none. */
function textBeginning(head: Uint8Array): string | undefined {
  const line = /^[\t\x20-\x7e]{8,}/.exec(Buffer.from(head.subarray(0, 60)).toString('latin1'))?.[0];
  return line === undefined ? undefined : JSON.stringify(line);
}

/** Where a link leads to that leads nowhere; undefined for what is no link, or one to something. */
export function danglingLink(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return undefined;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
}

/** Why a file that should be binary is not, from its first bytes: what it stands in for, or the text that it begins with; undefined where it may be. */
export function noBinary(head: Uint8Array): string | undefined {
  const stub = stubOf(head);
  if (stub) return `${stub.what}: ${stub.fix}`;
  const text = textBeginning(head);
  return text === undefined ? undefined : `begins with the text ${text}: it is another file, or its download failed`;
}
