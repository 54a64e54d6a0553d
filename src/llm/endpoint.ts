/** A model behind an OpenAI-compatible endpoint: every request is cached, paced, retried, timed and counted here. */
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json, JsonObject } from '../core/json.js';
import type { PaceSignal } from './pace/adaptive-limit.js';
import {
  type ChatFailure,
  type ChatMessage,
  type ChatModel,
  type ChatOptions,
  type ChatOutcome,
  type ChatUsage,
} from './chat-model.js';
import { readCompletion } from './protocol/completion.js';
import { meaningOf, type Retry } from './protocol/errors.js';
import { sharedLimiter, type Limiter } from './pace/limiter.js';
import { redactor } from '../core/redact.js';
import { CachedReplies, type CacheRequest } from './spend/reply-cache.js';
import { ServerLimits, wishes } from './protocol/request.js';
import { retryAfterMs } from './pace/retry-after.js';
import { normalBaseUrl, type EndpointSettings } from './settings.js';
import { promptEstimate, Spend, type RequestEnd } from './spend/spend.js';
import { estimateTokens } from './spend/token-estimate.js';
import { postJson, type Exchange } from './protocol/transport.js';

const DEFAULTS = {
  timeoutMs: 180_000,
  deadlineMs: 900_000,
  maxAttempts: 6,
  maxRetryAfterMs: 300_000,
  backoffMs: 500,
  maxConcurrency: 64,
};
const LONGEST_BACKOFF_MS = 30_000;
/** An empty or broken answer is asked for again this often; at temperature 0 more would bring the same. */
const ANSWER_RETRIES = 2;
/** Refusals of parameters that one request learns from. */
const MOST_LESSONS = 6;

/** A server that let so many deadlines pass is too slow for them, and may be working on all that it was asked. */
const MOST_TIMEOUTS = 2;

/** Failures before a request left this machine: nothing can have been charged. */
const NEVER_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|CERT|self-signed/;

/** What one try brought, and what to do next. */
interface Try {
  readonly outcome: ChatOutcome;
  readonly retry: Retry | 'answer' | 'longer' | 'adapted';
  readonly retryAfterMs: number | null;
  readonly maxRetries: number;
  readonly pace: PaceSignal;
  readonly end: (again: boolean) => RequestEnd;
}

/** The state of one request over its tries. */
interface Progress {
  readonly startedAt: number;
  tries: number;
  throttles: number;
  answerRetries: number;
  lessons: number;
  wished: JsonObject;
  grown: boolean;
}

export interface EndpointParts {
  /** Default: the one that all clients of this endpoint and model in this process share. */
  readonly limiter?: Limiter;
  /** Default: a new one without limits. */
  readonly spend?: Spend;
}

/** The client; settings' defaults are on `EndpointSettings`. */
export class ChatEndpoint implements ChatModel {
  readonly name: string;
  readonly identity: Json;
  readonly concurrency: number;
  readonly spend: Spend;
  /** Cleans a text of keys before it is shown or kept. */
  readonly redact: (text: string) => string;
  readonly #settings: EndpointSettings & typeof DEFAULTS;
  readonly #limiter: Limiter;
  readonly #replies: CachedReplies;
  readonly #server = new ServerLimits();
  readonly #underWay = new Map<string, Promise<ChatOutcome>>();
  readonly #url: URL;
  /** What stands for the endpoint in identities: its base URL, and that of raw prompts where it takes them. */
  readonly #address: string;

