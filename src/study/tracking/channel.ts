/** One tracker with what is still to be told to it. */
import { setTimeout as wait } from 'node:timers/promises';
import { mapConcurrently } from '../../core/concurrency.js';
import { UserError } from '../../core/errors.js';
import type { TrackedRun, Tracker } from '../../trackers/tracker.js';
import { trackedRun, versionOf, type TrackedStudy } from './tracked-run.js';

/** Runs that are told at once: most of a run's time is waiting for answers. */
const AT_ONCE = 4;

export class Channel {
  readonly #left = new Set<string>();
  /** Whether it is known what was told before. */
  #isOpen = false;

  constructor(
    readonly tracker: Tracker,
    readonly study: TrackedStudy,
    readonly runs: readonly string[],
    /** Whether all is compared with what the tracker has, and not only what has changed since it was told. */
    readonly checksAll = false,
  ) {}

  /** Whether anything is known that is not told. */
  get isBehind(): boolean {
    return !this.#isOpen || this.#left.size > 0;
  }

  /** There is more to tell of a run. */
  add(run: string): void {
    this.#left.add(run);
  }

  /** How many runs are known to be left. */
  get left(): number {
    return this.#left.size;
  }

  /** Tells what is left; how many runs were. Throws what the tracker throws: what was not told is left. */
  async tell(signal: AbortSignal): Promise<number> {
    if (!this.#isOpen) await this.#open(signal);
    const names = [...this.#left];
    let told = 0;
    await mapConcurrently(names, { concurrency: AT_ONCE, signal }, async (name) => {
      // Reading is no waiting: between two runs the study's own work comes first.
      await wait(0, undefined, { signal });
      this.#left.delete(name);
      const run = this.#read(name);
      if (run === null) return;
      try {
        await this.tracker.publish(run, signal);
        told++;
      } catch (error) {
        this.#left.add(name);
        throw error;
      }
    });
    return told;
  }

  /** Finds runs whose end was not told as it is, and those that have not ended. */
  async #open(signal: AbortSignal): Promise<void> {
    const { folder, name, mark } = this.study;
    const told = this.checksAll ? null : await this.tracker.versions({ name, mark }, this.runs, signal);
    for (const [i, run] of this.runs.entries()) {
      if (i % 64 === 63) await wait(0, undefined, { signal });
      if (told?.get(run) !== (versionOf(folder, run) ?? 'open')) this.#left.add(run);
    }
    this.#isOpen = true;
  }

  /** A run whose records cannot be read is the runner's to mend, and told when it is. */
  #read(name: string): TrackedRun | null {
    try {
      return trackedRun(this.study, name);
    } catch (error) {
      if (error instanceof UserError) return null;
      throw error;
    }
  }
}
