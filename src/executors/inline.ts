/** The inline executor: one worker thread of this process, one job at a time. */
import { Worker } from 'node:worker_threads';
import type { Executor } from './executor.js';
import { SlotExecutor, type Channel, type ChannelListeners, type WorkerExit } from './slots.js';

/** `entry` is the path of a module that calls `serve`. */
export function inlineExecutor(entry: string): Executor {
  return new SlotExecutor(1, (listeners) => threadChannel(new Worker(entry, { execArgv: [] }), listeners));
}

/** What a slot talks to a worker thread by. */
export function threadChannel(worker: Worker, { onMessage, onExit }: ChannelListeners): Channel {
  let cause: WorkerExit = { cause: 'the worker thread ended', outOfMemory: false };
  worker.on('message', onMessage);
  worker.on('error', (error: NodeJS.ErrnoException) => {
    cause = { cause: error.message, outOfMemory: error.code === 'ERR_WORKER_OUT_OF_MEMORY' };
  });
  worker.on('exit', () => onExit(cause));
  return { send: (command) => worker.postMessage(command), terminate: () => void worker.terminate() };
}
