/** Answers kept on disk by what was asked: shared by all runs and processes, whole after a kill at any instant. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { hashJson } from '../../core/hash.js';
import type { JsonObject } from '../../core/json.js';
import { messageOf } from '../../core/errors.js';
import { isReply, type ChatOptions, type ChatOutcome } from '../chat-model.js';
import { Flusher } from '../../files/flush.js';
import { writeWhole } from '../../files/write-whole.js';
import type { Spend } from './spend.js';

/** Raised when the meaning of a stored answer changes; part of every key. */
const CACHE_VERSION = 2;

const entry = z.object({
  request: z.record(z.string(), z.json()),
  reply: z.object({
    text: z.string().min(1),
    model: z.string(),
    fingerprint: z.string().nullable(),
    usage: z.object({ promptTokens: z.number(), completionTokens: z.number() }).nullable(),
    date: z.string(),
    dropped: z.array(z.string()),
  }),
});

/** What is kept of an answer. */
export type StoredReply = z.infer<typeof entry>['reply'];

/** Everything known that can change an answer: address and name of the endpoint, model, messages, wishes, index of the sample. */
export interface CacheRequest {
  readonly baseUrl: string;
  readonly endpointName?: string;
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly wishes: JsonObject;
  readonly sample: number;
}

/**
 * The folder used unless another is named: `LIGHTMEM_CACHE`, else `$XDG_CACHE_HOME/lightmem` or `~/.cache/lightmem`, with `/replies`;
 * null, no cache at all, where `LIGHTMEM_CACHE` is `off`.
 */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  if (environment['LIGHTMEM_CACHE'] === 'off') return null;
  const root =
    environment['LIGHTMEM_CACHE'] || join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lightmem');
  return join(root, 'replies');
}

/** One file per request under `folder`, named by the hash of its canonical form. */
export class ReplyCache {
  readonly #flusher = new Flusher();

  constructor(readonly folder: string) {}

  /** The kept answer; null when there is none or its file is not what was asked for (it is then asked and written anew). */
  async read(request: CacheRequest): Promise<StoredReply | null> {
    const key = keyOf(request);
    try {
      const stored = entry.parse(JSON.parse(await readFile(this.#path(key), 'utf8')));
      return hashJson(stored.request) === key ? stored.reply : null;
    } catch {
      return null;
    }
  }

  /** Keeps an answer: safe from a kill on return, and from a power loss once `drain` has returned. */
  write(request: CacheRequest, reply: StoredReply): void {
    const path = this.#path(keyOf(request));
    const text = JSON.stringify({ request: { version: CACHE_VERSION, ...request }, reply });
    writeWhole(path, text, { flush: false });
    this.#flusher.add(path);
  }

  /** Waits until all that was kept is on the disk. */
  drain(): Promise<void> {
    return this.#flusher.drain();
  }

  #path(key: string): string {
    return join(this.folder, key.slice(0, 2), `${key.slice(2)}.json`);
  }
}

/** SHA-256 of the request's canonical JSON: no two requests have the same text. */
export function keyOf(request: CacheRequest): string {
  return hashJson({ version: CACHE_VERSION, ...request });
}

type IsUsable = NonNullable<ChatOptions['isUsable']>;

const anyAnswer: IsUsable = () => true;

/** A model's answers kept in a cache: what was answered whole is never asked for again. */
export class CachedReplies {
  readonly #cache: ReplyCache | null;
  readonly #spend: Spend;
  readonly #renew: boolean;
  #trouble: string | null = null;

  /** `folder`: null keeps nothing; default `cacheFolder()`. Answers found are noted in `spend`; `renew` finds none and keeps new ones. */
  constructor(folder: string | null | undefined, spend: Spend, renew = false) {
    const used = folder === undefined ? cacheFolder() : folder;
    this.#cache = used === null ? null : new ReplyCache(used);
    this.#spend = spend;
    this.#renew = renew;
  }

  /** Why answers are not being kept, where the folder cannot be written; null while it can. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** The answer as it was given; null when there is none that can be used. */
  async find(request: CacheRequest, isUsable = anyAnswer): Promise<ChatOutcome | null> {
    const kept = this.#renew ? null : await this.#cache?.read(request);
    if (!kept || !isUsable(kept.text)) return null;
    this.#spend.noteCached();
    return { status: 'ok', ...kept, cached: true };
  }

  /** Keeps a whole answer that can be used, and hands every outcome on: what is paid for is used, whether or not it can be kept. */
  keep(request: CacheRequest, outcome: ChatOutcome, isUsable = anyAnswer): ChatOutcome {
    if (outcome.status !== 'ok' || !isReply(outcome) || this.#cache === null || !isUsable(outcome.text)) return outcome;
    const { text, model, fingerprint, usage, date, dropped } = outcome;
    try {
      this.#cache.write(request, { text, model, fingerprint, usage, date, dropped: [...dropped] });
    } catch (error) {
      this.#trouble = messageOf(error);
    }
    return outcome;
  }

  /** Waits until all that was kept is on the disk, safe from a power loss. */
  async drain(): Promise<void> {
    await this.#cache?.drain();
  }
}
