/** Where a run stands, told from the small files of its folder alone: quick for any number of runs, and not checked as `readRun` checks. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.js';
import { holderOf } from '../files/folder-lock.js';
import { readJsonFile } from '../files/json-file.js';
import { namesIn } from '../files/names-in.js';
import { RUN_FILES, STUDY_FILES } from './layout.js';
import {
  errorRecord,
  progressRecord,
  resultRecord,
  type RunError,
  type RunReport,
  type RunResult,
} from './study-records.js';

export interface RunGlance {
  /** Name of its folder. */
  readonly name: string;
  readonly status: 'done' | 'failed' | 'running' | 'waiting';
  /** Of a run that is done. */
  readonly result: RunResult | null;
  /** When its result was written, in milliseconds since 1970; null of one that is not done. */
  readonly doneAt: number | null;
  /** Of a run that failed. */
  readonly error: RunError | null;
  /** Of a run that a process works on, where it has said how far it is; and that process. */
  readonly report: RunReport | null;
  readonly worker: { readonly pid: number; readonly host: string; readonly since: string } | null;
  /** What is wrong with a record; the next study run makes it anew. */
  readonly damage: string | null;
}

const OPEN = { result: null, doneAt: null, error: null, report: null, worker: null, damage: null } as const;

/** The runs of those names in a study's folder, of which only those are looked at that have a folder there. */
export function glanceRuns(study: string, names: readonly string[]): RunGlance[] {
  const there = namesIn(join(study, STUDY_FILES.runs));
  return names.map((name) => (there.has(name) ? glanceRun(study, name) : { ...OPEN, name, status: 'waiting' }));
}

/** The run of that name in a study's folder. */
export function glanceRun(study: string, name: string): RunGlance {
  const folder = join(study, STUDY_FILES.runs, name);
  const written = statSync(join(folder, RUN_FILES.result), { throwIfNoEntry: false });
  if (written !== undefined) return { ...OPEN, name, ...resultOf(folder, written.mtimeMs) };
  const worker = holderOf(folder);
  if (worker !== null) return { ...OPEN, name, status: 'running', worker, report: reportOf(folder) };
  return { ...OPEN, name, ...errorOf(folder) };
}

function resultOf(folder: string, doneAt: number): Pick<RunGlance, 'status' | 'result' | 'doneAt' | 'damage'> {
  try {
    const result = readJsonFile(join(folder, RUN_FILES.result), resultRecord, 'run the study again');
    return { status: 'done', result, doneAt, damage: null };
  } catch (error) {
    return { status: 'waiting', result: null, doneAt: null, damage: messageOf(error) };
  }
}

function errorOf(folder: string): Pick<RunGlance, 'status' | 'error' | 'damage'> {
  const path = join(folder, RUN_FILES.error);
  if (!existsSync(path)) return { status: 'waiting', error: null, damage: null };
  try {
    return { status: 'failed', error: readJsonFile(path, errorRecord, 'run the study again'), damage: null };
  } catch (error) {
    return { status: 'waiting', error: null, damage: messageOf(error) };
  }
}

/** It is replaced while it is read: what cannot be read is not told. */
function reportOf(folder: string): RunReport | null {
  try {
    return readJsonFile(join(folder, RUN_FILES.progress), progressRecord, '');
  } catch {
    return null;
  }
}
