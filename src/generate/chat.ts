/** A local model that answers chat messages through our engine: what an endpoint does, without a server. */
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import type { Json, JsonObject } from '../core/json.js';
import type { Engine, Program } from '../engine/engine.js';
import {
  type ChatFailure,
  type ChatMessage,
  type ChatModel,
  type ChatOptions,
  type ChatOutcome,
} from '../llm/chat-model.js';
import { isRefusal } from '../text/refusal.js';
import { CachedReplies, type CacheRequest } from '../llm/spend/reply-cache.js';
import { DEFAULT_MAX_TOKENS } from '../llm/protocol/request.js';
import { Spend } from '../llm/spend/spend.js';
import { withoutThoughts } from '../text/thoughts.js';
import type { LoadedModel } from '../models/model.js';
import { markedPrompt } from '../models/text/prompt.js';
import { Generator, type Generation } from './generator.js';

export interface LocalChatOptions {
  readonly model: LoadedModel;
  readonly engine: Engine;
  /** Requests answered side by side; default 4. */
  readonly batch?: number;
  /** Folder of the reply cache; null for none. Default `cacheFolder()`. */
  readonly cacheFolder?: string | null;
  /** Default: a new one without limits. */
  readonly spend?: Spend;
}

/** Wishes that generation here cannot grant; they are left out and named in the reply. */
const UNKNOWN = ['top_p', 'response_format'] as const;

/** Raised when the way from messages to an answer changes; part of the cache's key. */
const VERSION = 1;

/** A request, its prompt in tokens, and the most tokens of an answer. */
interface Asked {
  readonly request: CacheRequest;
  readonly messages: readonly ChatMessage[];
  readonly prompt: readonly number[];
  readonly wanted: number;
}

/** One request waiting to be answered. */
interface Job {
  readonly key: string;
  readonly prompt: readonly number[];
  readonly limit: number;
  readonly temperature: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (generation: Generation | 'cancelled') => void;
  readonly reject: (error: unknown) => void;
}

/** All requests of a batch were cancelled while it was being answered. */
class Cancelled extends Error {}

/** The client; the model is loaded at the first request that the cache does not answer. */
export class LocalChat implements ChatModel {
  readonly name: string;
  readonly identity: Json;
  readonly concurrency: number;
  readonly spend: Spend;
  readonly #options: LocalChatOptions;
  readonly #replies: CachedReplies;
  readonly #queue: Job[] = [];
  #generator: Promise<Generator> | undefined;
  #working: Promise<void> | undefined;
  #underWay: readonly Job[] = [];

  constructor(options: LocalChatOptions) {
    const { model, engine, batch = 4, spend = new Spend() } = options;
    this.#options = options;
    this.name = model.name;
    this.identity = { kind: 'local', version: VERSION, model: model.identity, engine: engine.name };
    this.concurrency = batch;
    this.spend = spend;
    this.#replies = new CachedReplies(options.cacheFolder, spend);
  }

  /** Why answers are not being kept, where the cache cannot be written; null while it can. */
  get cacheTrouble(): string | null {
    return this.#replies.trouble;
  }

  /** Waits until every answer kept so far is on the disk. */
  async drain(): Promise<void> {
    await this.#replies.drain();
  }

