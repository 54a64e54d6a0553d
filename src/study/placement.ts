/** Where a study's runs go: the executor that was chosen, and how many runs and threads this machine bears at once. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Executor } from '../executors/executor.js';
import { freeMemory } from '../executors/free-memory.js';
import { inlineExecutor } from '../executors/inline.js';
import { poolExecutor } from '../executors/pool.js';
import type { StudyConfig } from './config.js';
import { linearWeights } from './estimate.js';
import type { StudyModel } from './plan.js';

/** Runs at once, and threads of each. */
export interface Placement {
  readonly workers: number;
  readonly threads: number;
  /** Bytes that they may take together: what is free on this machine. */
  readonly memoryBytes: number;
}

/** Parameters from which a model takes all processors for one run at a time. */
const LARGE_MODEL_PARAMETERS = 50_000_000;

/** Small models side by side on one thread each, a large one alone on all; what the study file says goes before. */
export function placementHere(executor: StudyConfig['executor'], model: StudyModel): Placement {
  const processors = availableParallelism();
  const isSmall = model.kind === 'served' || linearWeights(model.model.config) < LARGE_MODEL_PARAMETERS;
  const usual = isSmall ? processors : 1;
  const workers = executor.kind === 'inline' ? 1 : (executor.workers ?? usual);
  const threads = executor.threads ?? Math.max(1, Math.floor(processors / workers));
  return { workers, threads, memoryBytes: freeMemory() };
}

/** The executor of a kind, its workers started when they are needed. */
export function openExecutor(executor: StudyConfig['executor'], { workers, memoryBytes }: Placement): Executor {
  switch (executor.kind) {
    case 'inline':
      return inlineExecutor(workerEntry());
    case 'pool':
      return poolExecutor(workerEntry(), workers, memoryBytes);
  }
}

/** Path of the built `worker.js`, seen from the built package and from the sources alike; throws where the sources were never built. */
export function workerEntry(): string {
  const places = ['./worker.js', '../../dist/study/worker.js'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`no worker at ${places.join(' or ')}: run npm run build first`);
  return found;
}
