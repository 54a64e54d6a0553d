/** A program of this machine asked once: what it said, within a time limit that it cannot outlive, whatever it starts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { platform } from 'node:os';
import { codeOf } from '../files/disk-error.js';

/** What became of a program; what it wrote until it was ended is kept. */
export type Answer =
  | { readonly kind: 'ended'; readonly code: number | null; readonly out: string; readonly err: string }
  | { readonly kind: 'late'; readonly out: string; readonly err: string }
  | { readonly kind: 'absent' };

/** How programs are asked: command, arguments, milliseconds that it may take, and what it reads. */
export type Ask = (command: string, args: readonly string[], timeoutMs: number, input?: string) => Promise<Answer>;

/** Characters of each stream that are kept. */
const MOST = 100_000;

/** Starts a program and reads it; never throws. */
export const askProgram: Ask = (command, args, timeoutMs, input = '') =>
  new Promise((resolve) => {
    const isGrouped = platform() !== 'win32';
    const child = spawn(command, args, { stdio: 'pipe', detached: isGrouped, windowsHide: true });
    const said = { out: '', err: '' };
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const timer = setTimeout(() => {
      giveUp(child, isGrouped);
      end({ kind: 'late', ...said });
    }, timeoutMs);
    child.stdin.on('error', () => undefined); // it ended without reading
    child.stdin.end(input);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out = (said.out + text).slice(0, MOST)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err = (said.err + text).slice(-MOST)));
    child.on('error', (error) => {
      end(isAbsent(command, error) ? { kind: 'absent' } : { kind: 'ended', code: null, out: '', err: error.message });
    });
    child.on('close', (code) => end({ kind: 'ended', code, ...said }));
  });

/** Whether there is no such program; folders on the path that may not be read count for a name as if they were not there. */
function isAbsent(command: string, error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || (codeOf(error) === 'EACCES' && !/[/\\]/.test(command));
}

/** Ends a process with all that it started, and lets go of it: one that hangs in the kernel keeps nobody waiting. */
function giveUp(child: ChildProcess, isGrouped: boolean): void {
  try {
    if (isGrouped && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

/** Why a program was of no use, in a few words. */
export function failureOf(answer: Answer, timeoutMs: number): string {
  if (answer.kind === 'absent') return 'it is not installed';
  if (answer.kind === 'late') return `it gave no answer within ${timeoutMs / 1000} s`;
  const last = answer.err.trim().split('\n').at(-1)?.trim() || answer.out.trim().split('\n').at(-1)?.trim();
  return last?.slice(0, 200) || `it ended with ${answer.code === null ? 'a signal' : `exit code ${answer.code}`}`;
}
