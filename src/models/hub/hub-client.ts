/** Requests to the hub: redirects followed without the token, waits limited, failures that may pass tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError, messageOf } from '../../core/errors.js';
import type { HubSettings } from './hub-cache.js';

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Longest wait for an answer, and for the next piece of a body; default 30 s. */
  readonly timeoutMs?: number;
  /** Pause before a request is tried again, doubled each time; default 1 s. */
  readonly retryMs?: number;
}

const TIMEOUT_MS = 30_000;
const RETRY_MS = 1000;
const ATTEMPTS = 5;
const REDIRECTS = 5;
/** Longest JSON answer that is read. */
const MAX_JSON_BYTES = 32 << 20;

/** Asks about one repository. */
export class HubClient {
  readonly origin: string;

  constructor(
    readonly settings: HubSettings,
    /** The repository's name, for messages. */
    readonly name: string,
    readonly options: RequestOptions,
  ) {
    this.origin = new URL(settings.endpoint).origin;
  }

  get #timeoutMs(): number {
    return this.options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Pieces of a body, none of which may keep us waiting. */
  async *pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await this.#inTime(reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  async #inTime<T>(promise: Promise<T>): Promise<T> {
    const milliseconds = this.#timeoutMs;
    const timer = new AbortController();
    const late = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => {
      throw new TypeError(`nothing came for ${milliseconds} ms`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([promise, late]);
    } finally {
      timer.abort();
    }
  }

  async json(url: string): Promise<unknown> {
    return this.retrying(`the description of ${this.name}`, async () => {
      const response = await this.request(url, {});
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of response.body ? this.pieces(response.body) : []) {
        size += piece.length;
        if (size > MAX_JSON_BYTES)
          throw new UserError(`${this.origin} describes ${this.name} in more than ${MAX_JSON_BYTES} bytes`);
        pieces.push(piece);
      }
      const text = Buffer.concat(pieces).toString('utf8');
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw new UserError(
          `${this.origin} gave no JSON where ${this.name} should be described: is HF_ENDPOINT right?`,
        );
      }
    });
  }

  /** One request, its redirects followed; the token goes to the endpoint's own origin alone. */
  async request(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    let target = new URL(url);
    for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
      const response = await this.#ask(target, headers);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return this.#accepted(response);
      await response.body?.cancel();
      target = this.#redirected(target, location);
    }
    throw new UserError(`${this.origin} redirects more than ${REDIRECTS} times`);
  }

  async #ask(target: URL, headers: Readonly<Record<string, string>>): Promise<Response> {
    const { token } = this.settings;
    const authorization = token !== null && target.origin === this.origin ? { authorization: `Bearer ${token}` } : {};
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new TypeError('no answer came in time')), this.#timeoutMs);
    const signals = this.options.signal ? [late.signal, this.options.signal] : [late.signal];
    const all = { ...headers, ...authorization, 'accept-encoding': 'identity' };
    try {
      return await fetch(target, { redirect: 'manual', headers: all, signal: AbortSignal.any(signals) });
    } finally {
      clearTimeout(timer); // the pieces of the body have a limit of their own
    }
  }

  #redirected(from: URL, location: string): URL {
    const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    const allowed = to && (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:'));
    if (to && allowed) return to;
    throw new UserError(`${from.origin} redirects to ${JSON.stringify(location.slice(0, 120))}, which is not followed`);
  }

  async #accepted(response: Response): Promise<Response> {
    if (response.ok) return response;
    await response.body?.cancel();
    const { status } = response;
    if (status === 401 || status === 403)
      throw new UserError(
        `${this.origin} refuses ${this.name} (${status}): it is gated, private or not there; accept its terms on the hub and set HF_TOKEN`,
      );
    if (status === 404) throw new UserError(`${this.origin} has no ${this.name}, or not that revision or file of it`);
    if (status === 429 || status >= 500 || status === 416)
      throw new HttpError(status, Number(response.headers.get('retry-after')));
    throw new UserError(`${this.origin} answers ${status} for ${this.name}`);
  }

  /** Tries again after failures that may pass: of the network, of the server (5xx), of pace (429). */
  async retrying<T>(what: string, action: () => Promise<T>): Promise<T> {
    const pause = this.options.retryMs ?? RETRY_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        return await action();
      } catch (error) {
        this.options.signal?.throwIfAborted();
        if (error instanceof UserError || isDiskError(error)) throw error;
        if (attempt === ATTEMPTS)
          throw new UserError(
            `could not fetch ${what} from ${this.origin} in ${ATTEMPTS} tries: ${reasonOf(error)}; run again to go on where it stopped`,
          );
        const asked =
          error instanceof HttpError && error.retryAfterSeconds > 0 ? Math.min(error.retryAfterSeconds, 60) * 1000 : 0;
        await sleep(
          Math.max(asked, pause * 2 ** (attempt - 1)),
          undefined,
          this.options.signal ? { signal: this.options.signal } : {},
        );
      }
    }
  }
}

class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly retryAfterSeconds: number,
  ) {
    super(`the server answers ${status}`);
  }
}

/** fetch says "fetch failed" and keeps the reason as its cause. */
function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)} (${messageOf(cause)})`;
}

function isDiskError(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO', 'EMFILE'].includes(code);
}
