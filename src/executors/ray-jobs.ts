/** Ray's jobs as its Jobs API tells of them, read strictly, and what a job is called and runs. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../files/flush.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { mappedPath, shellWord, type PathMap } from './command-template.js';
import { lastLine } from './last-words.js';
import { isOutOfMemoryMessage } from './out-of-memory.js';
import type { TaskState } from './scheduler.js';

const rayJob = z.object({
  submission_id: z.string(),
  status: z.string(),
  message: z.string().nullish(),
  error_type: z.string().nullish(),
  driver_exit_code: z.int().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

/** A job that was submitted. */
export type RayJob = Readonly<z.infer<typeof rayJob>>;

/** Programs that use Ray without having been submitted stand in its list too. */
const driver = z.object({ type: z.literal('DRIVER') });
const jobList = z.array(z.union([driver, rayJob]));

/** Submitted jobs by their ids, from the answer to `GET /api/jobs/`; null where it is not such a list. */
export function parseJobs(answer: unknown): ReadonlyMap<string, RayJob> | null {
  const { success, data } = jobList.safeParse(answer);
  if (!success) return null;
  return new Map(data.flatMap((job) => ('type' in job ? [] : [[job.submission_id, job]])));
}

/** Ray's word for a job that found no place in time; it takes 15 minutes for it, or what RAY_JOB_START_TIMEOUT_SECONDS says. */
const NO_PLACE = 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT';

const NOWHERE =
  'Ray found no place for a job in time: processors, memory or GPUs are taken, or no machine has as many (ray status); it is submitted again';

/** What a job's status means; one that is not known yet ends nothing. `isOwn` tells that this process submitted it, and alone may stop it. */
export function stateOf(job: RayJob, isOwn: boolean): TaskState {
  switch (job.status) {
    case 'PENDING':
      return { kind: 'waiting' };
    case 'SUCCEEDED':
      return { kind: 'ended' };
    case 'STOPPED':
      return { kind: 'lost', cause: `Ray's job ${job.submission_id} was stopped`, outOfMemory: false, isFinal: isOwn };
    case 'FAILED':
      return { kind: 'lost', ...failureOf(job) };
    default:
      return { kind: 'running' };
  }
}

/** Whether a job has not ended. */
export function isAlive(job: RayJob): boolean {
  const { kind } = stateOf(job, false);
  return kind === 'waiting' || kind === 'running';
}

function failureOf({ submission_id: id, message, error_type: type, driver_exit_code: code }: RayJob) {
  const words = message ?? '';
  if (type === NO_PLACE || /^Job supervisor actor failed to start within /.test(words))
    return {
      cause: NOWHERE,
      ...{ outOfMemory: false, neverBegan: true },
    };
  if (typeof code !== 'number') {
    const [first = ''] = words.split('\n');
    return { cause: `Ray's job ${id} failed: ${first}`, outOfMemory: /\blow on memory\b/i.test(words) };
  }
  // As shells do, Ray tells a signal by a number; the kernel takes memory back by the ninth.
  const outOfMemory = code === -9 || code === 137 || isOutOfMemoryMessage(words);
  const guess = outOfMemory ? ', most likely out of memory' : '';
  return { cause: `Ray's job ${id} failed (exit code ${code}${guess}): ${lastLine(words)}`, outOfMemory };
}

const studyMark = z.object({ study: z.string().regex(/^[0-9a-f]{16}$/) });

/** Names of a study's jobs: the same for the same run wherever the study is carried on, and others for a copy of it or for another study at the same place. */
export class JobNames {
  #study: string | undefined;

  /** `file` keeps what tells the study from others, in the study's folder. */
  constructor(
    readonly file: string,
    readonly paths: PathMap,
  ) {}

  /** How the ids of a run's jobs begin. */
  stem(folder: string): string {
    this.#study ??= this.#mark();
    const hash = createHash('sha256')
      .update(`${this.#study}\n${this.there(folder)}`)
      .digest('hex')
      .slice(0, 16);
    return `lightmem-${basename(folder)
      .replace(/[^\w-]+/g, '-')
      .slice(0, 60)}-${hash}`;
  }

  /** The id of the job behind those that there are. */
  next(stem: string, ids: Iterable<string>): string {
    const numbers = [...ids].map((id) => numberIn(stem, id));
    return `${stem}-${numbers.reduce((most, each) => Math.max(most, each), 0) + 1}`;
  }

  /** A folder as the cluster sees it. */
  there(folder: string): string {
    return mappedPath(folder, this.paths);
  }

  /** A folder of the cluster as it is seen here, where it belongs to the study. */
  here(there: string): string {
    const study = dirname(this.file);
    return resolve(study, relative(this.there(study), there));
  }

  #mark(): string {
    makeFolder(dirname(this.file));
    if (!existsSync(this.file)) writeWhole(this.file, jsonText({ study: randomBytes(8).toString('hex') }));
    return readJsonFile(this.file, studyMark, 'remove it').study;
  }
}

/** Which of the jobs with this stem an id is, from 1; 0 where it is none of them. */
export function numberIn(stem: string, id: string): number {
  return id.startsWith(`${stem}-`) ? Number(/^\d{1,9}$/.exec(id.slice(stem.length + 1))?.[0] ?? 0) : 0;
}

/** What a job runs, a text for `/bin/sh -c`; lightmem takes the shell's place, so that Ray's signals reach it. */
export function entrypoint(folder: string, threads: number, { setup, work }: { setup: string; work: string }): string {
  const line = `exec ${work} ${shellWord(folder)} --threads ${threads}`;
  return setup === '' ? line : `${setup}\n${line}`;
}
