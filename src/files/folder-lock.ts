/** A lock of a folder: one process works in it, a dead one's lock is taken over, a living one's is respected. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { codeOf, writeError } from './disk-error.js';
import { makeFolder } from './flush.js';

const LOCK = 'lock';
/** How often the holder shows that it lives, and how long an observer on another machine waits to see it. */
const BEAT_MS = 5_000;
const OBSERVE_MS = 20_000;

/** How long a lock without a holder's name is looked at: one that is being written has it by then. */
const NAMELESS_MS = 1_000;

const holderRecord = z.object({
  pid: z.number().int(),
  host: z.string(),
  /** ISO time, for people. */
  since: z.string(),
  /** When the process started, in the kernel's own count; null where unknown. Tells a number used again. */
  started: z.string().nullable(),
  /** Where its number means something: this boot of this machine, and this container of it; null where unknown. */
  place: z.string().nullable().default(null),
  /** What it does, where others may join in that. */
  task: z.string().exactOptional(),
  nonce: z.string(),
});
type Holder = Readonly<z.infer<typeof holderRecord>>;

export interface FolderLock {
  /** Aborts, with a FolderInUseError, where another process took the lock away, for this one showed no life. Then nothing more is to be written. */
  readonly signal: AbortSignal;
  release(): void;
}

/** A folder that another process works in. */
export class FolderInUseError extends UserError {
  override readonly name = 'FolderInUseError';

