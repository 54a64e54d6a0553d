/** The outcome of a job that is still to be known. */
import type { JobOutcome } from './executor.js';

export interface OpenOutcome {
  readonly outcome: Promise<JobOutcome>;
  /** Makes it known; a second call changes nothing. */
  readonly settle: (outcome: JobOutcome) => void;
}

/** One that nobody knows yet. */
export function openOutcome(): OpenOutcome {
  let settle: OpenOutcome['settle'] = () => undefined;
  const outcome = new Promise<JobOutcome>((resolve) => (settle = resolve));
  return { outcome, settle };
}
