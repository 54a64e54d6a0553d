/** The Ray executor: every run a job of Ray's Jobs API, found again by an id that only that run has. */
import { setTimeout as wait } from 'node:timers/promises';
import { mapConcurrently } from '../core/concurrency.js';
import { messageOf, UserError } from '../core/errors.js';
import type { PathMap } from './command-template.js';
import type { Executor } from './executor.js';
import { FarExecutor, SILENCE_MS, type FarOptions } from './far.js';
import { neededMegabytes } from './needs.js';
import { RayClient, rayAddress, type RaySubmission } from './ray-client.js';
import { entrypoint, isAlive, JobNames, numberIn, stateOf, type RayJob } from './ray-jobs.js';
import type { Attempt, Scheduler, Submission, TaskState, Ticket, WorkRecords } from './scheduler.js';

export interface RaySettings {
  /** Of the dashboard; without it, RAY_API_SERVER_ADDRESS, RAY_ADDRESS, or this machine. */
  readonly address?: string | undefined;
  /** Most runs that are in Ray at once, waiting or running. */
  readonly atOnce: number;
  /** Memory of each run; without it, as estimated and a quarter more. */
  readonly memoryGB?: number | undefined;
  /** GPUs of each run, or a share of one. */
  readonly gpus: number;
  /** What else each run takes of what machines were started with by `ray start --resources`. */
  readonly resources: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly pollSeconds: number;
  /** What becomes of the runs when the study is stopped. */
  readonly onStop: 'cancel' | 'leave';
  /** Lines of shell before a run. */
  readonly setup: string;
  /** What is run with a folder behind it, as words of shell. */
  readonly work: string;
  /** Where the cluster sees folders of this machine. */
  readonly paths?: PathMap | undefined;
  /** File in the study's folder that tells its jobs from those of others. */
  readonly file: string;
}

export interface RayOptions extends Partial<FarOptions> {
  /** Where address and token are looked up. Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds before a job is asked again to stop, twice as many each time. Default: 500. */
  readonly pauseMs?: number;
}

/** An executor that hands jobs to Ray. Throws UserError where the address is none. */
export function rayExecutor(
  settings: RaySettings,
  records: WorkRecords,
  { env = process.env, pauseMs = 500, ...options }: RayOptions = {},
): Executor {
  const { atOnce, retries, pollSeconds, address } = settings;
  const client = new RayClient(rayAddress(address, env), env);
  const patience = { pauseMs, silenceMs: options.silenceMs ?? SILENCE_MS };
  return new FarExecutor(new Ray(settings, client, patience), records, {
    ...{ concurrency: atOnce, retries, pollMs: pollSeconds * 1000 },
    ...options,
  });
}

/** Requests at once. */
const REQUESTS = 4;
/** How long the first list may take, which only looks for what an earlier process left. */
const FIRST_LIST_MS = 15_000;
const STOPS = 3;
/** How long jobs that are not needed any more may take to be told so, all together. */
const CANCEL_MS = 10_000;
/** Seconds that a job has to write a checkpoint when it is stopped; Ray's own are 3. */
const STOP_SECONDS = '30';

/** A run in Ray's hands. */
interface Entry {
  readonly attempt: Attempt;
  /** Known once Ray has told which jobs there are. */
  id: string | undefined;
  /** Whether Ray is known to have it. */
  isThere: boolean;
  /** Submitted by another process, so that who stopped it is not known here. */
  isAdopted: boolean;
  refusal: string | undefined;
  /** When it was first sent. */
  sentAt: number | undefined;
  /** It was cancelled, maybe while it was being sent. */
  isUnwanted: boolean;
}

/** Jobs are sent where their states are asked for: behind a list that shows whether they are there already. A ticket is the stem of a run's ids. */
class Ray implements Scheduler {
  readonly slots: number;
  readonly #names: JobNames;
  readonly #entries = new Map<Ticket, Entry>();
  #listing = new AbortController();
  onChange?: () => void;
  onNotice?: (message: string) => void;

  constructor(
    readonly settings: RaySettings,
    readonly client: RayClient,
    readonly patience: { readonly pauseMs: number; readonly silenceMs: number },
  ) {
    this.slots = settings.atOnce;
    this.#names = new JobNames(settings.file, settings.paths ?? {});
  }

  /** What waits or runs of earlier processes; nothing where Ray gives no answer, which is waited for later. */
  async adopt(): Promise<ReadonlyMap<string, Ticket>> {
    const jobs = await this.#firstList();
    const found = new Map<string, Ticket>();
    for (const job of jobs.values()) {
      const there = job.metadata?.['folder'];
      if (there === undefined || !isAlive(job)) continue;
      const folder = this.#names.here(there);
      const stem = this.#names.stem(folder);
      if (numberIn(stem, job.submission_id) === 0) continue;
      const entry = newEntry({ job: { folder }, attempt: 0 });
      this.#entries.set(stem, Object.assign(entry, adopted(job)));
      found.set(folder, stem);
    }
    return found;
  }

  submit(attempts: readonly Attempt[]): Promise<readonly Submission[]> {
    setImmediate(() => this.onChange?.());
    return Promise.resolve(
      attempts.map((attempt) => {
        const ticket = this.#names.stem(attempt.job.folder);
        this.#entries.set(ticket, newEntry(attempt));
        return { ticket };
      }),
    );
  }

