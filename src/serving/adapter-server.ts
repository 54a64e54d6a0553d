/** A server that answers for a base and for adapters of it: reached or started, started again where it dies, asked with patience. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { Exchange } from '../llm/protocol/transport.js';
import { keyFor, normalBaseUrl } from '../llm/settings.js';
import type { Completion, Dialect, ServedAdapter, ServedPrompt, Serving, Told } from './dialect.js';
import { LlamaServer } from './llama-server.js';
import { OpenAiServer } from './openai-server.js';
import { refusalOf, ServerClient } from './server-client.js';
import { ServerProcess } from './server-process.js';
import type { ServerKind } from './settings.js';
import { Vllm } from './vllm.js';

/** How often a server that died is started again. */
const MOST_RESTARTS = 2;
/** Tries of one question. */
const MOST_TRIES = 4;
/** Further tries of a question that had no answer in time. */
const MOST_TIMEOUTS = 2;
const FIRST_PAUSE_MS = 250;

const DIALECTS: Readonly<Record<ServerKind, (serving: Serving) => Dialect>> = {
  vllm: (serving) => new Vllm(serving),
  'llama-server': (serving) => new LlamaServer(serving),
  openai: (serving) => new OpenAiServer(serving),
};

/** Whom a question is put to: the base, or the adapter in use. */
export type Asked = 'base' | 'adapter';

/** An answer, or why there is none. */
export type ServedOutcome = { readonly completion: Completion } | { readonly failure: string };

/** The server, one adapter in use at a time. */
export class AdapterServer {
  readonly #dialect: Dialect;
  #process: ServerProcess | undefined;
  readonly #remote: ServerClient | undefined;
  #told: Told | undefined;
  #adapter: ServedAdapter | null = null;
  #naming: Readonly<Record<Asked, JsonObject>> | undefined;
  #restarts = 0;
  #repair: Promise<void> | undefined;
  /** Names of adapters that were seen to change answers. */
  readonly checked = new Set<string>();

  constructor(readonly serving: Serving) {
    const { kind, endpoint } = serving.settings;
    this.#dialect = DIALECTS[kind](serving);
    if (endpoint === undefined) return;
    const url = normalBaseUrl(endpoint);
    this.#remote = new ServerClient(url.replace(/\/v1$/, ''), keyFor(url, process.env));
  }

  /** For people. */
  get name(): string {
    return this.#remote === undefined ? this.#dialect.name : `${this.#dialect.name} at ${this.#remote.root}`;
  }

  /** Puts an adapter in use, null for the base alone; the server is started for it where it must be. Throws UserError where that fails. */
  async use(adapter: ServedAdapter | null, signal?: AbortSignal): Promise<Told> {
    this.#adapter = adapter;
    this.#naming = undefined;
    await this.#ready(signal);
    this.#told ??= await this.#dialect.tell(this.#client);
    return this.#told;
  }

  /** Answers greedily. Throws UserError where the server cannot go on at all, and the signal's reason. */
  async ask(prompt: ServedPrompt, asked: Asked, signal?: AbortSignal): Promise<ServedOutcome> {
    let last = '';
    for (let tries = 0, timeouts = 0; tries < MOST_TRIES && timeouts < MOST_TIMEOUTS; tries++) {
      if (tries > 0) await pause(FIRST_PAUSE_MS * 2 ** (tries - 1), signal);
      const naming = (await this.#ready(signal))[asked];
      const { path, body } = this.#dialect.request(prompt, naming);
      const timeoutMs = this.serving.settings.answerSeconds * 1000;
      const answer = await this.#client.post(path, body, { timeoutMs, signal });
      signal?.throwIfAborted();
      if (answer.kind === 'response' && answer.status === 200) {
        const read = this.#dialect.read(answer.body);
        if (typeof read !== 'string') return { completion: read };
        last = read;
        continue;
      }
      last = refusalOf(answer);
      if (answer.kind === 'timeout') timeouts++;
      else if (answer.kind === 'network') await this.#lost(last, tries, signal);
      else if (this.#isFinal(answer, naming)) break;
    }
    if (last.startsWith('404:')) throw new UserError(`asking stopped: ${this.name} knows no such model (${last})`);
    return { failure: last };
  }

  /** Ends a server that was started here. */
  async close(): Promise<void> {
    const ending = this.#process;
    this.#process = undefined;
    await ending?.close();
  }

  get #client(): ServerClient {
    const client = this.#remote ?? this.#process?.client;
    if (client === undefined) throw new Error('the server is not started');
    return client;
  }

  /** Fields that name base and adapter, of a server that is there and has both; one repair at a time. */
  async #ready(signal?: AbortSignal): Promise<Readonly<Record<Asked, JsonObject>>> {
    while (this.#naming === undefined || this.#process?.end !== undefined) {
      this.#repair ??= this.#prepare(signal).finally(() => (this.#repair = undefined));
      await this.#repair;
    }
    return this.#naming;
  }

