/** Checkpoints: everything a training needs to go on as if it had never stopped, written whole or not at all. */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { attempt } from '../core/attempt.js';
import { fileSha256 } from '../files/file-range.js';
import { parseRecord } from '../files/json-record.js';
import { linesHold, type LogLines } from '../files/line-log.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeFolder } from '../files/write-folder.js';
import { writeWhole } from '../files/write-whole.js';
import { sealed, sealedText } from '../files/seal.js';
import { openSafetensors, writeSafetensors } from '../models/formats/safetensors.js';
import { MOMENTS, type StepTrainer, type TrainerState, type Weights } from './step-trainer.js';

/** What a checkpoint holds beside the trainer's own; random streams are derived from seeds and step numbers and need no state. */
export interface CheckpointState<C> {
  /** Optimiser steps taken. */
  readonly step: number;
  /** SHA-256 of the settings and samples that the training runs on. */
  readonly identity: string;
  /** Whatever else the training counts. */
  readonly counters: C;
  /** What the training's log held then; a log that does not hold it any more cannot be gone on with. Default: nothing is known of it. */
  readonly log?: LogLines;
  /** Weights of an earlier step to keep beside it; default none. */
  readonly weights?: Weights;
}

const TENSORS = 'state.safetensors';
const STATE = 'state.json';
const folderOf = (root: string, step: number): string => join(root, `step-${String(step).padStart(8, '0')}`);

/** What weights of an earlier step are named by behind their parameter's name. */
const KEPT = '#best';

/** Writes a checkpoint and removes all older ones but the last before it. */
export async function saveCheckpoint<C>(root: string, trainer: StepTrainer, state: CheckpointState<C>): Promise<void> {
  const { weights: kept, ...record } = state;
  const { values, first, second } = await trainer.state();
  const flat = (name: string, data: Float32Array | undefined) => (data ? [{ name, shape: [data.length], data }] : []);
  const tensors = [...values].flatMap(([name, data]) => [
    ...flat(name, data),
    ...flat(`${name}${MOMENTS.first}`, first.get(name)),
    ...flat(`${name}${MOMENTS.second}`, second.get(name)),
    ...flat(`${name}${KEPT}`, kept?.get(name)),
  ]);
  writeFolder(folderOf(root, state.step), (scratch) => {
    writeSafetensors(join(scratch, TENSORS), tensors);
    writeWhole(join(scratch, STATE), sealedText({ ...record, tensors: fileSha256(join(scratch, TENSORS)) }));
  });
  for (const old of complete(root).slice(0, -2)) rmSync(join(root, old), { recursive: true, force: true });
}

/** Names of finished checkpoints, oldest first. */
function complete(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^step-\d+$/.test(name))
    .sort();
}

const logLines = z.object({ bytes: z.int().min(0), sha256: z.string() });

/** Throws where it, or the tensors beside it, are damaged. */
function readState<C>(folder: string, counters: z.ZodType<C>): CheckpointState<C> {
  const known = { log: logLines.exactOptional(), tensors: z.string().exactOptional() };
  const schema = sealed(z.object({ step: z.int().min(0), identity: z.string(), counters, ...known }));
  const parsed = parseRecord(readFileSync(join(folder, STATE)), schema);
  if ('problem' in parsed) throw new Error(`${folder} is no checkpoint: ${parsed.problem}`);
  const { tensors, ...state } = parsed.value;
  if (tensors !== undefined && tensors !== fileSha256(join(folder, TENSORS)))
    throw new Error(`${folder} is no checkpoint: ${TENSORS} was changed`);
  return state;
}

/** All tensors of a checkpoint: where the trainer stood, and the weights kept beside. */
interface Stored extends TrainerState {
  readonly kept: Weights;
}

/** They are read before any is put to use; throws where one is missing or of another size. */
function readTensors(folder: string, trained: Weights): Stored {
  const file = openSafetensors(join(folder, TENSORS));
  const read = (suffix: string): Weights =>
    new Map([...trained].map(([name, { length }]) => [name, ofLength(file.read(`${name}${suffix}`), length, name)]));
  const hasKept = file.names.some((name) => name.endsWith(KEPT));
  return {
    values: read(''),
    first: read(MOMENTS.first),
    second: read(MOMENTS.second),
    kept: hasKept ? read(KEPT) : new Map(),
  };
}

function ofLength(values: Float32Array, length: number, name: string): Float32Array {
  if (values.length !== length) throw new Error(`"${name}" has ${values.length} values in place of ${length}`);
  return values;
}

/**
 * Puts a trainer where the newest usable checkpoint left it and returns that checkpoint's state; undefined where there is none, the
 * trainer then being left alone. A damaged checkpoint, or one whose part of the file `log` is damaged, is passed over for the one before
 * it; one of another identity is not used.
 */
export async function resumeCheckpoint<C>(
  root: string,
  trainer: StepTrainer,
  { identity, counters }: { readonly identity: string; readonly counters: z.ZodType<C> },
  log?: string,
): Promise<CheckpointState<C> | undefined> {
  removeLeftovers(root);
  const names = complete(root).reverse();
  const trained: Weights = names.length === 0 ? new Map() : await trainer.weights();
  for (const name of names) {
    const folder = join(root, name);
    // A damaged one is no failure of the training.
    const state = attempt(() => readState(folder, counters));
    if (state && state.identity !== identity) return undefined;
    const isLogged = state?.log === undefined || log === undefined || linesHold(log, state.log);
    const stored = state && isLogged ? attempt(() => readTensors(folder, trained)) : undefined;
    if (state === undefined || stored === undefined) continue;
    await trainer.restore(stored, state.step);
    return { ...state, weights: stored.kept };
  }
  return undefined;
}
