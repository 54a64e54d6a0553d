/** Run folders: what a run leaves on disk, written so that present means whole, and checked when read. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf, RunConflictError, UserError } from '../core/errors.js';
import { rowRecord } from '../core/record-schemas.js';
import type { Row } from '../core/records.js';
import { isHeld } from '../files/folder-lock.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { readJsonLines } from '../files/json-lines.js';
import { writeWhole } from '../files/write-whole.js';
import { IDENTITY_VERSION, identityHash } from './identity.js';
import { RUN_FILES, studyOf } from './layout.js';
import {
  errorRecord,
  progressRecord,
  resultRecord,
  runSpecRecord,
  type RunError,
  type RunReport,
  type RunResult,
  type TrainingRecord,
} from './study-records.js';
import { runFolderName, type RunSpec } from './run-spec.js';
import { damageOf } from './stage-files.js';
import { readTraining, resolveTraining } from './training-store.js';

/** What to do about a damaged record of a run. */
export const FIX_RUN = 'remove the run’s folder and run the study again';

export type StoredRun = {
  readonly folder: string;
  readonly spec: RunSpec;
  /** The training that it stands on, where that is whole; null for the base model, or before. */
  readonly training: TrainingRecord | null;
} & (
  | { readonly status: 'done'; readonly result: RunResult }
  | { readonly status: 'failed'; readonly error: RunError }
  /** A process works on it; how far it is, where it has said so. */
  | { readonly status: 'running'; readonly report: RunReport | null }
  /** Not finished; `damage` says what was wrong where it had been. */
  | { readonly status: 'pending'; readonly damage: string | null }
);

/** The spec of a run's folder; throws where it is damaged, of another version, or not the run that the folder's name says. */
export function readSpec(folder: string): RunSpec {
  const spec = readJsonFile(join(folder, RUN_FILES.spec), runSpecRecord, FIX_RUN);
  if (spec.version !== IDENTITY_VERSION)
    throw new UserError(
      `${folder} was written by another version of lightmem (run format ${spec.version}, this one writes ${IDENTITY_VERSION}): use that version, or another folder`,
    );
  if (identityHash(spec.identity) !== spec.id || basename(folder) !== runFolderName(spec))
    throw new RunConflictError(`${folder} holds another run than its name says: remove it, or run in another folder`);
  return spec;
}

/**
 * Writes the spec into a run's folder, made where it is absent, or refreshes it where things moved or it was damaged; the identity of a
 * folder never changes. The disk is not waited for, as there may be thousands: what a power loss takes, the next study run writes again.
 */
export function writeSpec(folder: string, spec: RunSpec): void {
  const path = join(folder, RUN_FILES.spec);
  const text = jsonText(spec);
  if (existsSync(path)) {
    if (readFileSync(path, 'utf8') === text) return;
    const before = optional(path, runSpecRecord);
    if (before !== null && before.id !== spec.id) throw new RunConflictError(`${folder} holds another run`);
  }
  writeWhole(path, text, { flush: false });
}

/** What a run's folder holds, checked: a run is done when its result fits its spec, its files and its training. */
export function readRun(folder: string, spec: RunSpec = readSpec(folder)): StoredRun {
  const training = trainingOf(folder, spec);
  const at = { folder, spec, training: 'record' in training ? training.record : null };
  if (!existsSync(join(folder, RUN_FILES.result))) return { ...at, ...unfinished(folder) };
  const found = resultOf(folder, spec);
  if (typeof found === 'string') return { ...at, status: 'pending', damage: found };
  const damage = 'damage' in training ? training.damage : null;
  return damage === null ? { ...at, status: 'done', result: found } : { ...at, status: 'pending', damage };
}

function trainingOf(
  folder: string,
  { identity: { training } }: RunSpec,
): { record: TrainingRecord | null } | { damage: string } {
  if (training === null) return { record: null };
  try {
    const stored = readTraining(resolveTraining(studyOf(folder), training));
    if (stored.status === 'done') return { record: stored.record };
    return { damage: stored.damage ?? 'its adapter is gone' };
  } catch (error) {
    return { damage: messageOf(error) };
  }
}

/** The result, or what is wrong with it. */
function resultOf(folder: string, spec: RunSpec): RunResult | string {
  try {
    const result = readJsonFile(join(folder, RUN_FILES.result), resultRecord, FIX_RUN);
    if (result.id !== spec.id) return 'its result is another run’s';
    return damageOf(folder, result.files) ?? result;
  } catch (error) {
    return messageOf(error);
  }
}

type Unfinished =
  | { readonly status: 'failed'; readonly error: RunError }
  | { readonly status: 'running'; readonly report: RunReport | null }
  | { readonly status: 'pending'; readonly damage: null };

function unfinished(folder: string): Unfinished {
  if (isHeld(folder)) return { status: 'running', report: readReport(folder) };
  const error = readRunError(folder);
  return error === null ? { status: 'pending', damage: null } : { status: 'failed', error };
}

/** How far a run is, where it says so. */
export function readReport(folder: string): RunReport | null {
  return optional(join(folder, RUN_FILES.progress), progressRecord);
}

/** Why a run failed, where it says so. */
export function readRunError(folder: string): RunError | null {
  return optional(join(folder, RUN_FILES.error), errorRecord);
}

/** A record that is for people: where it is absent or damaged there is none. */
function optional<T>(path: string, schema: Parameters<typeof readJsonFile<T>>[1]): T | null {
  try {
    return existsSync(path) ? readJsonFile(path, schema, FIX_RUN) : null;
  } catch {
    return null;
  }
}

/** The rows of a run that is done; none of one that is not. Throws UserError naming a damaged line. */
export function readRows(run: StoredRun): Row[] {
  return run.status === 'done' ? readJsonLines(join(run.folder, RUN_FILES.rows), rowRecord) : [];
}

/** Removes what a run left, but its spec: what was damaged is made anew. */
export function clearRun(folder: string): void {
  for (const name of [RUN_FILES.answers, RUN_FILES.rows, RUN_FILES.result, RUN_FILES.error, RUN_FILES.progress])
    rmSync(join(folder, name), { recursive: true, force: true });
}
