/** How much of a study is done and how long the rest takes: as foreseen, and corrected by what runs of the same kind took. */
import type { RunGlance } from './run-glance.js';
import {
  eachStage,
  secondsBehind,
  STAGE_SECONDS,
  tookSeconds,
  wholeSeconds,
  type RunEstimate,
  type RunSeconds,
} from './run-seconds.js';
import type { RunReport } from './study-records.js';

/** Foreseen and true seconds of a kind's stages, summed over the runs that are known. */
interface Known {
  readonly foreseen: Record<keyof RunSeconds, number>;
  readonly took: Record<keyof RunSeconds, number>;
}

/** Corrections beyond these come of stages so short that their estimate says nothing. */
const [LEAST, MOST] = [1 / 30, 30];

/** Stands for all kinds together: the machine's speed is theirs in common, what the estimate gets wrong of a book is not. */
const ALL = '';

export interface Prospect {
  /** Seconds of work that is done and of all work, one run after another, the rest as it is foreseen by now. */
  readonly done: number;
  readonly total: number;
  /** Seconds until all is done, with the runs side by side that there may be. */
  readonly secondsLeft: number;
}

/** A study's runs as they settle. A change costs the same however many runs there are. */
export class Outlook {
  readonly #known = new Map<string, Known>();
  readonly #open = new Map<string, RunEstimate>();
  readonly #left = new Map<string, Record<keyof RunSeconds, number>>();
  readonly #active = new Map<string, RunReport>();
  #done = 0;

  /** `workers` is how many runs go on side by side. */
  constructor(readonly workers: number) {}

  /** A run that is still to be carried out. */
  add(name: string, estimate: RunEstimate): void {
    this.#open.set(name, estimate);
    this.#addLeft(estimate, 1);
  }

  /** How far a run under way is; undefined where it is none any more. */
  report(name: string, report: RunReport | undefined): void {
    if (report === undefined) this.#active.delete(name);
    else this.#active.set(name, report);
  }

  /** A run that is behind: nothing of it is left. Its estimate counts as done. */
  settle(name: string): void {
    const estimate = this.#open.get(name);
    if (estimate === undefined) return;
    this.#done += wholeSeconds(this.corrected(estimate));
    this.#open.delete(name);
    this.#active.delete(name);
    this.#addLeft(estimate, -1);
  }

  /** What stages of a run took, for those of its kind that follow. */
  learn({ kind, seconds }: RunEstimate, took: Partial<RunSeconds>): void {
    for (const name of namesOf(kind)) {
      const known = this.#known.get(name) ?? { foreseen: nothing(), took: nothing() };
      this.#known.set(name, known);
      for (const stage of STAGE_SECONDS) {
        const own = took[stage];
        if (own === undefined || seconds[stage] === 0) continue;
        known.foreseen[stage] += seconds[stage];
        known.took[stage] += own;
      }
    }
  }

  /** A run's stages by what is known by now. */
  corrected({ kind, seconds }: Pick<RunEstimate, 'kind' | 'seconds'>): RunSeconds {
    return eachStage((stage) => seconds[stage] * this.#factor(kind, stage));
  }

  /** Seconds left of a run under way. */
  secondsLeft(name: string): number {
    const estimate = this.#open.get(name);
    if (estimate === undefined) return 0;
    const stages = this.corrected(estimate);
    const report = this.#active.get(name);
    return wholeSeconds(stages) - (report === undefined ? 0 : secondsBehind(stages, report));
  }

  get prospect(): Prospect {
    const whole = [...this.#left].reduce(
      (sum, [kind, seconds]) => sum + wholeSeconds(this.corrected({ kind, seconds })),
      0,
    );
    const behind = [...this.#active.keys()].reduce((sum, name) => sum + this.#behind(name), 0);
    const left = Math.max(0, whole - behind);
    const atOnce = Math.max(1, Math.min(this.workers, this.#open.size));
    const done = this.#done + behind;
    return { done, total: done + left, secondsLeft: left / atOnce };
  }

  #behind(name: string): number {
    const [estimate, report] = [this.#open.get(name), this.#active.get(name)];
    return estimate === undefined || report === undefined ? 0 : secondsBehind(this.corrected(estimate), report);
  }

  #addLeft({ kind, seconds }: RunEstimate, sign: 1 | -1): void {
    const left = this.#left.get(kind) ?? nothing();
    this.#left.set(kind, left);
    for (const stage of STAGE_SECONDS) left[stage] = Math.max(0, left[stage] + sign * seconds[stage]);
  }

  /** What a stage took of what was foreseen: of its kind, else of its book; of other books half of it, as ratios go; 1 where nothing is known. */
  #factor(kind: string, stage: keyof RunSeconds): number {
    for (const name of namesOf(kind)) {
      const known = this.#known.get(name);
      if (known === undefined || known.foreseen[stage] === 0) continue;
      const factor = Math.min(MOST, Math.max(LEAST, known.took[stage] / known.foreseen[stage]));
      return name === ALL ? Math.sqrt(factor) : factor;
    }
    return 1;
  }
}

/** Has those that follow be foreseen by what a run took, where it is done. */
export function learnFrom(outlook: Outlook, estimate: RunEstimate, { result }: Pick<RunGlance, 'result'>): void {
  if (result !== null) outlook.learn(estimate, tookSeconds(result, estimate));
}

const names = new Map<string, readonly string[]>();

/** The kind, its book, and all; a study has few kinds, which are asked for with every report of every run. */
function namesOf(kind: string): readonly string[] {
  const known = names.get(kind) ?? [...new Set([kind, kind.split(' ')[0] ?? '', ALL])];
  names.set(kind, known);
  return known;
}

function nothing(): Record<keyof RunSeconds, number> {
  return eachStage(() => 0);
}
