/** Finished texts on disk, one file per source text, target and method: what is there is never made again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hashJson, sha256 } from '../core/hash.js';
import type { Level } from '../core/levels.js';
import { writeWhole } from '../files/write-whole.js';
import type { Compression, CompressionFailure, CompressionMethod } from './method.js';
import { targetKey, type Target } from './target.js';

/** Raised when the meaning of a stored text changes; part of every key. */
const STORE_VERSION = 1;

const json = z.record(z.string(), z.json());
const done = z.object({
  status: z.literal('done'),
  text: z.string().min(1),
  level: z.string(),
  method: z.string(),
  provenance: json,
  measured: json,
  flags: z.array(z.string()),
});
const failure = z.object({
  status: z.literal('failed'),
  level: z.string(),
  method: z.string(),
  reason: z.string(),
  message: z.string(),
});
const entry = z.object({ key: z.string(), round: z.number(), result: z.union([done, failure]) });
const roundFile = z.object({ round: z.number().int().positive() });

export type CompressionResult = Compression | CompressionFailure;

/**
 * A folder of results. Failures are kept for the round in which they happened, so that a killed run does not pay for them
 * twice; the next round tries them again. A round ends when all its work is done.
 */
export class CompressionStore {
  readonly #identities = new WeakMap<CompressionMethod, string>();
  #round: number | undefined;

  constructor(readonly folder: string) {}

  /** The key of a text to be made: everything that can change it. */
  key(sourceHash: string, target: Target, method: CompressionMethod, counter: string): string {
    const identity = this.#identities.get(method) ?? hashJson({ name: method.name, identity: method.identity });
    this.#identities.set(method, identity);
    return sha256(
      JSON.stringify([STORE_VERSION, sourceHash, hashJson({ target: targetKey(target) }), identity, counter]),
    );
  }

  /** What was made before, whatever its level was called then; null when there is nothing, or nothing sound, or a failure of an earlier round. */
  read(key: string, level: Level): CompressionResult | null {
    try {
      const stored = entry.parse(JSON.parse(readFileSync(this.#path(key), 'utf8')));
      if (stored.key !== key) return null;
      if (stored.result.status === 'failed' && stored.round !== this.round) return null;
      return { ...(stored.result as CompressionResult), level };
    } catch {
      return null;
    }
  }

  /** Keeps a result: safe from a kill on return. What a power loss takes is made again from the flushed reply cache, without calls. */
  write(key: string, result: CompressionResult): void {
    writeWhole(this.#path(key), JSON.stringify({ key, round: this.round, result }), { flush: false });
  }

  /** The current round, from 1. */
  get round(): number {
    if (this.#round !== undefined) return this.#round;
    try {
      this.#round = roundFile.parse(JSON.parse(readFileSync(join(this.folder, 'round.json'), 'utf8'))).round;
    } catch {
      this.#round = 1;
    }
    return this.#round;
  }

  /** Ends the round: failures kept so far are tried again from now on. */
  endRound(): void {
    const next = this.round + 1;
    writeWhole(join(this.folder, 'round.json'), JSON.stringify({ round: next }), { flush: false });
    this.#round = next;
  }

  #path(key: string): string {
    return join(this.folder, key.slice(0, 2), `${key.slice(2)}.json`);
  }
}
