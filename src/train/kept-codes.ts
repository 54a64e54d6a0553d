/** What a base in eight bits is computed with, kept in a folder: found and made by the first training that needs it, read by the others. */
import { existsSync, statfsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../core/attempt.js';
import { elementCount } from '../core/collections.js';
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import type { Quantisation } from '../core/settings.js';
import { LargeBlocks } from '../engine/large-blocks.js';
import { ENGINE_VERSION } from '../engine/version.js';
import { makeFolder } from '../files/flush.js';
import { lockFolder } from '../files/folder-lock.js';
import { removeLeftovers } from '../files/scratch.js';
import { openSafetensors, writeSafetensors, type StoredArray } from '../models/formats/safetensors.js';
import type { Int8Recipe } from '../models/graph/int8-weights.js';
import type { Parameter } from '../models/graph/network.js';
import { INT8_ROLES } from '../models/modules.js';
import type { Batch } from './batches.js';
import type { CodeValues } from './int8-values.js';
import type { KeepCodes } from './trainer.js';

/** Name of the file in a base's folder. */
const CODES = 'codes.safetensors';

/** Everything that decides the values, to the bit. */
export interface CodesIdentity {
  /** Identity of the base. */
  readonly model: string;
  readonly quantisation: Quantisation;
  readonly recipe: Int8Recipe;
  readonly calibration: Batch;
}

/** Digits of a hash in a folder's name: 64 bits. */
const DIGITS = 16;

/** Raised when the same identity is no longer computed to the same values. */
const VERSION = 1;

/** Name of the folder of a base's values; those that another processor or runtime would round otherwise have another. */
export function codesName(identity: CodesIdentity): string {
  const computes = { engine: ENGINE_VERSION, processor: cpus()[0]?.model ?? '' };
  return hashJson({ version: VERSION, ...identity, ...computes }).slice(0, DIGITS);
}

export interface CodesPlace {
  readonly folder: string;
  /** Stops waiting for another process that makes the same. */
  readonly signal?: AbortSignal;
}

/** Times as much as values take that the disk must have free: adapters need room too, and there are values for every text that is trained on. */
const ROOM = 4;

/**
 * Keeps values in a folder. What lies there damaged is made again; where the disk is nearly full or refuses them, they are not kept, and
 * nobody waits for anybody.
 */
export function codesKeeper({ folder, signal }: CodesPlace): KeepCodes {
  const path = join(folder, CODES);
  return async (parameters, make) => {
    const asked = parameters.filter(({ role }) => INT8_ROLES.some((each) => each === role));
    const kept = read(path, asked);
    if (kept) return kept;
    if (!hasRoom(folder, asked)) return make();
    const lock = await lockFolder(folder, { patienceMs: Infinity, ...(signal && { signal }) });
    try {
      removeLeftovers(folder);
      const now = read(path, asked);
      if (now) return now;
      const made = await make();
      write(path, asked, made);
      return made;
    } finally {
      lock.release();
    }
  };
}

/** Whether the disk has room to spare; a file system that does not tell has. */
function hasRoom(folder: string, asked: readonly Parameter[]): boolean {
  const bytes = asked.reduce((sum, { type, shape }) => sum + elementCount(shape) * (type === 'int8' ? 1 : 4), 0);
  makeFolder(folder);
  const space = attempt(() => statfsSync(folder));
  return space === undefined || space.bavail * space.bsize >= ROOM * bytes;
}

/** All values that are asked for; undefined where they are not there as they should be. */
function read(path: string, asked: readonly Parameter[]): CodeValues | undefined {
  if (!existsSync(path)) return undefined;
  const blocks = new LargeBlocks();
  try {
    const file = openSafetensors(path);
    return new Map(
      asked.map(({ name, type, shape }) => {
        const values = blocks.zeros<StoredArray>(type === 'int8' ? Int8Array : Float32Array, elementCount(shape));
        file.readInto(name, values);
        return [name, values];
      }),
    );
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function write(path: string, asked: readonly Parameter[], made: CodeValues): void {
  const tensors = asked.map(({ name, shape }) => ({ name, shape, data: made.get(name) as StoredArray }));
  try {
    writeSafetensors(path, tensors);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}
