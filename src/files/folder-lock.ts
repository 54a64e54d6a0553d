/** A lock of a folder: one process works in it, a dead one's lock is taken over, a living one's is respected. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../core/errors.js';
import { writeError } from './disk-error.js';
import { makeFolder } from './flush.js';

const LOCK = 'lock';
/** How often the holder shows that it lives, and how long an observer on another machine waits to see it. */
const BEAT_MS = 5_000;
const OBSERVE_MS = 20_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO time, for people. */
  readonly since: string;
  /** When the process started, in the kernel's own count; null where unknown. Tells a number used again. */
  readonly started: string | null;
  readonly nonce: string;
}

export interface FolderLock {
  release(): void;
}

export interface LockOptions {
  /** Wait so long for a living holder to end before giving up; default 0. */
  readonly patienceMs?: number;
  /** Gives up waiting; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Takes the lock of a folder (made where it is absent); throws UserError naming the process that holds it. */
export async function lockFolder(folder: string, options: LockOptions = {}): Promise<FolderLock> {
  makeFolder(folder);
  const path = join(folder, LOCK);
  const own = self();
  const until = performance.now() + (options.patienceMs ?? 0);
  for (;;) {
    options.signal?.throwIfAborted();
    if (create(path, own)) return held(path, own);
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
  const lives = host === hostname() ? isAlive(holder) : Date.now() - beatOf(path) < FRESH_MS;
  return lives ? { pid, host, since } : null;
}

function self(): Holder {
  const nonce = randomBytes(8).toString('hex');
  return { pid: process.pid, host: hostname(), since: new Date().toISOString(), started: startOf(process.pid), nonce };
}

/** Start of a process from /proc, in clock ticks since the machine booted; `ended` for one that only waits to be noticed, null where unknown. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? 'ended' : `${boot}/${fields[18]}`;
  } catch {
    return null;
  }
}

/** Makes the lock whole in one step: written beside its place, then linked, which fails where one is. */
function create(path: string, own: Holder): boolean {
  const temporary = `${path}.${own.nonce}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(own), { flag: 'wx' });
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeError(path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function read(path: string): Holder | 'gone' | 'unreadable' {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable';
  }
}

async function isDead(path: string, holder: Holder | 'unreadable'): Promise<boolean> {
  if (holder === 'unreadable') return true;
  if (holder.host === hostname()) return !isAlive(holder);
  return isStill(path, holder);
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const found = startOf(pid);
  if (found === 'ended') return false;
  return started === null || found === null || found === started;
}

/** Whether a holder on another machine shows no life while this one looks, by this machine's own clock. */
async function isStill(path: string, holder: Holder): Promise<boolean> {
  const before = beatOf(path);
  const until = performance.now() + OBSERVE_MS;
  while (performance.now() < until) {
    await wait(500);
    if (beatOf(path) !== before) return false;
  }
  const now = read(path);
  return now !== 'gone' && (now === 'unreadable' || now.nonce === holder.nonce);
}

function beatOf(path: string): number {
  try {
    return statSync(path).mtimeMs;
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
    if (isOther) linkSync(aside, path);
  } catch {
    // A third process holds it by now: the one that was moved aside finds its lock gone when it looks.
  }
  rmSync(aside, { force: true });
}

function held(path: string, own: Holder): FolderLock {
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      clearInterval(beat);
    }
  }, BEAT_MS);
  beat.unref();
  return {
    release() {
      clearInterval(beat);
      const now = read(path);
      if (typeof now === 'object' && now.nonce === own.nonce) rmSync(path, { force: true });
    },
  };
}

function lockedError(folder: string, holder: Holder | 'unreadable'): UserError {
  const who =
    holder === 'unreadable' ? 'another process' : `process ${holder.pid} on ${holder.host} since ${holder.since}`;
  return new UserError(`${folder} is in use by ${who}: wait until it ends, or choose another folder`);
}