  constructor(settings: EndpointSettings, parts: EndpointParts = {}) {
    const baseUrl = normalBaseUrl(settings.baseUrl);
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    this.#settings = { ...DEFAULTS, ...settings, ...given, baseUrl };
    this.#address = settings.prompts === 'raw' ? `${baseUrl}/completions` : baseUrl;
    this.#url = new URL(settings.prompts === 'raw' ? this.#address : `${baseUrl}/chat/completions`);
    this.#limiter = parts.limiter ?? sharedLimiter(baseUrl, settings.model, this.#settings);
    this.spend = parts.spend ?? new Spend(settings.price);
    this.#replies = new CachedReplies(settings.cacheFolder, this.spend, settings.renewReplies);
    this.name = `${settings.model} at ${this.#url.host}`;
    this.identity = {
      kind: 'endpoint',
      baseUrl: this.#address,
      ...(settings.endpointName !== undefined && { endpointName: settings.endpointName }),
      model: settings.model,
      wishes: wishes(this.#settings, {}),
    };
    this.concurrency = this.#settings.maxConcurrency;
    this.redact = redactor([settings.apiKey]);
  }

  /** Why answers are not being kept, where the cache cannot be written; null while it can. */
  get cacheTrouble(): string | null {
    return this.#replies.trouble;
  }

  /** Waits until every answer kept so far is on the disk, safe from a power loss. */
  async drain(): Promise<void> {
    await this.#replies.drain();
  }

  async complete(messages: readonly ChatMessage[], options: ChatOptions = {}): Promise<ChatOutcome> {
    const request = this.#request(messages, options);
    const kept = await this.#replies.find(request, options.isUsable);
    if (kept !== null) return kept;
    const key = JSON.stringify(request);
    const running = this.#underWay.get(key);
    if (running === undefined) return this.#askOnce(key, request, options);
    const shared = await running;
    return shared.status === 'cancelled' && options.signal?.aborted !== true
      ? this.complete(messages, options)
      : shared;
  }

  #request(messages: readonly ChatMessage[], options: ChatOptions): CacheRequest {
    const { endpointName } = this.#settings;
    return {
      baseUrl: this.#address,
      ...(endpointName !== undefined && { endpointName }),
      model: this.#settings.model,
      messages: messages.map(({ role, content }) => ({ role, content })),
      wishes: wishes(this.#settings, options),
      sample: options.sample ?? 0,
    };
  }

  async #askOnce(key: string, request: CacheRequest, options: ChatOptions): Promise<ChatOutcome> {
    const asking = this.#ask(request, options);
    this.#underWay.set(key, asking);
    try {
      return await asking;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #ask(request: CacheRequest, { signal, grow = true, isUsable }: ChatOptions): Promise<ChatOutcome> {
    if (signal !== undefined) setMaxListeners(0, signal); // many requests wait on one signal
    const progress: Progress = {
      startedAt: performance.now(),
      tries: 0,
      throttles: 0,
      answerRetries: 0,
      lessons: 0,
      wished: request.wishes,
      grown: !grow,
    };
    let last: ChatOutcome | undefined;
    for (;;) {
      const left = this.#settings.deadlineMs - (performance.now() - progress.startedAt);
      if (last !== undefined && left <= 0) return last;
      const result = await this.#try(request, progress, last === undefined ? signal : within(left, signal));
      const late = performance.now() - progress.startedAt >= this.#settings.deadlineMs;
      const cut = late && (result.outcome.status === 'cancelled' || result.outcome.status === 'timeout');
      if (cut && signal?.aborted !== true) return last ?? result.outcome; // what was wrong before says more
      last = result.outcome;
      if (isFinal(result, progress, this.#settings)) return this.#replies.keep(request, result.outcome, isUsable);
      if (result.retry === 'longer') progress.wished = longer(progress.wished);
      if (result.retry !== 'backoff') continue;
      await pause(backoff(this.#settings.backoffMs, progress.tries, result.retryAfterMs), signal);
    }
  }

  async #try(request: CacheRequest, progress: Progress, signal: AbortSignal | undefined): Promise<Try> {
    const messages = request.messages as readonly ChatMessage[];
    const reservation = await this.spend.reserve(messages, Number(progress.wished['max_tokens']));
    if (reservation === null) return unsent('budget', 'the spending limit is reached: what was finished is kept');
    const ticket = await this.#limiter.enter(signal, progress.tries > 0);
    if (ticket === null) {
      this.spend.settle(reservation, { kind: 'unsent' });
      return unsent('cancelled', 'cancelled');
    }
    if (progress.tries === 0) Object.assign(progress, { startedAt: performance.now() });
    const chat = this.#server.body(request.model, messages, progress.wished);
    const body = this.#settings.prompts === 'raw' ? rawBody(chat, messages) : chat;
    const exchange = await this.#post(body, progress, signal);
    const result = this.#read(exchange, body, messages);
    const wait = result.retryAfterMs === null ? null : Math.min(result.retryAfterMs, this.#settings.maxRetryAfterMs);
    this.#limiter.leave(ticket, result.pace, wait);
    this.spend.settle(reservation, result.end(progress.tries > 0));
    progress.tries++;
    return result;
  }

  async #post(body: JsonObject, progress: Progress, signal: AbortSignal | undefined): Promise<Exchange> {
    const left = this.#settings.deadlineMs - (performance.now() - progress.startedAt);
    return postJson(this.#url, JSON.stringify(body), {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': 'lightmem',
        ...(this.#settings.apiKey === undefined ? {} : { authorization: `Bearer ${this.#settings.apiKey}` }),
      },
      timeoutMs: Math.max(1, Math.min(this.#settings.timeoutMs, left)),
      signal,
    });
  }

  #read(exchange: Exchange, body: JsonObject, messages: readonly ChatMessage[]): Try {
    if (exchange.kind !== 'response') return this.#lost(exchange, messages);
    if (exchange.status >= 300 && exchange.status < 400) return this.#redirected(exchange);
    if (exchange.status !== 200) return this.#refused(exchange, exchange.status, body);
    const completion = readCompletion(exchange.body, this.#settings.prompts);
    if (completion.status === 'error-body') return this.#refused({ ...exchange, body: completion.body }, 200, body);
    const answered =
      (usage: ChatUsage | null, text: string) =>
      (again: boolean): RequestEnd => ({
        kind: 'answered',
        again,
        estimated: usage === null,
        usage: usage ?? { promptTokens: promptEstimate(messages), completionTokens: estimateTokens(text) },
      });
    if (!('text' in completion)) {
      const { retry } = completion;
      const outcome = this.#failure(completion.status, completion.message);
      return { ...FINAL, outcome, retry, pace: 'accepted', end: answered(completion.usage, '') };
    }
    const { text, fingerprint, usage, status } = completion;
    const model = completion.model ?? this.#settings.model;
    const reply = {
      text,
      model,
      fingerprint,
      usage,
      date: new Date().toISOString(),
      cached: false,
      dropped: this.#server.dropped,
    };
    const retry = status === 'truncated' ? 'longer' : 'no';
    return { ...FINAL, outcome: { status, ...reply }, retry, pace: 'accepted', end: answered(usage, text) };
  }

  #lost(exchange: Exclude<Exchange, { kind: 'response' }>, messages: readonly ChatMessage[]): Try {
    const status = exchange.kind === 'oversized' ? 'malformed' : exchange.kind;
    const outcome = this.#failure(status, exchange.message);
    const retry = exchange.kind === 'cancelled' ? 'no' : 'backoff';
    if (NEVER_SENT.test(exchange.message)) return { ...FINAL, outcome, retry };
    const promptTokens = promptEstimate(messages);
    return { ...FINAL, outcome, retry, end: (again) => ({ kind: 'lost', again, promptTokens }) };
  }

  #redirected(exchange: Extract<Exchange, { kind: 'response' }>): Try {
    const target = exchange.headers.get('location') ?? 'another address';
    return {
      ...FINAL,
      outcome: this.#failure('bad-request', `redirected to ${target}: give that address as the endpoint`),
    };
  }

  #refused(exchange: Extract<Exchange, { kind: 'response' }>, status: number, body: JsonObject): Try {
    const meaning = meaningOf(status, exchange.body, this.#url.hostname);
    const wait = retryAfterMs(exchange.headers, Date.now());
    const adapted = meaning.status === 'bad-request' && this.#server.learn(body, meaning.message, meaning.parameter);
    return {
      ...FINAL,
      outcome: this.#failure(meaning.status, meaning.message),
      retry: adapted ? 'adapted' : meaning.retry,
      retryAfterMs: wait,
      maxRetries: meaning.maxRetries ?? Infinity,
      pace: meaning.retry === 'throttle' ? 'throttled' : 'failed',
    };
  }

  #failure(status: ChatFailure['status'], message: string): ChatFailure {
    return { status, message: this.redact(message) };
  }
}

/** A signal that fires with the given one, or when the time is up. */
function within(leftMs: number, signal: AbortSignal | undefined): AbortSignal {
  const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(leftMs)));
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
}

