/** The inline executor's worker thread kept between the studies of a test file, whose subject is not how a worker starts. */
import { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';
import type { Executor } from '../../../src/executors/executor.js';
import { threadChannel } from '../../../src/executors/inline.js';
import { SlotExecutor } from '../../../src/executors/slots.js';
import { workerEntry } from '../../../src/study/placement.js';

/** The thread that waits for the next study; undefined where none was started, one works, or the last was ended. */
let idle: Worker | undefined;

/** An executor as `inlineExecutor(workerEntry())`, but that its thread, asked to end, waits for the next executor: the thread of this file keeps what it has loaded, and the environment of its start. */
export function lastingExecutor(): Executor {
  return new SlotExecutor(1, (listeners) => {
    const worker = idle ?? new Worker(workerEntry(), { execArgv: [] });
    idle = undefined;
    const channel = threadChannel(worker, listeners);
    const rest = (): void => {
      for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
      if (idle === undefined) idle = worker;
      else void worker.terminate();
      listeners.onExit({ cause: 'the worker thread ended', outOfMemory: false });
    };
    return { ...channel, send: (command) => (command.type === 'end' ? queueMicrotask(rest) : channel.send(command)) };
  });
}

afterAll(() => idle?.terminate());
