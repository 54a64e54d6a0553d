/** The pool: worker processes side by side, of which one may be killed, for memory or by hand, without the others or the parent. */
import { fork } from 'node:child_process';
import type { Executor, Message } from './executor.js';
import { freeMemory } from './free-memory.js';
import { lastLine, listenTo } from './last-words.js';
import { oomKills } from './oom-kills.js';
import { isOutOfMemoryMessage } from './out-of-memory.js';
import { SlotExecutor, type Channel, type ChannelListeners, type OpenChannel, type WorkerExit } from './slots.js';

export interface PoolOptions {
  /** What workers may hold together; default all that is free. */
  readonly memoryBytes?: number;
  /** What a worker's environment has beside this process's own, by its place among them; default nothing. */
  readonly environment?: (slot: number) => NodeJS.ProcessEnv;
  /** Counts the processes killed for memory, null where nobody does; default the kernel's count. */
  readonly kills?: () => number | null;
}

/** `entry` is the path of a module that calls `serve`. */
export function poolExecutor(entry: string, workers: number, options: PoolOptions = {}): Executor {
  const { memoryBytes = freeMemory(), environment = () => ({}), kills = oomKills } = options;
  const open: OpenChannel = (listeners, slot) =>
    processChannel(entry, listeners, { environment: environment(slot), kills });
  return new SlotExecutor(workers, open, { memoryBytes });
}

/** A line to a worker process, started now. */
export function processChannel(
  entry: string,
  { onMessage, onExit }: ChannelListeners,
  { environment = {}, kills = oomKills }: { environment?: NodeJS.ProcessEnv } & Pick<PoolOptions, 'kills'> = {},
): Channel {
  const before = kills();
  const env = { ...process.env, ...environment };
  const child = fork(entry, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env });
  const words = listenTo(child);
  child.on('message', (message) => onMessage(message as Message));
  child.on('close', (code, signal) => onExit(exitOf(code, signal, words(), before === null || kills() !== before)));
  return {
    send: (command) => void (child.connected && child.send(command, () => undefined)),
    terminate: () => void child.kill('SIGKILL'),
  };
}

/**
 * Reads an exit as shells do: 137 and SIGKILL are the kernel's way of taking memory back, 134 and SIGABRT are V8's of having none.
 * SIGKILL is anybody's where the kernel is known not to have killed for memory.
 */
export function exitOf(
  code: number | null,
  signal: NodeJS.Signals | null,
  words: string,
  mayBeKernel = true,
): WorkerExit {
  const outOfMemory = (signal === 'SIGKILL' && mayBeKernel) || code === 137 || isOutOfMemoryMessage(words);
  const how = signal === null ? `exit code ${code}` : signal;
  const last = lastLine(words);
  const guess = outOfMemory ? ', most likely out of memory' : '';
  return { cause: `its process ended (${how}${guess})${last === '' ? '' : `: ${last}`}`, outOfMemory };
}
