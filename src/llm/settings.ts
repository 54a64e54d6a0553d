/** Where a model is asked and how: settings of an endpoint, and its key, which comes from the environment only. */
import type { JsonObject } from '../core/json.js';
import { UserError } from '../core/errors.js';
import { isLoopback } from './protocol/transport.js';
import type { Price } from './spend/spend.js';

export interface EndpointSettings {
  /** Up to and without `/chat/completions`, e.g. `https://dashscope.aliyuncs.com/compatible-mode/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  /** Absent where the server wants none. */
  readonly apiKey?: string;
  /** Longest wait for one whole answer; default 180,000. */
  readonly timeoutMs?: number;
  /** Longest time for one request with all its retries, from its first try; default 900,000. */
  readonly deadlineMs?: number;
  /** Tries after which a server or network error is final; default 6. */
  readonly maxAttempts?: number;
  /** Longest `Retry-After` that is waited for; a longer one ends the work, to be resumed. Default 300,000. */
  readonly maxRetryAfterMs?: number;
  /** First pause after an error, doubled each time; default 500. */
  readonly backoffMs?: number;
  /** Most requests under way at once; default 64. */
  readonly maxConcurrency?: number;
  /** Whether Qwen-like models are told not to think; default `off`. */
  readonly thinking?: 'off' | 'as-served';
  /** `raw` sends the one message's text to `/completions` as a whole prompt, no template applied; default `chat`. */
  readonly prompts?: 'chat' | 'raw';
  /** Further fields of the request body. */
  readonly extra?: JsonObject;
  readonly price?: Price;
  /** Tells this endpoint from another one at the same address under the same model name: part of its identity, and of its cache's keys. */
  readonly endpointName?: string;
  /** Folder of the reply cache; null for none. Default `cacheFolder()`. */
  readonly cacheFolder?: string | null;
  /** Whether kept replies are passed over and written anew; default no. */
  readonly renewReplies?: boolean;
}

/** The base URL in one form: no trailing slash, no `/chat/completions`. Throws UserError where it cannot be one. */
export function normalBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UserError(`invalid endpoint "${text}": use an http or https address, e.g. http://localhost:8000/v1`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UserError(
      `invalid endpoint: leave out user, password, query and fragment; keys come from the environment`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')}`;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The key for an endpoint: `LIGHTMEM_API_KEY` for any; else `DASHSCOPE_API_KEY` or `OPENAI_API_KEY` for their makers' hosts
 * (and `OPENAI_API_KEY` for the host of `OPENAI_BASE_URL`), so that no key is sent to a host it is not for.
 */
export function keyFor(baseUrl: string, environment: Environment): string | undefined {
  const own = named(environment, 'LIGHTMEM_API_KEY');
  if (own !== undefined) return own;
  const host = new URL(baseUrl).hostname;
  if (host === 'aliyuncs.com' || host.endsWith('.aliyuncs.com')) return named(environment, 'DASHSCOPE_API_KEY');
  const openAiBase = named(environment, 'OPENAI_BASE_URL') ?? 'https://api.openai.com/v1';
  const openAiHosts = ['api.openai.com', URL.canParse(openAiBase) ? new URL(openAiBase).hostname : ''];
  return openAiHosts.includes(host) ? named(environment, 'OPENAI_API_KEY') : undefined;
}

function named(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  if (value === undefined || value === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(value)) throw new UserError(`${name} holds characters that no key has: set it anew`);
  return value;
}

/** Settings from what a user gave and the environment: endpoint from the flag, else `LIGHTMEM_BASE_URL`, else `OPENAI_BASE_URL`. */
export function endpointSettings(
  given: Omit<EndpointSettings, 'baseUrl' | 'apiKey'> & { readonly baseUrl?: string },
  environment: Environment = process.env,
): EndpointSettings {
  const address = given.baseUrl ?? named(environment, 'LIGHTMEM_BASE_URL') ?? named(environment, 'OPENAI_BASE_URL');
  if (address === undefined) {
    throw new UserError('no endpoint: name its address (endpoint), or set LIGHTMEM_BASE_URL');
  }
  const baseUrl = normalBaseUrl(address);
  const apiKey = keyFor(baseUrl, environment);
  if (apiKey === undefined && !isLoopback(new URL(baseUrl).hostname)) refuseMissingKey(baseUrl);
  return { ...given, baseUrl, ...(apiKey === undefined ? {} : { apiKey }) };
}

function refuseMissingKey(baseUrl: string): void {
  const host = new URL(baseUrl).hostname;
  const name = host.endsWith('aliyuncs.com')
    ? 'DASHSCOPE_API_KEY'
    : host === 'api.openai.com'
      ? 'OPENAI_API_KEY'
      : undefined;
  if (name !== undefined) throw new UserError(`no key for ${host}: set ${name} or LIGHTMEM_API_KEY`);
}