  /** Frees the model once what is under way is done. */
  async dispose(): Promise<void> {
    await this.#working;
    await (await this.#generator)?.dispose();
    this.#generator = undefined;
  }

  async complete(messages: readonly ChatMessage[], options: ChatOptions = {}): Promise<ChatOutcome> {
    const request = this.#request(messages, options);
    const kept = await this.#replies.find(request, options.isUsable);
    if (kept !== null) return kept;
    if (options.signal?.aborted === true) return CANCELLED;
    const prompt = this.#prompt(messages);
    if ('status' in prompt) return prompt;
    const { maxTokens = DEFAULT_MAX_TOKENS, grow = true } = options;
    const asked = { request, messages, prompt: prompt.tokens };
    const first = await this.#answer({ ...asked, wanted: maxTokens }, options);
    const full = first.status === 'truncated' && (first.usage?.completionTokens ?? 0) >= maxTokens;
    return full && grow ? this.#answer({ ...asked, wanted: 2 * maxTokens }, options) : first;
  }

  #request(messages: readonly ChatMessage[], options: ChatOptions): CacheRequest {
    const { temperature = 0, maxTokens = DEFAULT_MAX_TOKENS, topP, seed = 0, stop, json } = options;
    const wishes: JsonObject = {
      temperature,
      max_tokens: maxTokens,
      seed,
      ...(topP !== undefined && { top_p: topP }),
      ...(stop !== undefined && { stop }),
      ...(json === true && { response_format: { type: 'json_object' } }),
    };
    return {
      baseUrl: 'local:',
      model: hashJson({ identity: this.identity }),
      messages: messages.map(({ role, content }) => ({ role, content })),
      wishes,
      sample: options.sample ?? 0,
    };
  }

