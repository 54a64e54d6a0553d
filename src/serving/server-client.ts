/** One server's address: JSON is got and posted there, and what it refuses with is read. */
import { isObject, jsonIn, type Json } from '../core/json.js';
import { redactor } from '../core/redact.js';
import { exchange, type Exchange } from '../llm/protocol/transport.js';

const SHORT_MS = 30_000;
/** A server may take this long to load an adapter. */
const LOADING_MS = 600_000;

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A server at an address. */
export class ServerClient {
  readonly #redact: (text: string) => string;

  /** `root` is the address without `/v1`. */
  constructor(
    readonly root: string,
    readonly key?: string,
  ) {
    this.#redact = redactor([key]);
  }

  get(path: string, { timeoutMs = SHORT_MS, signal }: CallOptions = {}): Promise<Exchange> {
    return this.#send(path, { method: 'GET' }, { timeoutMs, signal });
  }

  post(path: string, body: Json, { timeoutMs = LOADING_MS, signal }: CallOptions = {}): Promise<Exchange> {
    return this.#send(path, { method: 'POST', body: JSON.stringify(body) }, { timeoutMs, signal });
  }

  async #send(path: string, request: { method: 'GET' | 'POST'; body?: string }, options: Required<CallOptions>) {
    const headers = {
      accept: 'application/json',
      'user-agent': 'lightmem',
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
    };
    const answer = await exchange(new URL(`${this.root}${path}`), request, { headers, ...options });
    const isRefusal = answer.kind === 'response' && answer.status !== 200;
    return isRefusal ? { ...answer, body: this.#redact(answer.body) } : answer;
  }
}

/** The parsed body of a success; undefined of anything else. */
export function bodyOf(answer: Exchange): unknown {
  if (answer.kind !== 'response' || answer.status !== 200) return undefined;
  return jsonIn(answer.body);
}

/** Why an exchange brought nothing, for people: the server's own words where there are any. */
export function refusalOf(answer: Exchange): string {
  if (answer.kind !== 'response') return answer.message;
  return `${answer.status}: ${wordsOf(answer.body)}`;
}

/** The message in an error's body, in whichever of the usual places it stands. */
function wordsOf(body: string): string {
  const line = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 300) || '(nothing said)';
  const parsed = jsonIn(body);
  if (parsed === undefined) return line(body);
  const within = isObject(parsed) ? (parsed['error'] ?? parsed['detail'] ?? parsed) : parsed;
  const message = isObject(within) ? (within['message'] ?? within) : within;
  return line(typeof message === 'string' ? message : JSON.stringify(message));
}