/** The body for `/completions`: the text of the message as it stands, special tokens in it and none added. */
function rawBody(chat: JsonObject, messages: readonly ChatMessage[]): JsonObject {
  const fields = Object.entries(chat).filter(([name]) => name !== 'messages' && name !== 'chat_template_kwargs');
  const prompt = messages.map(({ content }) => content).join('');
  return { ...Object.fromEntries(fields), prompt, add_special_tokens: false };
}

function longer(wished: JsonObject): JsonObject {
  return { ...wished, max_tokens: Number(wished['max_tokens']) * 2 };
}

/** A try that ends the request; the parts that differ are put over it. */
const FINAL = {
  retry: 'no',
  retryAfterMs: null,
  maxRetries: Infinity,
  pace: 'failed',
  end: (again: boolean): RequestEnd => ({ kind: 'refused', again }),
} as const;

function unsent(status: 'budget' | 'cancelled', message: string): Try {
  return { ...FINAL, outcome: { status, message } };
}

/** Whether the request ends with this try; counts what is used up on the way. */
function isFinal(result: Try, progress: Progress, settings: typeof DEFAULTS): boolean {
  if (performance.now() - progress.startedAt >= settings.deadlineMs) return true;
  if ((result.retryAfterMs ?? 0) > settings.maxRetryAfterMs) return true;
  switch (result.retry) {
    case 'no':
      return true;
    case 'backoff':
      return progress.tries >= (result.outcome.status === 'timeout' ? MOST_TIMEOUTS : settings.maxAttempts);
    case 'throttle':
      return ++progress.throttles > result.maxRetries;
    case 'answer':
      return ++progress.answerRetries > ANSWER_RETRIES;
    case 'adapted':
      return ++progress.lessons > MOST_LESSONS;
    case 'longer': {
      const grown = progress.grown;
      progress.grown = true;
      return grown;
    }
  }
}

/** Pause before the next try: doubled each time up to a cap, then anything between half and all of it; never less than asked for. */
export function backoff(first: number, tries: number, asked: number | null): number {
  const longest = Math.min(LONGEST_BACKOFF_MS, first * 2 ** Math.max(0, tries - 1));
  return Math.max(asked ?? 0, longest * (0.5 + Math.random() / 2));
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
