/** What Slurm's commands print, read strictly: what does not look as it should is an error, never a guess. */
import type { TaskState } from './scheduler.js';

/** A line that is not as it should be; asking again may help. */
export class SlurmTextError extends Error {
  override readonly name = 'SlurmTextError';

  constructor(command: string, line: string) {
    super(`${command} printed a line that is not understood: ${JSON.stringify(line.slice(0, 200))}`);
  }
}

/** One element of an array of jobs. */
export interface ArrayTask {
  readonly array: number;
  readonly index: number;
  readonly state: string;
}

/** `squeue --format`: identity first, what may hold anything last. */
export const QUEUE_FORMAT = '%F|%K|%T|%j|%r';
/** `sacct --format`. */
export const ACCOUNTING_FORMAT = 'JobID,State,ExitCode';

/** Lines of `squeue --noheader --array --format=…`. */
export function parseQueue(text: string): (ArrayTask & { readonly name: string })[] {
  return linesOf(text).map((line) => {
    const [, array, index, state = '', name = ''] = /^(\d+)\|(\d+)\|([A-Z_]+)\|([\w.-]+)\|.*$/.exec(line) ?? [];
    if (array === undefined) throw new SlurmTextError('squeue', line);
    return { array: Number(array), index: Number(index), state, name };
  });
}

/** Lines of `sacct --allocations --parsable2 --noheader --format=…`; elements that have not begun stand together and are left out. */
export function parseAccounting(text: string): (ArrayTask & { readonly wasKilled: boolean })[] {
  return linesOf(text).flatMap((line) => {
    if (/^\d+_\[[\d,%:-]+\]\|[A-Z_]+\|\d+:\d+$/.test(line)) return [];
    const found = /^(\d+)_(\d+)\|([A-Z_]+)(?: by \d+)?\|(\d+):(\d+)$/.exec(line);
    if (found === null) throw new SlurmTextError('sacct', line);
    const [, array, index, state = '', code, signal] = found;
    return [{ array: Number(array), index: Number(index), state, wasKilled: signal === '9' || code === '137' }];
  });
}

/** The job's number from `sbatch --parsable`, which a cluster's name may follow; null where there is not exactly one. */
export function parseSubmission(text: string): number | null {
  const numbers = linesOf(text).flatMap((line) => /^(\d+)(?:;[\w.-]+)?$/.exec(line)?.[1] ?? []);
  return numbers.length === 1 ? Number(numbers[0]) : null;
}

/** Elements that an array may have, from `scontrol show config`; null where it does not say. */
export function parseMaxArraySize(text: string): number | null {
  const size = /^\s*MaxArraySize\s*=\s*(\d+)\s*$/m.exec(text)?.[1];
  return size === undefined ? null : Number(size);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** Submissions that may go through when tried again, by Slurm's words. */
const PASSING =
  /timed out|unable to contact|connection (refused|reset)|temporarily|try again|zero bytes|not connected|communication|node configuration|in standby|slurmctld/i;

/** Whether a refusal may pass by itself. */
export function mayPass(words: string): boolean {
  return PASSING.test(words);
}

const STATES: Readonly<Record<string, TaskState['kind']>> = {
  ...all('waiting', 'PENDING CONFIGURING REQUEUED REQUEUE_FED REQUEUE_HOLD SPECIAL_EXIT RESV_DEL_HOLD'),
  ...all('running', 'RUNNING COMPLETING SUSPENDED STOPPED SIGNALING STAGE_OUT RESIZING'),
  ...all('ended', 'COMPLETED'),
  ...all('lost', 'FAILED TIMEOUT NODE_FAIL PREEMPTED BOOT_FAIL DEADLINE LAUNCH_FAILED RECONFIG_FAIL REVOKED'),
  ...all('lost', 'OUT_OF_MEMORY CANCELLED'),
};

function all(kind: TaskState['kind'], words: string): Record<string, TaskState['kind']> {
  return Object.fromEntries(words.split(' ').map((word) => [word, kind]));
}

/** What a state means; one that is not known yet ends nothing: the work goes on as far as anyone can tell. */
export function kindOf(state: string): TaskState['kind'] {
  return STATES[state] ?? 'running';
}
