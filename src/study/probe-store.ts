/** Records of probes, as a study's folder keeps them. */
import { join } from 'node:path';
import { readJsonFile } from '../files/json-file.js';
import { STUDY_FILES } from './layout.js';
import { probeRecord, type ProbeRecord } from './study-records.js';

/** The record of a hash; throws UserError where it is damaged. */
export function readProbe(study: string, hash: string): ProbeRecord {
  return readJsonFile(
    probePath(study, hash),
    probeRecord,
    'remove it and the run’s result.json, and run the study again',
  );
}

/** Where the probe of a hash lies. */
export function probePath(study: string, hash: string): string {
  return join(study, STUDY_FILES.probes, `${hash.slice(0, 16)}.json`);
}