  constructor(
    readonly folder: string,
    /** Who works in it; null where that cannot be read. */
    readonly holder: Pick<Holder, 'pid' | 'host' | 'since' | 'task'> | null,
  ) {
    const who = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host} since ${holder.since}`;
    super(`${folder} is in use by ${who}: wait until it ends, or choose another folder`);
  }
}

export interface LockOptions {
  /** Wait so long for a living holder to end before giving up; default 0. */
  readonly patienceMs?: number;
  /** What the lock is taken for, where others may join in that: they read it in `FolderInUseError`. */
  readonly task?: string;
  /** Gives up waiting; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Takes the lock of a folder (made where it is absent); throws FolderInUseError naming the process that holds it. */
export async function lockFolder(folder: string, options: LockOptions = {}): Promise<FolderLock> {
  makeFolder(folder);
  const path = join(folder, LOCK);
  const own = { ...self(), ...(options.task !== undefined && { task: options.task }) };
  const until = performance.now() + (options.patienceMs ?? 0);
  for (;;) {
    options.signal?.throwIfAborted();
    if (create(path, own)) return new HeldLock(folder, own);
    const holder = read(path);
    if (holder === 'gone') continue;
    if (await isDead(path, holder)) takeAway(path, holder);
    else if (performance.now() > until) throw lockedError(folder, holder);
    else await wait(100);
  }
}

/** How old a beat of a holder on another machine may be; clocks differ, so it is long. */
const FRESH_MS = 60_000;

/** Whether a living process holds the lock of a folder, as far as can be told without waiting. */
export function isHeld(folder: string): boolean {
  return holderOf(folder) !== null;
}

/** The living process that holds the lock of a folder, as far as can be told without waiting; null where none does. */
export function holderOf(folder: string): Pick<Holder, 'pid' | 'host' | 'since'> | null {
  const path = join(folder, LOCK);
  const holder = read(path);
  if (holder === 'gone' || holder === 'unreadable') return null;
  const { pid, host, since } = holder;
  const lives = isHere(holder) ? isAlive(holder) : Math.abs(Date.now() - beatOf(path)) < FRESH_MS;
  return lives ? { pid, host, since } : null;
}

/** Who looks at locks again and again, and so learns of holders on other machines by this machine's own clock, whatever theirs says. */
export class LockWatch {
  readonly #seen = new Map<string, { nonce: string; beat: number; at: number; isBeating: boolean }>();

  /** Whether a living process holds the lock of a folder: at the first look as `isHeld` tells it, later by whether it goes on showing life. */
  isHeld(folder: string): boolean {
    const path = join(folder, LOCK);
    const holder = read(path);
    if (holder === 'gone' || holder === 'unreadable' || isHere(holder)) {
      this.#seen.delete(path);
      return isHeld(folder);
    }
    const [beat, now, before] = [beatOf(path), performance.now(), this.#seen.get(path)];
    if (before?.nonce !== holder.nonce) {
      this.#seen.set(path, { nonce: holder.nonce, beat, at: now, isBeating: false });
      return isHeld(folder);
    }
    if (before.beat !== beat) Object.assign(before, { beat, at: now, isBeating: true });
    return now - before.at < OBSERVE_MS && (before.isBeating || isHeld(folder));
  }
}

function self(): Holder {
  const nonce = randomBytes(8).toString('hex');
  const since = new Date().toISOString();
  return { pid: process.pid, host: hostname(), since, started: startOf(process.pid), place: placeHere(), nonce };
}

/** Two machines, or two containers of one, may have the same name; a machine has another boot each time it starts. */
function placeHere(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** Whether the number of a holder is one of this machine's as this process sees it. */
function isHere({ host, place }: Holder): boolean {
  return host === hostname() && place === placeHere();
}

/** Start of a process from /proc, in clock ticks since the machine booted; `ended` for one that only waits to be noticed, null where unknown. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? 'ended' : (fields[18] ?? null);
  } catch {
    return null;
  }
}

/** What file systems say that know no links. */
const LINKLESS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** Makes the lock whole in one step: written beside its place, then linked, which fails where one is. */
function create(path: string, own: Holder): boolean {
  const temporary = `${path}.${own.nonce}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(own), { flag: 'wx' });
    put(temporary, path);
    return true;
  } catch (error) {
    // Of a request that was sent twice, for its answer was lost, a server of files says that the lock is there: it may be this one.
    if (codeOf(error) === 'EEXIST') return isOwn(read(path), own);
    throw writeError(path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Where there are no links, a file that must not be there before: whoever reads it half written waits a moment. */
function put(file: string, path: string): void {
  try {
    linkSync(file, path);
  } catch (error) {
    if (!LINKLESS.has(codeOf(error) ?? '')) throw error;
    copyFileSync(file, path, constants.COPYFILE_EXCL);
  }
}

const isOwn = (holder: Holder | 'gone' | 'unreadable', { nonce }: Holder): boolean =>
  typeof holder === 'object' && holder.nonce === nonce;

function read(path: string): Holder | 'gone' | 'unreadable' {
  try {
    return holderRecord.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'gone' : 'unreadable';
  }
}

async function isDead(path: string, holder: Holder | 'unreadable'): Promise<boolean> {
  if (holder === 'unreadable') return isStill(path, holder, NAMELESS_MS);
  return isHere(holder) ? !isAlive(holder) : isStill(path, holder, OBSERVE_MS);
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  const found = startOf(pid);
  if (found === 'ended') return false;
  return started === null || found === null || found === started;
}

/** Whether a lock shows no life while this process looks, by this machine's own clock. */
async function isStill(path: string, holder: Holder | 'unreadable', forMs: number): Promise<boolean> {
  const before = beatOf(path);
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    await wait(Math.min(500, forMs / 2));
    if (beatOf(path) !== before) return false;
  }
  const now = read(path);
  return holder === 'unreadable' ? now === holder : now === 'unreadable' || isOwn(now, holder);
}

/** When the holder last showed that it lives. The file is opened, for machines that share a folder may remember for a minute what a file was like. */
function beatOf(path: string): number {
  try {
    const file = openSync(path, 'r');
    try {
      return fstatSync(file).mtimeMs;
    } finally {
      closeSync(file);
    }
  } catch {
    return -1;
  }
}

/** Removes a dead holder's lock; if another process was quicker and this is its lock, it is put back. */
function takeAway(path: string, dead: Holder | 'unreadable'): void {
  const aside = `${path}.${randomBytes(8).toString('hex')}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = read(aside);
  const isOther = typeof moved === 'object' && (dead === 'unreadable' || moved.nonce !== dead.nonce);
  try {
    if (isOther) put(aside, path);
  } catch {
    // A third process holds it by now: the one that was moved aside finds its lock gone when it looks.
  }
  rmSync(aside, { force: true });
}

/** A lock that this process holds: it shows every few seconds that it lives, and sees where another has taken over. */
class HeldLock implements FolderLock {
  readonly #path: string;
  readonly #lost = new AbortController();
  readonly #beat: NodeJS.Timeout;

  constructor(
    readonly folder: string,
    readonly own: Holder,
  ) {
    this.#path = join(folder, LOCK);
    this.#beat = setInterval(() => this.#show(), BEAT_MS).unref();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  release(): void {
    clearInterval(this.#beat);
    if (isOwn(read(this.#path), this.own)) rmSync(this.#path, { force: true });
  }

  /** What a disk refuses now it may take five seconds later. */
  #show(): void {
    try {
      const now = read(this.#path);
      const isHeldHere = now === 'gone' ? create(this.#path, this.own) : now === 'unreadable' || isOwn(now, this.own);
      if (isHeldHere) utimesSync(this.#path, new Date(), new Date());
      else this.#lose(now);
    } catch {
      return;
    }
  }

  #lose(holder: Holder | 'gone' | 'unreadable'): void {
    clearInterval(this.#beat);
    this.#lost.abort(lockedError(this.folder, holder));
  }
}

function lockedError(folder: string, holder: Holder | 'gone' | 'unreadable'): FolderInUseError {
  return new FolderInUseError(folder, typeof holder === 'object' ? holder : null);
}
