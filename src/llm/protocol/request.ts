/** The request body for an endpoint, fitted to what the server knows: wishes it refuses are left out and remembered. */
import type { Json, JsonObject } from '../../core/json.js';
import type { ChatMessage, ChatOptions } from '../chat-model.js';
import type { EndpointSettings } from '../settings.js';

export const DEFAULT_MAX_TOKENS = 2048;

/** What is wished for, in the names of the API: part of the cache key, whatever the server makes of it. */
export function wishes(settings: EndpointSettings, options: ChatOptions): JsonObject {
  const optional: [string, Json | undefined][] = [
    ['top_p', options.topP],
    ['seed', options.seed],
    ['stop', options.stop],
    ['response_format', options.json === true ? { type: 'json_object' } : undefined],
  ];
  return {
    temperature: options.temperature ?? 0,
    max_tokens: options.maxTokens ?? DEFAULT_MAX_TOKENS,
    ...Object.fromEntries(optional.filter((entry): entry is [string, Json] => entry[1] !== undefined)),
    ...thinkingWish(settings),
    ...settings.extra,
  };
}

/** Qwen 3 and later think unless told not to; DashScope and local servers are told in different ways. */
function thinkingWish(settings: EndpointSettings): JsonObject {
  if (settings.thinking === 'as-served' || !/qw(en|q)/i.test(settings.model)) return {};
  const host = new URL(settings.baseUrl).hostname;
  if (host.endsWith('aliyuncs.com')) return { enable_thinking: false };
  return /qwen-?3|qwq/i.test(settings.model) ? { chat_template_kwargs: { enable_thinking: false } } : {};
}

/** Fields that may be left out or changed when a server refuses them. */
const OPTIONAL = [
  'response_format',
  'seed',
  'top_p',
  'stop',
  'temperature',
  'enable_thinking',
  'chat_template_kwargs',
  'max_tokens',
] as const;

/** What a server turned out not to know; grows while the endpoint is used. */
export class ServerLimits {
  readonly #dropped = new Set<string>();
  #completionTokens = false;
  #largestMaxTokens = Infinity;
  #forcesThinkingOff = false;

  /** Fields left out, by name. */
  get dropped(): readonly string[] {
    return [...this.#dropped];
  }

  /** The body to send. */
  body(model: string, messages: readonly ChatMessage[], wished: JsonObject): JsonObject {
    const { max_tokens: wishedMax, ...rest } = wished;
    const maxTokens = Math.min(Number(wishedMax), this.#largestMaxTokens);
    const limit = this.#completionTokens ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens };
    const fields = { ...rest, ...limit, ...(this.#forcesThinkingOff ? { enable_thinking: false } : {}) };
    const kept = Object.entries(fields).filter(([name]) => !this.#dropped.has(name));
    return {
      model,
      messages: messages.map(({ role, content }) => ({ role, content })),
      stream: false,
      ...Object.fromEntries(kept),
    };
  }

  /** Learns from a refusal of `body`; whether the request is now worth another try. */
  learn(body: JsonObject, message: string, parameter: string | null): boolean {
    if (/enable_thinking.{0,40}(must|should) be (set to )?false/i.test(message) && body['enable_thinking'] !== false) {
      this.#forcesThinkingOff = true;
      this.#dropped.delete('enable_thinking');
      return true;
    }
    if (/max_completion_tokens/.test(message) && 'max_tokens' in body) return (this.#completionTokens = true);
    if (this.#learnLargest(body, message)) return true;
    return this.#drop(body, message, parameter);
  }

  #learnLargest(body: JsonObject, message: string): boolean {
    const asked = Number(body['max_tokens'] ?? body['max_completion_tokens']);
    if (!/max_(completion_)?tokens/.test(message)) return false;
    const bounds = [...message.matchAll(/\b\d{2,7}\b/g)].map(Number).filter((bound) => bound < asked && bound >= 16);
    if (bounds.length === 0) return false;
    this.#largestMaxTokens = Math.max(...bounds);
    return true;
  }

  #drop(body: JsonObject, message: string, parameter: string | null): boolean {
    const named = OPTIONAL.find((name) => name in body && (parameter === name || mentions(message, name)));
    if (named === undefined) return false;
    this.#dropped.add(named);
    return true;
  }
}

function mentions(message: string, name: string): boolean {
  return new RegExp(`(^|[^\\w])${name}([^\\w]|$)`).test(message);
}
