/** An OpenAI-compatible server on this machine that answers by a script, well or badly. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly at: number;
}

/** One answer: a status with a body, late or never whole, or a broken connection. */
export interface Step {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Sent as JSON, unless it is a string. */
  readonly body?: unknown;
  readonly delayMs?: number;
  /** Headers and half of the body, then nothing. */
  readonly stall?: boolean;
  /** The connection is cut: before any answer, or in the middle of the body. */
  readonly reset?: 'before' | 'within';
  /** The whole body, and the connection left open. */
  readonly open?: boolean;
  /** No answer at all. */
  readonly silent?: boolean;
}

export type Script = (request: Received, index: number) => Step | Promise<Step>;

export interface MockServer {
  readonly url: string;
  readonly received: Received[];
  close(): Promise<void>;
}

/** A well-formed chat completion. */
export function completion(text: string | null, extra: Record<string, unknown> = {}, finish = 'stop'): Step {
  const message = { role: 'assistant', content: text, ...(extra['message'] as object | undefined) };
  return {
    body: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'served-model-2025',
      system_fingerprint: 'fp_1',
      choices: [{ index: 0, message, finish_reason: finish }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      ...Object.fromEntries(Object.entries(extra).filter(([name]) => name !== 'message')),
    },
  };
}

/** An error as OpenAI words it. */
export function failure(status: number, error: Record<string, unknown>, headers: Record<string, string> = {}): Step {
  return { status, headers, body: { error } };
}

/** The steps one after the other, the last for ever. */
export function steps(...all: readonly Step[]): Script {
  return (_, index) => all[Math.min(index, all.length - 1)] ?? {};
}

/** Starts a server on a free port. */
export async function startServer(script: Script): Promise<MockServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as Record<string, unknown>;
      const one = { path: request.url ?? '', headers: request.headers, body, at: performance.now() };
      received.push(one);
      void Promise.resolve(script(one, received.length - 1)).then((step) => answer(response, step));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function answer(response: ServerResponse, step: Step): Promise<void> {
  if (step.silent === true) return;
  if (step.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, step.delayMs));
  if (step.reset === 'before') return void response.destroy();
  const text = typeof step.body === 'string' ? step.body : JSON.stringify(step.body ?? {});
  response.writeHead(step.status ?? 200, { 'content-type': 'application/json', ...step.headers });
  if (step.open === true) return void response.write(text);
  if (step.stall !== true && step.reset !== 'within') return void response.end(text);
  response.write(text.slice(0, Math.ceil(text.length / 2)));
  if (step.reset === 'within') setTimeout(() => response.destroy(), 5);
}
