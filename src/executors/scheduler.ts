/** What starts work elsewhere and can be asked about it: processes of this machine, Slurm. The executor before it is `FarExecutor`. */
import type { Json } from '../core/json.js';
import type { JobOutcome, JobSpec } from './executor.js';

/** What stands for work that was submitted, in the scheduler's own words. */
export type Ticket = string;

/** A job with how often it was tried before. */
export interface Attempt {
  readonly job: JobSpec;
  readonly attempt: number;
}

/** What became of a submission. */
export type Submission =
  | { readonly ticket: Ticket }
  /** It was refused, and would be again. */
  | { readonly refusal: string };

/** How submitted work stands. */
export type TaskState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running' }
  /** It ended as work does that was carried out. */
  | { readonly kind: 'ended' }
  /**
   * It ended otherwise, which its record may know better. `isFinal` where it is not to be tried again; `neverBegan` where it waited
   * in vain, so that trying it again counts as no attempt.
   */
  | {
      readonly kind: 'lost';
      readonly cause: string;
      readonly outOfMemory: boolean;
      readonly isFinal?: boolean;
      readonly neverBegan?: boolean;
    }
  /** The scheduler does not know it, or no longer: nothing follows from that alone. */
  | { readonly kind: 'gone' };

/** Starts work, tells how it stands, ends it. What it throws is a hiccup, tried again; `submit` throws UserError where it can never work. */
export interface Scheduler {
  /** Jobs that it takes at once; further ones wait here. */
  readonly slots: number;
  /** Work under way since before this process, by its folder. */
  adopt?(): Promise<ReadonlyMap<string, Ticket>>;
  /** One answer for each attempt, in their order. */
  submit(attempts: readonly Attempt[]): Promise<readonly Submission[]>;
  states(tickets: readonly Ticket[]): Promise<ReadonlyMap<Ticket, TaskState>>;
  /** Ends the work, or leaves it where that was asked for; resolves when this machine has no more to do with it. */
  cancel(tickets: readonly Ticket[]): Promise<void>;
  /** Nobody asks about this work any more. */
  forget(ticket: Ticket): void;
  /** Calls back when a state may have changed, where that is known without asking. */
  onChange?: () => void;
  /** Told what a person may want to know. */
  onNotice?: (message: string) => void;
}

/** What work leaves in its folder, wherever it is carried out. */
export interface WorkRecords {
  /** How it ended, by its own word, with a stamp that changes whenever that is written; null where it has not said so. */
  outcome(folder: string): Recorded | null;
  /** How far it is; null where that is not known. */
  report(folder: string): Json | null;
  /** Whether a living process works on it, here or elsewhere. */
  isHeld(folder: string): boolean;
}

export interface Recorded {
  readonly outcome: Extract<JobOutcome, { status: 'done' | 'failed' }>;
  readonly stamp: string;
}
