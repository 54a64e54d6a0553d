/** The pool: worker processes side by side, of which one may be killed, for memory or by hand, without the others or the parent. */
import { fork } from 'node:child_process';
import type { Executor, Message } from './executor.js';
import { freeMemory } from './free-memory.js';
import { lastLine, listenTo } from './last-words.js';
import { isOutOfMemoryMessage } from './out-of-memory.js';
import { SlotExecutor, type Channel, type WorkerExit } from './slots.js';

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
  const words = listenTo(child);
  child.on('message', (message) => onMessage(message as Message));
  child.on('close', (code, signal) => onExit(exitOf(code, signal, words())));
  return {
    send: (command) => void (child.connected && child.send(command, () => undefined)),
    terminate: () => void child.kill('SIGKILL'),
  };
}

/** Reads an exit as shells do: 137 and SIGKILL are the kernel's way of taking memory back, 134 and SIGABRT are V8's of having none. */
export function exitOf(code: number | null, signal: NodeJS.Signals | null, words: string): WorkerExit {
  const outOfMemory = signal === 'SIGKILL' || code === 137 || isOutOfMemoryMessage(words);
  const how = signal === null ? `exit code ${code}` : signal;
  const last = lastLine(words);
  const guess = outOfMemory ? ', most likely out of memory' : '';
  return { cause: `its process ended (${how}${guess})${last === '' ? '' : `: ${last}`}`, outOfMemory };
}