  #prompt(messages: readonly ChatMessage[]): { readonly tokens: readonly number[] } | ChatFailure {
    const { model } = this.#options;
    const { tokenizer, config } = model;
    try {
      const tokens = tokenizer.encodePrompt(markedPrompt(model, messages));
      if (tokens.length < config.maxPositions) return { tokens };
      const message = `${tokens.length} tokens of prompt do not fit the model's ${config.maxPositions}: make the text or its parts smaller`;
      return { status: 'too-long', message };
    } catch (error) {
      return { status: 'bad-request', message: messageOf(error) };
    }
  }

  async #answer({ request, messages, prompt, wanted }: Asked, options: ChatOptions): Promise<ChatOutcome> {
    const limit = Math.min(wanted, this.#options.model.config.maxPositions - prompt.length);
    const reservation = await this.spend.reserve(messages, limit);
    if (reservation === null)
      return { status: 'budget', message: 'the spending limit is reached: what was finished is kept' };
    const generation = await this.#enqueue(request, prompt, limit, options);
    if (generation === 'cancelled') {
      this.spend.settle(reservation, { kind: 'unsent' });
      return CANCELLED;
    }
    const usage = { promptTokens: prompt.length, completionTokens: generation.tokens.length };
    this.spend.settle(reservation, {
      kind: 'answered',
      again: wanted > (options.maxTokens ?? wanted),
      usage,
      estimated: false,
    });
    return this.#replies.keep(request, this.#outcome(generation, usage, request.wishes), options.isUsable);
  }

  #outcome(
    { text: whole, finish }: Generation,
    usage: { promptTokens: number; completionTokens: number },
    wishes: JsonObject,
  ): ChatOutcome {
    const said = withoutThoughts(whole);
    const text = said.text.toWellFormed();
    if (said.unfinished)
      return { status: 'empty', message: 'a thought in the answer that never ends: raise the limit' };
    if (text === '') return { status: 'empty', message: 'no text in the answer' };
    if (isRefusal(text)) return { status: 'refusal', message: text.slice(0, 120) };
    const { name: model, identity } = this.#options.model;
    return {
      status: finish === 'length' ? 'truncated' : 'ok',
      text,
      model,
      fingerprint: identity.slice(0, 16),
      usage,
      date: new Date().toISOString(),
      cached: false,
      dropped: UNKNOWN.filter((name) => name in wishes),
    };
  }

  #enqueue(
    request: CacheRequest,
    prompt: readonly number[],
    limit: number,
    { temperature = 0, seed = 0, stop = [], signal }: ChatOptions,
  ): Promise<Generation | 'cancelled'> {
    const key = hashJson({ ...request });
    return new Promise((resolve, reject) => {
      this.#queue.push({ key, prompt, limit, temperature, seed, stop, signal, resolve, reject });
      this.#working ??= this.#work().finally(() => (this.#working = undefined));
    });
  }

  /** Answers what waits, batch by batch, until nothing does. */
  async #work(): Promise<void> {
    await setImmediate(); // requests made together are answered together
    while (this.#queue.length > 0) {
      const jobs = this.#take();
      this.#underWay = jobs;
      try {
        await this.#generate(jobs);
      } catch (error) {
        for (const job of jobs)
          if (error instanceof Cancelled) job.resolve('cancelled');
          else job.reject(error);
      }
      await setImmediate();
    }
  }

  /** The first that waits, and those behind it that are answered in the same manner. */
  #take(): Job[] {
    for (const job of this.#queue.filter(({ signal }) => signal?.aborted === true)) job.resolve('cancelled');
    const waiting = this.#queue.splice(0).filter(({ signal }) => signal?.aborted !== true);
    const manner = ({ temperature, seed, stop }: Job): string => JSON.stringify([temperature, seed, stop]);
    const jobs: Job[] = [];
    for (const job of waiting) {
      const fits = jobs.length < this.concurrency && (jobs[0] === undefined || manner(job) === manner(jobs[0]));
      (fits ? jobs : this.#queue).push(job);
    }
    return jobs;
  }

  /** Answers a batch to its longest limit, and cuts each answer at its own: greedy or drawn, a token does not depend on the limit. */
  async #generate(jobs: readonly Job[]): Promise<void> {
    const [first] = jobs;
    if (first === undefined) return;
    const generator = await (this.#generator ??= this.#load());
    const prompts = jobs.map(({ key, prompt }) => ({ id: key, group: key, tokens: prompt }));
    const { temperature, seed, stop } = first;
    const maxNewTokens = Math.max(...jobs.map(({ limit }) => limit));
    const answers = await generator.generate(prompts, { maxNewTokens, temperature, seed, stop });
    jobs.forEach((job, i) => job.resolve(this.#cut(answers[i] as Generation, job.limit)));
  }

  #cut(answer: Generation, limit: number): Generation {
    if (answer.tokens.length <= limit) return answer;
    const tokens = answer.tokens.slice(0, limit);
    return { ...answer, tokens, text: this.#options.model.tokenizer.decode(tokens).trim(), finish: 'length' };
  }

  #load(): Promise<Generator> {
    const { model, engine } = this.#options;
    return Generator.create({
      engine: this.#stoppable(engine),
      config: model.config,
      tokenizer: model.tokenizer,
      training: { kind: 'none' },
      values: ({ name }) => model.weights.read(name),
      isStuck: goesInCircles,
    });
  }

  /** The engine, giving up between two steps where nobody waits for the answer any more. */
  #stoppable(engine: Engine): Engine {
    const given = (): boolean => this.#underWay.every(({ signal }) => signal?.aborted === true);
    return {
      name: engine.name,
      lanes: engine.lanes,
      hold: (tensors) => engine.hold(tensors),
      compile: async (graph): Promise<Program> => {
        const program = await engine.compile(graph);
        return {
          run: async (inputs, into) => {
            if (given()) throw new Cancelled();
            return program.run(inputs, into);
          },
          dispose: () => program.dispose(),
        };
      },
    };
  }
}

const CANCELLED: ChatFailure = { status: 'cancelled', message: 'cancelled' };

/** Lengths of passages that are looked for, how much of the end they must fill, and how often it is looked. */
const LONGEST_PASSAGE = 96;
const ROUNDS = 4;
const LEAST_REPEATED = 48;
const EVERY = 16;

/** Whether an answer's end is one passage over and over, in tokens: more room would bring more of it. */
export function goesInCircles(answer: readonly number[]): boolean {
  if (answer.length % EVERY !== 0) return false;
  for (let period = 1; period <= LONGEST_PASSAGE; period++) {
    const span = Math.max(ROUNDS * period, LEAST_REPEATED);
    if (span > answer.length) return false;
    let same = 0;
    while (same < span - period && answer[answer.length - 1 - same] === answer[answer.length - 1 - same - period])
      same++;
    if (same === span - period) return true;
  }
  return false;
}
