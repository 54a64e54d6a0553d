/** One HTTP exchange with a deadline over the whole body and a cap on its size. */
import type { Dispatcher } from 'undici';
import { messageOf } from '../../core/errors.js';
import type { HeaderSource } from '../pace/retry-after.js';

/** A chat answer is some kilobytes; a body this long is not one. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly body?: string;
}

export type Exchange =
  | { readonly kind: 'response'; readonly status: number; readonly headers: HeaderSource; readonly body: string }
  | { readonly kind: 'timeout' | 'network' | 'cancelled' | 'oversized'; readonly message: string };

export interface ExchangeOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** From sending the request to the last byte of the body. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Longest answer that is read. Default: 16 MiB. */
  readonly maxBytes?: number;
}

let direct: Dispatcher | undefined;
let proxied: Dispatcher | undefined;

/** Loaded with the first request: most commands send none. */
const client = () => import('undici');

/** Connections without time limits of their own: the deadline is ours. Loopback addresses never go through a proxy. */
async function dispatcherFor(url: URL): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await client();
  const limits = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 30_000 };
  if (isLoopback(url.hostname)) return (direct ??= new Agent(limits).compose(asProgram));
  return (proxied ??= new EnvHttpProxyAgent(limits).compose(asProgram));
}

/** Leaves out what `fetch` sends as browsers do: Ray, for one, lets no browser submit anything. */
const asProgram: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const headers = Object.entries(options.headers ?? {}).filter(([name]) => !/^sec-fetch-/i.test(name));
  return dispatch({ ...options, headers: Object.fromEntries(headers) }, handler);
};

/** Whether a host name is this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(hostname);
}

/** Posts JSON and reads the answer whole; never throws for what a server or network does. */
export function postJson(url: URL, body: string, options: ExchangeOptions): Promise<Exchange> {
  return exchange(url, { method: 'POST', body }, options);
}

/** Asks for JSON and reads the answer whole; never throws for what a server or network does. */
export function getJson(url: URL, options: ExchangeOptions): Promise<Exchange> {
  return exchange(url, { method: 'GET' }, options);
}

/** Sends a request and reads the answer whole; never throws for what a server or network does. */
export async function exchange(url: URL, request: Request, options: ExchangeOptions): Promise<Exchange> {
  const stop = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop.abort();
  }, options.timeoutMs);
  const cancel = (): void => stop.abort();
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    if (options.signal?.aborted === true) return { kind: 'cancelled', message: 'cancelled' };
    return await send(url, request, options, stop);
  } catch (error) {
    if (late) return { kind: 'timeout', message: `no whole answer within ${options.timeoutMs / 1000} s` };
    if (options.signal?.aborted === true) return { kind: 'cancelled', message: 'cancelled' };
    return { kind: 'network', message: causeOf(error) };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', cancel);
  }
}

async function send(
  url: URL,
  request: Request,
  { headers, maxBytes = MAX_BODY_BYTES }: ExchangeOptions,
  stop: AbortController,
): Promise<Exchange> {
  const dispatcher = await dispatcherFor(url);
  const { fetch } = await client();
  // A redirect is reported, not followed: it would carry the texts to another host.
  const response = await fetch(url, {
    ...request,
    headers,
    redirect: 'manual',
    signal: stop.signal,
    dispatcher,
  });
  const isStream = /event-stream/.test(response.headers.get('content-type') ?? '');
  const text = await readCapped(response.body, maxBytes, isStream);
  if (isStream) stop.abort();
  if (text === null) {
    stop.abort();
    return { kind: 'oversized', message: `answer longer than ${maxBytes} bytes` };
  }
  return { kind: 'response', status: response.status, headers: response.headers, body: text };
}

/** What ends a stream of events; some servers leave the connection open behind it. */
const DONE = /^data: ?\[DONE\]/m;

async function readCapped(
  stream: AsyncIterable<unknown> | null,
  maxBytes: number,
  isStream: boolean,
): Promise<string | null> {
  if (stream === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
    if (isStream && DONE.test(Buffer.concat(chunks.slice(-2)).toString('utf8'))) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The innermost reason of a failed fetch, which says more than "fetch failed". */
export function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (error instanceof Error && error.cause !== undefined) return causeOf(error.cause);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = messageOf(error);
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}
