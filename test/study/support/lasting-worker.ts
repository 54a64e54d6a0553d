/** The inline executor's worker thread kept between the studies of a test file, whose subject is not how a worker starts. */
import { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';
import type { Executor } from '../../../src/executors/executor.js';
import { SlotExecutor, type ChannelListeners } from '../../../src/executors/slots.js';
import { workerEntry } from '../../../src/study/placement.js';

/** The thread that waits for the next study; undefined where none was started, one works, or the last was ended. */
let idle: Worker | undefined;

/** An executor as `inlineExecutor(workerEntry())`, but that its thread, asked to end, waits for the next executor: the thread of this file keeps what it has loaded, and the environment of its start. */
export function lastingExecutor(): Executor {
  return new SlotExecutor(1, ({ onMessage, onExit }: ChannelListeners) => {
    const worker = idle ?? new Worker(workerEntry(), { execArgv: [] });
    idle = undefined;
    let cause = 'the worker thread ended';
    const listeners = {
      message: onMessage,
      error: (error: Error) => (cause = error.message),
      exit: () => onExit({ cause, outOfMemory: false }),
    };
    for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
    const rest = (): void => {
      for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
      if (idle === undefined) idle = worker;
      else void worker.terminate();
      listeners.exit();
    };
    return {
      send: (command) => (command.type === 'end' ? queueMicrotask(rest) : worker.postMessage(command)),
      terminate: () => void worker.terminate(),
    };
  });
}

afterAll(() => idle?.terminate());
