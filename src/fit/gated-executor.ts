/** An executor that asks before each job whether it may still begin: one under way is finished, those that may not begin are left. */
import type { Json } from '../core/json.js';
import type { Executor, Job, JobOutcome, JobSpec } from '../executors/executor.js';
import { openOutcome } from '../executors/open-outcome.js';

interface Waiting {
  readonly spec: JobSpec;
  readonly onReport: ((report: Json) => void) | undefined;
  readonly settle: (outcome: JobOutcome) => void;
}

/** Hands jobs on in the order of their coming, as many at once as the executor behind it carries out. */
export class GatedExecutor implements Executor {
  readonly concurrency: number;
  readonly #waiting: Waiting[] = [];
  readonly #under = new Map<Waiting, Job>();

  constructor(
    readonly inner: Executor,
    readonly mayBegin: (folder: string) => boolean,
  ) {
    this.concurrency = inner.concurrency;
  }

  submit(spec: JobSpec, onReport?: (report: Json) => void): Job {
    const { outcome, settle } = openOutcome();
    const task: Waiting = { spec, onReport, settle };
    this.#waiting.push(task);
    this.#fill();
    return { folder: spec.folder, outcome, cancel: () => this.#cancel(task) };
  }

  async close(): Promise<void> {
    for (const { settle } of this.#waiting.splice(0)) settle({ status: 'cancelled' });
    await this.inner.close();
  }

  #fill(): void {
    while (this.#under.size < this.concurrency) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      if (this.mayBegin(task.spec.folder)) this.#begin(task);
      else task.settle({ status: 'cancelled' });
    }
  }

  #begin(task: Waiting): void {
    const job = this.inner.submit(task.spec, task.onReport);
    this.#under.set(task, job);
    void job.outcome.then((outcome) => {
      this.#under.delete(task);
      task.settle(outcome);
      this.#fill();
    });
  }

  #cancel(task: Waiting): void {
    const at = this.#waiting.indexOf(task);
    if (at < 0) this.#under.get(task)?.cancel();
    else {
      this.#waiting.splice(at, 1);
      task.settle({ status: 'cancelled' });
    }
  }
}