  async #prepare(signal?: AbortSignal): Promise<void> {
    this.#naming = undefined;
    if (this.#process?.end !== undefined) {
      const { end } = this.#process;
      this.#process = undefined;
      if (++this.#restarts > MOST_RESTARTS)
        throw new UserError(`asking stopped: the server died ${this.#restarts} times: ${end}`);
    }
    if (this.#remote === undefined) this.#process ??= await this.#start(signal);
    this.#naming = (await this.#names()) ?? (await this.#startedAnew(signal));
  }

  /** Null where the server must be started anew with the adapter. */
  async #names(): Promise<Readonly<Record<Asked, JsonObject>> | null> {
    const base = await this.#dialect.choose(this.#client, null);
    const adapter = this.#adapter === null ? base : await this.#dialect.choose(this.#client, this.#adapter);
    return base === null || adapter === null ? null : { base, adapter };
  }

  async #startedAnew(signal?: AbortSignal): Promise<Readonly<Record<Asked, JsonObject>>> {
    await this.close();
    this.#process = await this.#start(signal);
    const names = await this.#names();
    if (names === null) throw new UserError(`${this.name} was started with an adapter that it does not list`);
    return names;
  }

  #start(signal: AbortSignal | undefined): Promise<ServerProcess> {
    this.#dialect.forget();
    const seconds = this.serving.settings.startSeconds;
    return ServerProcess.start((port) => this.#dialect.start(this.#adapter, port), { seconds, signal });
  }

  /** A server started here gets a moment to be seen as gone; one elsewhere is given up after the last try. */
  async #lost(why: string, tries: number, signal: AbortSignal | undefined): Promise<void> {
    if (tries + 1 < MOST_TRIES) return;
    if (this.#process === undefined || this.#process.end === undefined)
      throw new UserError(`asking stopped: ${this.name} does not answer (${why}): run again to go on`);
    await this.#ready(signal);
  }

  /** Whether asking again would bring the same; a server that no longer knows its adapter is told of it again. */
  #isFinal(answer: Exchange, naming: JsonObject): boolean {
    if (answer.kind !== 'response') return answer.kind === 'oversized';
    if (answer.status === 401 || answer.status === 403)
      throw new UserError(`${this.name} refuses the key (${refusalOf(answer)}): set LIGHTMEM_API_KEY`);
    if (answer.status === 404) {
      if (this.#naming?.base === naming || this.#naming?.adapter === naming) {
        this.#naming = undefined;
        this.#dialect.forget();
      }
      return false;
    }
    return answer.status < 500 && answer.status !== 429 && answer.status !== 408;
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
}

let opened: { readonly key: string; readonly server: AdapterServer } | undefined;

/** The server of a base: the one that is open where it is the same, else a new one in its place, for the runs of a grid share it. */
export async function adapterServer(serving: Serving): Promise<AdapterServer> {
  const key = JSON.stringify([serving.settings, serving.base.path, serving.base.identity]);
  if (opened?.key === key) return opened.server;
  await closeAdapterServer();
  opened = { key, server: new AdapterServer(serving) };
  return opened.server;
}

/** Closes the server that is open, if any. */
export async function closeAdapterServer(): Promise<void> {
  const closing = opened;
  opened = undefined;
  await closing?.server.close();
}
