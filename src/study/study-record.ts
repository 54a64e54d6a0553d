/** `study.json`: what was asked for and the runs that answer it, checked where it is read. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { readJsonFile } from '../files/json-file.js';
import { parseRecord } from '../files/json-record.js';
import { STUDY_FILES } from './layout.js';
import { runEstimateRecord } from './run-seconds.js';

/** Form of `study.json`. 1: runs held their adapters. 2: trainings, answers and runs lie apart. */
export const STUDY_VERSION = 2;

/** What to do about a damaged record of a study. */
export const FIX_STUDY = 'run the study again with the command that made it';

const versioned = z.looseObject({ version: z.number() });

const studyRecord = z.object({
  version: z.literal(STUDY_VERSION),
  /** The command line that carries it out, for people. */
  command: z.string(),
  name: z.string(),
  /** All settings as they were read, for people. */
  config: z.record(z.string(), z.json()),
  /** Rows call the judge that the verdict rests on this. */
  judge: z.string(),
  model: z.object({ name: z.string(), identity: z.string() }),
  tokenizer: z.string(),
  /** Chat template; null for a served model, which applies its own. */
  template: z.string().nullable(),
  /** Names of the runs' folders, in the plan's order. */
  runs: z.array(z.string().regex(/^[^/\\]+$/, { error: 'use the name of a folder under runs' })),
  /** What the runs were foreseen to take, by their folders' names; absent in studies of earlier versions. */
  estimates: z
    .object({
      /** Runs side by side, and threads of each. */
      workers: z.number().int().min(1),
      threads: z.number().int().min(1),
      runs: z.record(z.string(), runEstimateRecord),
    })
    .exactOptional(),
});
export type StudyRecord = Readonly<z.infer<typeof studyRecord>>;
export type StudyEstimates = NonNullable<StudyRecord['estimates']>;

/** The record of a study's folder. Throws UserError where there is none, or one that another version wrote. */
export function readStudyRecord(folder: string): StudyRecord {
  const path = join(folder, STUDY_FILES.study);
  if (!existsSync(path)) throw new UserError(`${folder} holds no study: give the folder that lightmem study run wrote`);
  refuseOtherVersion(folder);
  return readJsonFile(path, studyRecord, FIX_STUDY);
}

/** Throws UserError where the folder's study was written by another version of lightmem. */
export function refuseOtherVersion(folder: string): void {
  const path = join(folder, STUDY_FILES.study);
  if (!existsSync(path)) return;
  const parsed = parseRecord(readFileSync(path), versioned);
  if ('problem' in parsed) return; // damaged: it is written anew by a study run, and whoever reads it is told
  const { version } = parsed.value;
  if (version !== STUDY_VERSION)
    throw new UserError(
      `${folder} was written by another version of lightmem (study format ${version}, this one reads ${STUDY_VERSION}): read it with that version, or run the study again into another folder (out); texts that were made are used again`,
    );
}
