/** Run folders: what a run leaves on disk, written so that present means whole, and checked when read. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf, RunConflictError, UserError } from '../core/errors.js';
import { isObject, type Json } from '../core/json.js';
import { jsonText } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import type { TrainResult } from '../train/finetune.js';
import { IDENTITY_VERSION, runFolderName, runId, type RunSpec } from './run-spec.js';

/** Names in a run's folder. `result.json` comes last: where it is, the run is done. */
export const RUN_FILES = {
  spec: 'spec.json',
  metrics: 'metrics.jsonl',
  adapter: 'adapter',
  training: 'training.json',
  answers: 'answers.jsonl',
  verdicts: 'verdicts.jsonl',
  scores: 'scores.jsonl',
  result: 'result.json',
  error: 'error.json',
  retry: 'retry.json',
} as const;

/** Settings changed after the memory ran out; the optimiser's steps stay the same size. */
export interface Retry {
  readonly batchTokens: { readonly from: number; readonly to: number };
  readonly accumulation: { readonly from: number; readonly to: number };
  readonly reason: string;
}

/** What came of the training; `adapterPath` is relative to the run's folder. */
export type TrainingRecord = TrainResult;

/** `result.json`. */
export interface RunResult {
  readonly version: number;
  readonly id: string;
  readonly seconds: { readonly training: number; readonly asking: number; readonly judging: number };
  /** Processor time of this process, all threads together; less than the whole where a killed run was gone on with. */
  readonly processorSeconds: number;
  /** Null for the base model. */
  readonly training: TrainingRecord | null;
  readonly answers: number;
  readonly unscored: number;
  readonly truncated: number;
  readonly retry: Retry | null;
  /** Files of the run by name within its folder. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  readonly environment: Readonly<Record<string, string | number>>;
}

/** `error.json`. */
export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly stage: string;
  readonly stack: string | null;
}

export type StoredRun = { readonly folder: string; readonly spec: RunSpec } & (
  | { readonly status: 'done'; readonly result: RunResult }
  | { readonly status: 'failed'; readonly error: RunError }
  /** Not finished; `damage` says what was wrong where it had been. */
  | { readonly status: 'pending'; readonly damage: string | null }
);

/** The spec of a run's folder; throws RunConflictError where it is not the run that the folder's name says. */
export function readSpec(folder: string): RunSpec {
  const spec = readJson(join(folder, RUN_FILES.spec)) as unknown as RunSpec;
  if (spec.version !== IDENTITY_VERSION)
    throw new UserError(
      `${folder} was written by another version of lightmem (run format ${spec.version}, this one writes ${IDENTITY_VERSION}): use that version, or another folder`,
    );
  if (runId(spec.identity) !== spec.id || basename(folder) !== runFolderName(spec))
    throw new RunConflictError(`${folder} holds another run than its name says: remove it, or run in another folder`);
  return spec;
}

/** Writes the spec, or refreshes where things lie if they moved; the identity of a folder never changes. */
export function writeSpec(folder: string, spec: RunSpec): void {
  const path = join(folder, RUN_FILES.spec);
  const text = jsonText(spec);
  if (existsSync(path)) {
    if (readSpec(folder).id !== spec.id) throw new RunConflictError(`${folder} holds another run`);
    if (readFileSync(path, 'utf8') === text) return;
  }
  writeWhole(path, text);
}

/** What a run's folder holds, checked: a run is done when its result fits its spec and its files are those it names. */
export function readRun(folder: string, spec: RunSpec = readSpec(folder)): StoredRun {
  const at = { folder, spec };
  const path = join(folder, RUN_FILES.result);
  if (!existsSync(path)) {
    const error = readError(folder);
    return error === null ? { ...at, status: 'pending', damage: null } : { ...at, status: 'failed', error };
  }
  try {
    const result = readJson(path) as unknown as RunResult;
    const damage = damageOf(folder, spec, result);
    return damage === null ? { ...at, status: 'done', result } : { ...at, status: 'pending', damage };
  } catch (error) {
    return { ...at, status: 'pending', damage: messageOf(error) };
  }
}

function damageOf(folder: string, spec: RunSpec, result: RunResult): string | null {
  if (result.id !== spec.id) return 'its result is another run’s';
  for (const [name, { bytes, sha256 }] of Object.entries(result.files)) {
    const path = join(folder, name);
    if (!existsSync(path)) return `${name} is gone`;
    if (statSync(path).size !== bytes) return `${name} has another size than when it was written`;
    if (name.endsWith('.jsonl') && hash(readFileSync(path)) !== sha256) return `${name} was changed`;
  }
  return null;
}

function readError(folder: string): RunError | null {
  try {
    return readJson(join(folder, RUN_FILES.error)) as unknown as RunError;
  } catch {
    return null;
  }
}

/** Sizes and hashes of a run's files. */
export async function describeFiles(folder: string, names: readonly string[]): Promise<RunResult['files']> {
  const described = names.map(async (name) => {
    const path = join(folder, name);
    return [name, { bytes: statSync(path).size, sha256: await hashFile(path) }] as const;
  });
  return Object.fromEntries(await Promise.all(described));
}

async function hashFile(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Removes what a run left, but its spec: what was damaged is made anew. */
export function clearRun(folder: string): void {
  for (const name of Object.values(RUN_FILES))
    if (name !== RUN_FILES.spec) rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(join(folder, 'checkpoints'), { recursive: true, force: true });
}

/** A JSON file as a value; throws with its path where it cannot be read. */
export function readJson(path: string): Record<string, Json> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`);
  }
  if (!isObject(value)) throw new UserError(`${path} holds no JSON object`);
  return value as Record<string, Json>;
}

/** The values of a file of JSON lines that was written whole; throws UserError naming the first line that is none. */
export function readJsonLines<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    try {
      return [JSON.parse(line) as T];
    } catch {
      throw new UserError(`${path}, line ${index + 1}: is not JSON: remove the run's folder and run again`);
    }
  });
}
