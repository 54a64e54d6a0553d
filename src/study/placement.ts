/** Where a study's runs go: the executor that was chosen, how many runs it carries out at once, and how many threads each has. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { builtFile } from '../core/built-file.js';
import { commandExecutor } from '../executors/command.js';
import { shellWord } from '../executors/command-template.js';
import type { Executor } from '../executors/executor.js';
import { freeMemory } from '../executors/free-memory.js';
import { inlineExecutor } from '../executors/inline.js';
import { poolExecutor } from '../executors/pool.js';
import { rayExecutor } from '../executors/ray.js';
import { slurmExecutor } from '../executors/slurm.js';
import type { StudyConfig } from './config.js';
import { linearWeights } from './estimate.js';
import type { ExecutorConfig } from './executor-config.js';
import { STUDY_FILES } from './layout.js';
import type { StudyModel } from './plan.js';
import { runRecords } from './work-records.js';

/** Runs at once, and threads of each. */
export interface Placement {
  readonly workers: number;
  readonly threads: number;
  /** Bytes that they may take together: what is free on this machine; infinite where they run elsewhere. */
  readonly memoryBytes: number;
}

/** Parameters from which a model takes all processors for one run at a time. */
const LARGE_MODEL_PARAMETERS = 50_000_000;

/** Threads of a run of a large model on machines that are not this one. */
const FAR_THREADS = 4;
/** Runs at once that times are told by, where a cluster decides. */
const CLUSTER_RUNS = 16;

/** Small models side by side on one thread each, a large one alone on all; what the study file says goes before. */
export function placementHere(executor: ExecutorConfig, model: StudyModel): Placement {
  const isSmall = model.kind === 'served' || linearWeights(model.model.config) < LARGE_MODEL_PARAMETERS;
  if (executor.kind !== 'inline' && executor.kind !== 'pool') {
    const workers = executor.kind === 'command' ? executor.slots : (executor.atOnce ?? CLUSTER_RUNS);
    return { workers, threads: executor.threads ?? (isSmall ? 1 : FAR_THREADS), memoryBytes: Infinity };
  }
  const processors = availableParallelism();
  const gpus = gpusOf(model);
  const usual = gpus > 0 ? gpus : isSmall ? processors : 1;
  const workers = executor.kind === 'inline' ? 1 : (executor.workers ?? usual);
  const threads = executor.threads ?? Math.max(1, Math.floor(processors / workers));
  return { workers, threads, memoryBytes: freeMemory() };
}

/** GPUs that PyTorch trains on here, a run on each; 0 where it does not. */
function gpusOf(model: StudyModel): number {
  const peft = model.kind === 'local' ? model.peft : undefined;
  return peft?.settings.device === 'cuda' ? peft.gpus : 0;
}

/** The executor that a study names, its workers started when they are needed; `folder` is the study's. `onNotice` is told what a person may want to know of a cluster. */
export function openExecutor(
  { executor, device, engine }: Pick<StudyConfig, 'executor' | 'device' | 'engine'>,
  { workers, memoryBytes }: Placement,
  folder: string,
  onNotice?: (message: string) => void,
): Executor {
  const notices = onNotice === undefined ? {} : { onNotice };
  switch (executor.kind) {
    case 'inline':
      return inlineExecutor(workerEntry());
    case 'pool':
      return poolExecutor(workerEntry(), workers, {
        memoryBytes,
        ...(engine.kind === 'peft' && { environment: gpuOfSlot }),
      });
    case 'command':
      return commandExecutor(executor, runRecords, notices);
    case 'slurm': {
      const settings = {
        ...executor,
        ...farWork(executor, { device, engine }),
        folder: join(folder, STUDY_FILES.slurm),
      };
      return slurmExecutor(settings, runRecords, notices);
    }
    case 'ray': {
      const settings = { ...executor, ...farWork(executor, { device, engine }), file: join(folder, STUDY_FILES.ray) };
      return rayExecutor(settings, runRecords, notices);
    }
  }
}

/** How lightmem is called on a cluster's machines, and how many GPUs a run has there. */
function farWork(
  executor: Extract<ExecutorConfig, { kind: 'slurm' | 'ray' }>,
  { device, engine }: Pick<StudyConfig, 'device' | 'engine'>,
) {
  const lightmem = executor.lightmem ?? [process.execPath, builtFile('cli/bin.js')].map(shellWord).join(' ');
  const onGpu = device === 'cuda' || (engine.kind === 'peft' && engine.device === 'cuda');
  return { work: `${lightmem} run`, gpus: executor.gpus ?? (onGpu ? 1 : 0) };
}

/** The GPU of a place in the pool: of those that this process may use, the one of the same number. */
export function gpuOfSlot(slot: number): NodeJS.ProcessEnv {
  const visible = process.env['CUDA_VISIBLE_DEVICES']?.split(',').filter((name) => name !== '');
  const gpu = visible === undefined ? String(slot) : visible[slot % Math.max(1, visible.length)];
  return gpu === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpu };
}

/** Path of the built `worker.js`, seen from the built package and from the sources alike. */
export function workerEntry(): string {
  return builtFile('study/worker.js');
}
