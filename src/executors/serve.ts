/** The worker's side: takes folders one at a time from its parent, a process or a thread, and answers how the work ended. */
import { parentPort } from 'node:worker_threads';
import { messageOf, UserError } from '../core/errors.js';
import type { Json } from '../core/json.js';
import type { Command, JobSpec, Message } from './executor.js';

/** Carries out a job, and says whether another had by then; throws where it fails, and the signal's reason where it was asked to stop. */
export type Work = (
  job: JobSpec,
  report: (report: Json) => void,
  signal: AbortSignal,
) => Promise<{ readonly elsewhere: boolean } | undefined>;

/** Serves the parent until it ends or goes away. */
export function serve(work: Work): void {
  let current: AbortController | undefined;
  const send = parentSender();
  const run = async (job: JobSpec): Promise<void> => {
    current = new AbortController();
    const { signal } = current;
    const outcome = await work(job, (report) => send({ type: 'report', report }), signal).then(
      (done) => ({ status: 'done', ...(done?.elsewhere === true && { elsewhere: true as const }) }) as const,
      (error: unknown) => (signal.aborted ? ({ status: 'cancelled' } as const) : failure(error)),
    );
    current = undefined;
    send({ type: 'outcome', outcome });
  };
  onCommand((command) => {
    if (command.type === 'run') void run(command.job);
    else if (command.type === 'cancel') current?.abort();
    else process.exit(0);
  });
}

function failure(error: unknown) {
  const name = error instanceof Error ? error.name : 'Error';
  return { status: 'failed', name, message: messageOf(error), mendable: error instanceof UserError } as const;
}

function parentSender(): (message: Message) => void {
  if (parentPort !== null) {
    const port = parentPort;
    return (message) => port.postMessage(message);
  }
  return (message) => void process.send?.(message, undefined, undefined, () => undefined);
}

/** A worker process leaves Ctrl-C to its parent, and ends when that is gone: nobody would hear of its work. */
function onCommand(handle: (command: Command) => void): void {
  if (parentPort !== null) {
    parentPort.on('message', handle);
    return;
  }
  process.on('message', handle);
  process.on('disconnect', () => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
}