  async states(tickets: readonly Ticket[]): Promise<ReadonlyMap<Ticket, TaskState>> {
    const { signal } = (this.#listing = new AbortController());
    let jobs: ReadonlyMap<string, RayJob>;
    try {
      jobs = await this.client.list({ signal });
    } catch (error) {
      // Nobody asks any more for those that were cancelled; the others are asked for again.
      if (signal.aborted) return new Map(tickets.map((ticket) => [ticket, { kind: 'running' }]));
      throw error;
    }
    const entries = tickets.flatMap((ticket) => this.#entries.get(ticket) ?? []);
    const unsent = entries.filter(({ isThere, refusal }) => !isThere && refusal === undefined);
    await mapConcurrently(unsent, { concurrency: REQUESTS }, (entry) => this.#send(entry, jobs));
    return new Map(
      tickets.map((ticket) => {
        const entry = this.#entries.get(ticket);
        return [ticket, entry === undefined ? { kind: 'gone' } : stateIn(entry, jobs, unsent.includes(entry))];
      }),
    );
  }

  async cancel(tickets: readonly Ticket[]): Promise<void> {
    this.#listing.abort();
    if (this.settings.onStop === 'leave') return;
    const entries = tickets.flatMap((ticket) => this.#entries.get(ticket) ?? []);
    for (const entry of entries) entry.isUnwanted = true;
    const sent = entries.flatMap(({ id, isThere, sentAt }) =>
      id !== undefined && (isThere || sentAt !== undefined) ? [id] : [],
    );
    const signal = AbortSignal.timeout(CANCEL_MS);
    await mapConcurrently(sent, { concurrency: 2 * REQUESTS }, (id) => this.#stop(id, signal));
  }

  forget(ticket: Ticket): void {
    this.#entries.delete(ticket);
  }

  async #firstList(): Promise<ReadonlyMap<string, RayJob>> {
    try {
      return await this.client.list({ timeoutMs: FIRST_LIST_MS });
    } catch (error) {
      if (error instanceof UserError) throw error;
      return new Map();
    }
  }

  /** Submits a job that is not in Ray's list; one whose answer was lost is, under its id. */
  async #send(entry: Entry, jobs: ReadonlyMap<string, RayJob>): Promise<void> {
    const stem = this.#names.stem(entry.attempt.job.folder);
    if (entry.id === undefined) {
      const alive = [...jobs.values()].find((job) => numberIn(stem, job.submission_id) > 0 && isAlive(job));
      if (alive !== undefined) Object.assign(entry, adopted(alive));
      else entry.id = this.#names.next(stem, jobs.keys());
    }
    const { id = '' } = entry;
    if (jobs.has(id)) entry.isThere = true;
    else if (!entry.isUnwanted) await this.#submitOnce(entry, id);
    if (entry.isUnwanted) await this.#stop(id, AbortSignal.timeout(CANCEL_MS));
  }

  async #submitOnce(entry: Entry, id: string): Promise<void> {
    const isFirst = entry.sentAt === undefined;
    entry.sentAt ??= performance.now();
    try {
      const answer = await this.client.submit(this.#submission(entry.attempt, id));
      if (answer.kind === 'refused') entry.refusal = `Ray refused it: ${answer.words}`;
      else Object.assign(entry, { isThere: true, isAdopted: answer.kind === 'there' && isFirst });
    } catch (error) {
      const message = `Ray took no job (${messageOf(error)})`;
      if (error instanceof UserError || performance.now() - entry.sentAt > this.patience.silenceMs)
        entry.refusal = message;
      else this.onNotice?.(`${message}; it is sent again`);
    }
  }

  #submission({ job }: Attempt, id: string): RaySubmission {
    const { memoryGB, gpus, resources, setup, work } = this.settings;
    const { threads = 1 } = job;
    const megabytes = neededMegabytes(job, memoryGB);
    const there = this.#names.there(job.folder);
    return {
      ...{ submission_id: id, entrypoint: entrypoint(there, threads, { setup, work }), entrypoint_num_cpus: threads },
      ...(gpus > 0 && { entrypoint_num_gpus: gpus }),
      ...(megabytes !== undefined && { entrypoint_memory: megabytes * 1_000_000 }),
      ...(Object.keys(resources).length > 0 && { entrypoint_resources: resources }),
      metadata: { folder: there },
      runtime_env: { env_vars: { RAY_JOB_STOP_WAIT_TIME_S: STOP_SECONDS } },
    };
  }

  /** Asks some times; a job that could not be told goes on. */
  async #stop(id: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < STOPS && !signal.aborted; attempt++)
      try {
        await this.client.stop(id, signal);
        return;
      } catch {
        await wait(this.patience.pauseMs * 2 ** attempt, undefined, { signal }).catch(() => undefined);
      }
  }
}

function newEntry(attempt: Attempt): Entry {
  return {
    attempt,
    ...{ id: undefined, isThere: false, isAdopted: false, isUnwanted: false, refusal: undefined, sentAt: undefined },
  };
}

const adopted = ({ submission_id: id }: RayJob) => ({ id, isThere: true, isAdopted: true });

/** How a run stands by a list of jobs; what was sent behind the list is not in it. */
function stateIn(entry: Entry, jobs: ReadonlyMap<string, RayJob>, isNew: boolean): TaskState {
  const { id = '', isThere, isAdopted, refusal } = entry;
  if (refusal !== undefined) return { kind: 'lost', cause: refusal, outOfMemory: false, isFinal: true };
  const job = jobs.get(id);
  if (job !== undefined) return stateOf(job, !isAdopted);
  return isNew || !isThere ? { kind: 'waiting' } : { kind: 'gone' };
}
