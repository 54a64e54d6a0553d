/** Checkpoints: everything a training needs to go on as if it had never stopped, written whole or not at all. */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseRecord } from '../files/json-record.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeFolder } from '../files/write-folder.js';
import { writeWhole } from '../files/write-whole.js';
import { openSafetensors, writeSafetensors } from '../models/formats/safetensors.js';
import type { Trainer } from './trainer.js';

/** Values of trained parameters by name. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** What a checkpoint holds beside the trainer's own; random streams are derived from seeds and step numbers and need no state. */
export interface CheckpointState<C> {
  /** Optimiser steps taken. */
  readonly step: number;
  /** SHA-256 of the settings and samples that the training runs on. */
  readonly identity: string;
  /** Whatever else the training counts. */
  readonly counters: C;
  /** Weights of an earlier step to keep beside it; default none. */
  readonly weights?: Weights;
}

const TENSORS = 'state.safetensors';
const STATE = 'state.json';
const folderOf = (root: string, step: number): string => join(root, `step-${String(step).padStart(8, '0')}`);

/** What tensors are named by behind their parameter's name: Adam's moments, and weights of an earlier step. */
const FIRST = '#first';
const SECOND = '#second';
const KEPT = '#best';

/** Writes a checkpoint and removes all older ones but the last before it. */
export function saveCheckpoint<C>(root: string, trainer: Trainer, state: CheckpointState<C>): void {
  const { weights: kept, ...record } = state;
  const { moments } = trainer.optimiser;
  const flat = (name: string, data: Float32Array | undefined) => (data ? [{ name, shape: [data.length], data }] : []);
  const tensors = [...trainer.trained].flatMap(([name, data]) => [
    ...flat(name, data),
    ...flat(`${name}${FIRST}`, moments.get(name)?.first),
    ...flat(`${name}${SECOND}`, moments.get(name)?.second),
    ...flat(`${name}${KEPT}`, kept?.get(name)),
  ]);
  writeFolder(folderOf(root, state.step), (scratch) => {
    writeSafetensors(join(scratch, TENSORS), tensors);
    writeWhole(join(scratch, STATE), JSON.stringify(record));
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

function readState<C>(folder: string, counters: z.ZodType<C>): CheckpointState<C> {
  const schema = z.object({ step: z.int().min(0), identity: z.string(), counters });
  const parsed = parseRecord(readFileSync(join(folder, STATE)), schema);
  if ('problem' in parsed) throw new Error(`${folder} is no checkpoint: ${parsed.problem}`);
  return parsed.value;
}

/** A parameter's tensors in a checkpoint. */
interface Stored {
  readonly values: Float32Array;
  /** Adam's moments. */
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly kept: Float32Array | undefined;
}

/** All tensors of a checkpoint, before any is put to use; throws where one is missing or of another size. */
function readTensors(folder: string, trained: Weights): ReadonlyMap<string, Stored> {
  const file = openSafetensors(join(folder, TENSORS));
  const hasKept = file.names.some((name) => name.endsWith(KEPT));
  const stored = [...trained].map(([name, { length }]) => {
    const read = (suffix: string): Float32Array => ofLength(file.read(`${name}${suffix}`), length, name);
    const kept = hasKept ? read(KEPT) : undefined;
    return [name, { values: read(''), first: read(FIRST), second: read(SECOND), kept }] as const;
  });
  return new Map(stored);
}

function ofLength(values: Float32Array, length: number, name: string): Float32Array {
  if (values.length !== length) throw new Error(`"${name}" has ${values.length} values in place of ${length}`);
  return values;
}

/** Puts a trainer where stored tensors left it; gives the weights that were kept beside them. */
function restore(trainer: Trainer, stored: ReadonlyMap<string, Stored>, step: number): Weights {
  const kept = new Map<string, Float32Array>();
  for (const [name, each] of stored) {
    trainer.trained.get(name)?.set(each.values);
    trainer.optimiser.moments.set(name, { first: each.first, second: each.second });
    if (each.kept) kept.set(name, each.kept);
  }
  trainer.optimiser.steps = step;
  return kept;
}

/** What reading gives; undefined where it fails, for a damaged checkpoint is no failure of the training. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Puts a trainer where the newest usable checkpoint left it and returns that checkpoint's state; undefined where there is none, the
 * trainer then being left alone. A damaged checkpoint is passed over for the one before it; one of another identity is not used.
 */
export function resumeCheckpoint<C>(
  root: string,
  trainer: Trainer,
  { identity, counters }: { readonly identity: string; readonly counters: z.ZodType<C> },
): CheckpointState<C> | undefined {
  removeLeftovers(root);
  for (const name of complete(root).reverse()) {
    const folder = join(root, name);
    const state = attempt(() => readState(folder, counters));
    if (state && state.identity !== identity) return undefined;
    const tensors = state && attempt(() => readTensors(folder, trainer.trained));
    if (tensors) return { ...state, weights: restore(trainer, tensors, state.step) };
  }
  return undefined;
}
