/** How a study stands while processes work on it and after: told from its record and the small files of its runs alone. */
import { holderOf } from '../files/folder-lock.js';
import type { Outlook } from './outlook.js';
import { glanceRuns, type RunGlance } from './run-glance.js';
import { comparedSeconds } from './run-seconds.js';
import { studyOutlook } from './study-outlook.js';
import { readStudyRecord, type StudyEstimates } from './study-record.js';
import type { RunReport } from './study-records.js';

export interface StudyStatus {
  readonly name: string;
  readonly folder: string;
  /** The command line that carries the study out. */
  readonly command: string;
  readonly runs: number;
  readonly done: number;
  /** Runs of those that left answers unscored: the next study run has them judged again. */
  readonly unscored: number;
  readonly failed: number;
  readonly running: number;
  readonly waiting: number;
  /** The process that carries the study out; null where none does. */
  readonly worker: RunGlance['worker'];
  readonly active: readonly ActiveRun[];
  /** Share of the estimated work that is done; null where nothing was estimated, as the next two. */
  readonly share: number | null;
  /** Until all is done if it goes on as the runs did that are done; as long as nobody works on it, from when somebody does. */
  readonly secondsLeft: number | null;
  /** What the runs that are done were foreseen to take and took, stages alone that they carried out themselves. */
  readonly estimate: { readonly foreseenSeconds: number; readonly tookSeconds: number } | null;
  /** Runs finished since the process began, by the hour; null where none did, or nobody works on it. */
  readonly runsPerHour: number | null;
  readonly failures: readonly { readonly run: string; readonly stage: string; readonly message: string }[];
  /** Runs whose records cannot be read. */
  readonly damaged: readonly { readonly run: string; readonly damage: string }[];
}

/** A run that a process works on; what it has not said is null. */
export interface ActiveRun {
  readonly run: string;
  readonly report: RunReport | null;
  readonly secondsLeft: number | null;
  readonly worker: RunGlance['worker'];
}

/** Reads a study's standing; throws UserError where the folder holds none. `now` is milliseconds since 1970. */
export function studyStatus(folder: string, now = Date.now()): StudyStatus {
  const { name, command, runs, estimates } = readStudyRecord(folder);
  const glances = glanceRuns(folder, runs);
  const of = (status: RunGlance['status']): RunGlance[] => glances.filter((each) => each.status === status);
  const worker = holderOf(folder);
  const outlook = estimates === undefined ? null : studyOutlook(folder, glances, estimates);
  const prospect = outlook?.prospect ?? null;
  return {
    ...{ name, folder, command, runs: runs.length },
    done: of('done').length,
    unscored: of('done').filter(({ result }) => (result?.unscored ?? 0) > 0).length,
    failed: of('failed').length,
    running: of('running').length,
    waiting: of('waiting').length,
    worker,
    active: of('running').map((each) => activeRun(each, outlook)),
    share: prospect === null || prospect.total === 0 ? null : prospect.done / prospect.total,
    secondsLeft: prospect?.secondsLeft ?? null,
    estimate: estimates === undefined ? null : comparison(of('done'), estimates),
    runsPerHour: worker === null ? null : rateSince(Date.parse(worker.since), of('done'), now),
    failures: of('failed').map(({ name: run, error }) => ({
      ...{ run, stage: error?.stage ?? 'unknown', message: error?.message ?? '' },
    })),
    damaged: glances.flatMap(({ name: run, damage }) => (damage === null ? [] : [{ run, damage }])),
  };
}

function activeRun({ name: run, report, worker }: RunGlance, outlook: Outlook | null): ActiveRun {
  return { run, report, secondsLeft: outlook?.secondsLeft(run) ?? null, worker };
}

function comparison(done: readonly RunGlance[], { runs }: StudyEstimates): StudyStatus['estimate'] {
  const each = done.flatMap(({ name, result }) => {
    const estimate = runs[name];
    return estimate === undefined || result === null ? [] : [comparedSeconds(result, estimate)];
  });
  const foreseenSeconds = each.reduce((sum, { foreseenSeconds: own }) => sum + own, 0);
  const tookSeconds = each.reduce((sum, { tookSeconds: own }) => sum + own, 0);
  return tookSeconds === 0 ? null : { foreseenSeconds, tookSeconds };
}

function rateSince(since: number, done: readonly RunGlance[], now: number): number | null {
  const finished = done.filter(({ doneAt }) => doneAt !== null && doneAt >= since).length;
  return finished === 0 || now <= since ? null : finished / ((now - since) / 3_600_000);
}
