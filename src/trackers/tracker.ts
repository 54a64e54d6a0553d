/** What a tracker is told of a run, and what it does with it. */

/** A step of training: values by their names, `train/loss` and such. */
export interface TrackedStep {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** A run as its records tell it: what two readers make of the same records is the same. */
export interface TrackedRun {
  /** Name of its folder, which no other run of the study has. */
  readonly name: string;
  /** Its name for people. */
  readonly label: string;
  /** The study's name, and a mark that no other study has. */
  readonly study: { readonly name: string; readonly mark: string };
  /** `waiting`: begun, and nobody works on it. */
  readonly status: 'running' | 'waiting' | 'done' | 'failed';
  /** What it was asked to do; never changes. */
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly tags: Readonly<Record<string, string>>;
  /** One for each step of its training so far, from the first on. */
  readonly steps: readonly TrackedStep[];
  /** What it came to, by name; none before its end. */
  readonly outcome: Readonly<Record<string, number>>;
  /** When its records were written, in milliseconds since 1970: its spec, the last of its steps, its end; whole numbers, null where there is none. */
  readonly times: { readonly begun: number; readonly stepped: number | null; readonly ended: number | null };
  /** Changes with what its end left, 16 hexadecimal digits; null of a run that has not ended. */
  readonly version: string | null;
}

/** Somewhere that runs are told to. Whatever it throws is its own trouble: nothing is lost, for the records stay where they are. */
export interface Tracker {
  /** What people call it: `MLflow (http://127.0.0.1:5000)`. */
  readonly label: string;
  /** How `lightmem study export` is asked for it: an option and its value. */
  readonly option: readonly [name: string, value: string];
  /** Versions of those runs of the study that have been told to their end, by name; another version is told anew. */
  versions(
    study: TrackedRun['study'],
    runs: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
  /** Tells what is not there yet of a run. A call that was cut short at any place is made good by the next. */
  publish(run: TrackedRun, signal: AbortSignal): Promise<void>;
}

/** The step that a run's outcome stands at: the last of its training, 0 of a base. */
export function outcomeStep({ steps }: Pick<TrackedRun, 'steps'>): number {
  return steps.at(-1)?.step ?? 0;
}
