/** A study as its folder holds it, read whole: its record, its runs, its audits. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { auditRecord } from '../audit/audit-record.js';
import type { AuditReport } from '../audit/audit-report.js';
import { readJsonFile } from '../files/json-file.js';
import { STUDY_FILES } from './layout.js';
import { readRun, type StoredRun } from './run-store.js';
import { FIX_STUDY, readStudyRecord, type StudyRecord } from './study-record.js';

/** `audits.json`. */
export const auditsRecord = z.object({ identity: z.string(), audits: z.array(auditRecord) });

/** A study as its folder holds it. */
export interface StoredStudy {
  readonly folder: string;
  readonly record: StudyRecord;
  readonly runs: readonly StoredRun[];
  /** One for each data set. */
  readonly audits: readonly AuditReport[];
}

/** Reads a study's folder; throws UserError where it holds none, or one that another version wrote. */
export function readStudy(folder: string): StoredStudy {
  const record = readStudyRecord(folder);
  const runs = record.runs.map((name) => readRun(join(folder, STUDY_FILES.runs, name)));
  return { folder: resolve(folder), record, runs, audits: readAudits(folder) };
}

function readAudits(folder: string): readonly AuditReport[] {
  const path = join(folder, STUDY_FILES.audits);
  return existsSync(path) ? readJsonFile(path, auditsRecord, FIX_STUDY).audits : [];
}
