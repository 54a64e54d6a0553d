/** The pool: worker processes side by side, of which one may be killed, for memory or by hand, without the others or the parent. */
import { fork } from 'node:child_process';
import type { Executor, Message } from './executor.js';
import { freeMemory } from './free-memory.js';
import { isOutOfMemoryMessage } from './out-of-memory.js';
import { SlotExecutor, type Channel, type WorkerExit } from './slots.js';

/** Characters of a lost worker's last words that are kept. */
const LAST_WORDS = 2_000;

/** `entry` is the path of a module that calls `serve`; `memoryBytes` is what its workers may hold together, without it all that is free. */
export function poolExecutor(entry: string, workers: number, memoryBytes: number = freeMemory()): Executor {
  return new SlotExecutor(workers, (onMessage, onExit) => processChannel(entry, onMessage, onExit), { memoryBytes });
}

/** A line to a worker process, started now. */
export function processChannel(
  entry: string,
  onMessage: (message: Message) => void,
  onExit: (exit: WorkerExit) => void,
): Channel {
  const child = fork(entry, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-LAST_WORDS)));
  child.on('message', (message) => onMessage(message as Message));
  child.on('error', (error) => (words += error.message));
  child.on('close', (code, signal) => onExit(exitOf(code, signal, words)));
  return {
    send: (command) => void (child.connected && child.send(command, () => undefined)),
    terminate: () => void child.kill('SIGKILL'),
  };
}

/** Reads an exit as shells do: 137 and SIGKILL are the kernel's way of taking memory back, 134 and SIGABRT are V8's of having none. */
export function exitOf(code: number | null, signal: NodeJS.Signals | null, words: string): WorkerExit {
  const outOfMemory = signal === 'SIGKILL' || code === 137 || isOutOfMemoryMessage(words);
  const how = signal === null ? `exit code ${code}` : signal;
  const last = words.trim().split('\n').at(-1)?.trim() ?? '';
  const guess = outOfMemory ? ', most likely out of memory' : '';
  return { cause: `its process ended (${how}${guess})${last === '' ? '' : `: ${last}`}`, outOfMemory };
}
