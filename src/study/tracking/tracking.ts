/** What trackers are told while a study is carried out: read from its folder beside the work, never waited for by a run. */
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../../core/errors.js';
import { shellWord } from '../../executors/command-template.js';
import type { FolderLock } from '../../files/folder-lock.js';
import type { Tracker } from '../../trackers/tracker.js';
import { readStudyRecord } from '../study-record.js';
import type { TrackConfig } from '../track-config.js';
import { Channel } from './channel.js';
import { openTrackers } from './open-trackers.js';
import { isTracking, lockTracking, trackedStudy } from './tracked-study.js';

/** How patient tracking is, in milliseconds. */
export interface TrackingTimes {
  /** Between two looks at what is new. */
  readonly pollMs: number;
  /** Longest wait for one answer of a server. */
  readonly answerMs: number;
  /** First pause after a tracker failed, doubled each time, and the longest. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** Longest that the end of a study waits for trackers, all together. */
  readonly closeMs: number;
}

export const TRACKING_TIMES: TrackingTimes = {
  ...{ pollMs: 5_000, answerMs: 5_000, pauseMs: 10_000, longestPauseMs: 300_000, closeMs: 10_000 },
};

/** Longest that what was told to stop is waited for. */
const STOP_MS = 1_000;

export interface TrackingOptions {
  readonly folder: string;
  readonly track: TrackConfig;
  /** Hears, once for each tracker, that it cannot be told anything and what to do. */
  readonly tell: (message: string) => void;
  readonly times?: Partial<TrackingTimes>;
  readonly env?: NodeJS.ProcessEnv;
}

/** Tells trackers of a study while it is carried out. Nothing of it throws, and nothing of it is waited for until the end. */
export class Tracking {
  readonly #times: TrackingTimes;
  /** What is under way ends with the first; with the second, nothing but what is left is told any more. */
  readonly #stop = new AbortController();
  readonly #closing = new AbortController();
  #channels: readonly Channel[] = [];
  /** Trackers of which was said that they cannot be told. */
  readonly #said = new Set<string>();
  readonly #work: Promise<void>;

  constructor(readonly options: TrackingOptions) {
    this.#times = { ...TRACKING_TIMES, ...options.times };
    this.#work = this.#run().catch((error: unknown) => this.#say('tracking', error));
  }

  /** There may be more of a run than there was. What was there when tracking began is found without it. */
  changed(run: string): void {
    for (const channel of this.#channels) channel.add(run);
  }

  /** Ends: with `waits` once all is told, after ten seconds at most; else at once. */
  async close({ waits }: { readonly waits: boolean }): Promise<void> {
    this.#closing.abort();
    const late = waits ? wait(this.#times.closeMs, 'late', { signal: this.#stop.signal }) : 'late';
    if ((await Promise.race([this.#work, late])) === 'late' && waits) this.#sayLate();
    this.#stop.abort();
    // Watching whether a lock's holder on another machine lives takes longer, and takes nothing any more.
    await Promise.race([this.#work, wait(STOP_MS, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    const trackers = await this.#trackers();
    if (trackers.length === 0) return;
    const lock = await this.#lock();
    if (lock === null) return;
    try {
      const { study, runs } = trackedStudy(this.options.folder);
      this.#channels = trackers.map((tracker) => new Channel(tracker, study, runs));
      await Promise.all(this.#channels.map((channel) => this.#serve(channel)));
    } finally {
      lock.release();
    }
  }

  /** One that cannot be opened takes none with it. */
  async #trackers(): Promise<Tracker[]> {
    const { folder, track, env } = this.options;
    const options = { study: readStudyRecord(folder).name, answerMs: this.#times.answerMs, ...(env && { env }) };
    const opened = Object.entries(track).map(async ([name, value]) => {
      try {
        return await openTrackers({ [name]: value }, options);
      } catch (error) {
        this.#say(name, error);
        return [];
      }
    });
    return (await Promise.all(opened)).flat();
  }

  /** Another process may be telling for a while, as an export does; null where it still is when the study ends. */
  async #lock(): Promise<FolderLock | null> {
    for (;;) {
      try {
        return await lockTracking(this.options.folder, { signal: this.#stop.signal });
      } catch (error) {
        if (this.#stop.signal.aborted) return null;
        if (!isTracking(this.options.folder)) this.#say('tracking', error);
      }
      if (this.#closing.signal.aborted) return null;
      await this.#rest(this.#times.pauseMs);
    }
  }

  async #serve(channel: Channel): Promise<void> {
    let pause = this.#times.pauseMs;
    for (;;) {
      const hasFailed = await this.#tell(channel);
      if (this.#closing.signal.aborted && (hasFailed || !channel.isBehind)) return;
      await this.#rest(hasFailed ? pause : this.#times.pollMs);
      pause = hasFailed ? Math.min(2 * pause, this.#times.longestPauseMs) : this.#times.pauseMs;
    }
  }

  /** Whether it failed. */
  async #tell(channel: Channel): Promise<boolean> {
    try {
      await channel.tell(this.#stop.signal);
      return false;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#say(channel.tracker.label, error, this.#howToCatchUp(channel));
      return true;
    }
  }

  async #rest(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #say(label: string, error: unknown, whatToDo = ''): void {
    if (this.#said.has(label)) return;
    this.#said.add(label);
    this.options.tell(`${label}: ${messageOf(error)}: runs go on without it${whatToDo}`);
  }

  #howToCatchUp({ tracker, study }: Channel): string {
    const command = ['lightmem study export', shellWord(study.folder), ...tracker.option.map(shellWord)].join(' ');
    return `, it is tried again while they do, and what is missing at the end is told by the next study run, or by: ${command}`;
  }

  #sayLate(): void {
    for (const channel of this.#channels.filter(({ isBehind }) => isBehind)) {
      const error = `not all was told within ${this.#times.closeMs / 1000} s of the end (${channel.left} runs are left)`;
      this.#say(channel.tracker.label, error, this.#howToCatchUp(channel));
    }
  }
}
