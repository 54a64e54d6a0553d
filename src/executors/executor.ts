/** What an executor is: it carries out the work of a folder somewhere, and says how that ended. It knows nothing of training. */
import type { Json } from '../core/json.js';

/** One piece of work: all there is to know of it lies in its folder. */
export interface JobSpec {
  readonly folder: string;
  /** Threads it may use; default: as many as it takes by itself. */
  readonly threads?: number;
  /** Bytes of memory that it needs at its most, as estimated; default: not counted. */
  readonly memoryBytes?: number;
  /** Seconds that it takes, as estimated; default: not known. */
  readonly seconds?: number;
  /** Stamp of the failure that its folder told of when it was wished for, null where of none: a later one is another process's, and is not tried again. Default: it is. */
  readonly failure?: string | null;
}

/** How a job ended; only `done` means that the work was carried out. */
export type JobOutcome =
  /** `elsewhere` where another process had carried it out by then. */
  | { readonly status: 'done'; readonly elsewhere?: true }
  /** The work itself failed. `mendable` tells a mistake of the user's. */
  | { readonly status: 'failed'; readonly name: string; readonly message: string; readonly mendable: boolean }
  /** The process that worked on it ended; `outOfMemory` when that is the likely cause. */
  | { readonly status: 'lost'; readonly cause: string; readonly outOfMemory: boolean }
  | { readonly status: 'cancelled' };

export interface Job {
  readonly folder: string;
  /** Never rejects. */
  readonly outcome: Promise<JobOutcome>;
  /** Asks the work to stop; what does not stop by itself in good time is ended. */
  cancel(): void;
}

export interface Executor {
  /** Jobs under way at once; further ones wait in the order of their coming. */
  readonly concurrency: number;
  /** `onReport` is told what the work says of its progress. */
  submit(spec: JobSpec, onReport?: (report: Json) => void): Job;
  /** Cancels what is left and ends the workers. */
  close(): Promise<void>;
}

/** What the parent says to a worker. */
export type Command =
  { readonly type: 'run'; readonly job: JobSpec } | { readonly type: 'cancel' } | { readonly type: 'end' };

/** What a worker says to its parent. */
export type Message =
  | { readonly type: 'report'; readonly report: Json }
  | { readonly type: 'outcome'; readonly outcome: Extract<JobOutcome, { status: 'done' | 'failed' | 'cancelled' }> };
