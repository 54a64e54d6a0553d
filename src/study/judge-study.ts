/** A study's answers judged anew, or by other judges, or where they are unscored: nothing is trained and nothing is asked. */
import { copyFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { judgeLabel, openJudge, type JudgeChoice } from '../evaluate/judges/open-judge.js';
import { makeFolder } from '../files/flush.js';
import { lockFolder } from '../files/folder-lock.js';
import { jsonText } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { carryOutFolder } from './carry-out.js';
import { runName } from './identity.js';
import { RUN_FILES, runPath, STUDY_FILES } from './layout.js';
import type { Judging } from './run.js';
import { runFolderName, runSpec, type RunSpec } from './run-spec.js';
import { writeSpec, type StoredRun } from './run-store.js';
import { judgingOf, type StudySummary } from './runner.js';
import { readStudy, type StoredStudy } from './stored-study.js';

export interface JudgeStudyOptions {
  /** Who judges; default: the judges of the study. */
  readonly judges?: readonly JudgeChoice[];
  /** Whether all answers are judged again or those alone that a judge left unscored; default `anew`. */
  readonly judging?: Judging;
  readonly onProgress?: (progress: { readonly done: number; readonly runs: number; readonly run: string }) => void;
  readonly signal?: AbortSignal;
}

export interface JudgedStudy extends Pick<StudySummary, 'unscored' | 'silent'> {
  /** Runs whose answers were judged, and those that hold none. */
  readonly judged: number;
  readonly withoutAnswers: number;
  readonly judgements: number;
}

/**
 * Judges what a study's runs answered. Other judges make runs of their own beside those that are there, and the study then rests on
 * them. Throws UserError where a judge, its endpoint or its key is missing, where a limit is reached, or no run holds answers.
 */
export async function judgeStudy(folder: string, options: JudgeStudyOptions = {}): Promise<JudgedStudy> {
  const { judges, judging = 'anew', signal } = options;
  const study = readStudy(folder);
  const lock = await lockFolder(resolve(folder));
  try {
    const answered = study.runs.filter(({ folder: own }) => existsSync(join(own, RUN_FILES.answers)));
    if (answered.length === 0)
      throw new UserError(`${folder}: no run holds answers: carry the study out with lightmem study run`);
    const specs = new Map(
      answered.map((run) => [run.folder, judges === undefined ? run.spec : judgedBy(run.spec, judges)]),
    );
    let judgements = 0;
    for (const [index, run] of answered.entries()) {
      const spec = specs.get(run.folder) ?? run.spec;
      options.onProgress?.({ done: index, runs: answered.length, run: runName(spec.identity) });
      const own = prepared(folder, run, spec);
      const { work } = await carryOutFolder(own, { judging, ...(signal && { signal }) });
      judgements += work.judgements;
    }
    if (judges !== undefined) rest(study, judges, specs);
    const { runs } = readStudy(folder);
    const withoutAnswers = study.runs.length - answered.length;
    return { judged: answered.length, withoutAnswers, judgements, ...judgingOf(runs) };
  } finally {
    lock.release();
  }
}

/** The run as other judges judge it. */
function judgedBy({ identity, place }: RunSpec, judges: readonly JudgeChoice[]): RunSpec {
  const identities = judges.map((choice) => openJudge(choice).judge.identity);
  return runSpec({ ...identity, judges: identities }, { ...place, judges });
}

/** The folder of the run, with the answers that another run's folder holds. */
function prepared(study: string, from: StoredRun, spec: RunSpec): string {
  const folder = runPath(resolve(study), spec);
  if (resolve(from.folder) === folder) return folder;
  makeFolder(folder);
  writeSpec(folder, spec);
  copyFileSync(join(from.folder, RUN_FILES.answers), join(folder, RUN_FILES.answers));
  return folder;
}

/** Has the study rest on the judges and their runs. */
function rest(
  { folder, record, runs }: StoredStudy,
  judges: readonly JudgeChoice[],
  specs: ReadonlyMap<string, RunSpec>,
) {
  const [first] = judges;
  const evaluate = record.config['evaluate'];
  const settings = typeof evaluate === 'object' && evaluate !== null && !Array.isArray(evaluate) ? evaluate : {};
  const changed = {
    ...record,
    judge: first === undefined ? record.judge : judgeLabel(first),
    config: { ...record.config, evaluate: { ...settings, judges: judges.map((choice) => ({ ...choice })) } },
    runs: runs.map((run) => runFolderName(specs.get(run.folder) ?? run.spec)),
  };
  writeWhole(join(folder, STUDY_FILES.study), jsonText(changed));
}
