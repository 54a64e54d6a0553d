/** Where everything lies in a study's folder. */
import { join } from 'node:path';
import { identityHash, type TrainingIdentity } from './identity.js';
import { runFolderName, type RunSpec } from './run-spec.js';

/** Names in a study's folder. */
export const STUDY_FILES = {
  study: 'study.json',
  audits: 'audits.json',
  data: 'data',
  samples: 'samples',
  teachers: 'teachers',
  probes: 'probes',
  texts: 'texts',
  forms: 'forms',
  trainings: 'trainings',
  bases: 'bases',
  answers: 'answers',
  judging: 'judging',
  runs: 'runs',
  slurm: 'slurm',
  ray: 'ray.json',
  tracking: 'tracking',
  rows: 'rows.csv',
  report: 'report.html',
} as const;

/** Names in a training's folder. `training.json` comes last: where it is, the adapter is whole. */
export const TRAINING_FILES = {
  spec: 'spec.json',
  metrics: 'metrics.jsonl',
  checkpoints: 'checkpoints',
  adapter: 'adapter',
  served: 'served',
  training: 'training.json',
  retry: 'retry.json',
} as const;

/** Names in a folder of answers: the first two grow while questions are asked and judged. */
export const ANSWERS_FILES = { answers: 'answers.jsonl', verdicts: 'verdicts.jsonl', server: 'server.json' } as const;

/** Names in a run's folder. `result.json` comes last: where it is, the run is done. */
export const RUN_FILES = {
  spec: 'spec.json',
  progress: 'progress.json',
  answers: 'answers.jsonl',
  rows: 'rows.jsonl',
  result: 'result.json',
  error: 'error.json',
} as const;

/** Digits of a hash in a folder's name: 64 bits. */
const DIGITS = 16;

/** The folder of a run. */
export function runPath(study: string, spec: Pick<RunSpec, 'id' | 'identity'>): string {
  return join(study, STUDY_FILES.runs, runFolderName(spec));
}

/** The study that a run's folder belongs to. */
export function studyOf(runFolder: string): string {
  return join(runFolder, '..', '..');
}

/** Name of a training's folder. */
export function trainingName(identity: TrainingIdentity): string {
  return identityHash(identity).slice(0, DIGITS);
}

/** The folder of a training, by what decides its adapter. */
export function trainingPath(study: string, identity: TrainingIdentity): string {
  return join(study, STUDY_FILES.trainings, trainingName(identity));
}

/** The folder of one asker's answers. */
export function answersPath(study: string, hash: string): string {
  return join(study, STUDY_FILES.answers, hash.slice(0, DIGITS));
}
