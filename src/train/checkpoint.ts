/** Checkpoints: everything a training needs to go on as if it had never stopped, written whole or not at all. */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../core/json.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeFolder } from '../files/write-folder.js';
import { writeWhole } from '../files/write-whole.js';
import { openSafetensors, writeSafetensors } from '../models/formats/safetensors.js';
import type { Trainer } from './trainer.js';

/** What a checkpoint holds beside tensors; random streams are derived from seeds and step numbers and need no state. */
export interface CheckpointState {
  /** Optimiser steps taken. */
  readonly step: number;
  /** SHA-256 of the settings and samples that the training runs on. */
  readonly identity: string;
  /** Whatever else the training counts. */
  readonly counters: Readonly<Record<string, number>>;
}

const TENSORS = 'state.safetensors';
const STATE = 'state.json';
const folderOf = (root: string, step: number): string => join(root, `step-${String(step).padStart(8, '0')}`);

/** Writes a checkpoint and removes all older ones but the last before it; `best` are the weights of an earlier step to keep beside it. */
export function saveCheckpoint(
  root: string,
  trainer: Trainer,
  state: CheckpointState,
  best: ReadonlyMap<string, Float32Array> = new Map(),
): void {
  const tensors = [...trainer.trained].flatMap(([name, data]) => {
    const moments = trainer.optimiser.moments.get(name);
    const kept = best.get(name);
    const flat = (suffix: string, values: Float32Array) => ({
      name: `${name}${suffix}`,
      shape: [values.length],
      data: values,
    });
    return [
      flat('', data),
      ...(moments ? [flat('#first', moments.first), flat('#second', moments.second)] : []),
      ...(kept ? [flat('#best', kept)] : []),
    ];
  });
  writeFolder(folderOf(root, state.step), (scratch) => {
    writeSafetensors(join(scratch, TENSORS), tensors);
    writeWhole(join(scratch, STATE), JSON.stringify(state));
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

function readState(folder: string): CheckpointState {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, STATE), 'utf8'));
  if (!isObject(parsed) || typeof parsed['step'] !== 'number' || typeof parsed['identity'] !== 'string')
    throw new Error(`${folder}: not a checkpoint`);
  return parsed as unknown as CheckpointState;
}

/** Restores the trainer; gives the weights that were kept beside it. */
function restore(folder: string, trainer: Trainer): Map<string, Float32Array> {
  const tensors = openSafetensors(join(folder, TENSORS));
  const names = new Set(tensors.names);
  const best = new Map<string, Float32Array>();
  for (const [name, data] of trainer.trained) {
    data.set(tensors.read(name));
    if (names.has(`${name}#best`)) best.set(name, tensors.read(`${name}#best`));
    if (!names.has(`${name}#first`)) continue;
    trainer.optimiser.moments.set(name, {
      first: tensors.read(`${name}#first`),
      second: tensors.read(`${name}#second`),
    });
  }
  return best;
}

/** A checkpoint's state, and the weights that were kept beside it. */
export interface Resumed extends CheckpointState {
  readonly best: ReadonlyMap<string, Float32Array>;
}

/**
 * Puts a trainer where the newest usable checkpoint left it and returns that checkpoint's state; undefined where there is
 * none. A damaged checkpoint is passed over for the one before it; one of another identity is left alone.
 */
export function resumeCheckpoint(root: string, trainer: Trainer, identity: string): Resumed | undefined {
  removeLeftovers(root);
  for (const name of complete(root).reverse()) {
    const folder = join(root, name);
    try {
      const state = readState(folder);
      if (state.identity !== identity) return undefined;
      const best = restore(folder, trainer);
      trainer.optimiser.steps = state.step;
      return { ...state, best };
    } catch {
      continue;
    }
  }
  return undefined;
}
