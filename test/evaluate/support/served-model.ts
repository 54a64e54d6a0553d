/** A model behind a real server on this machine that answers by a function: what judges are tested with. */
import { afterEach } from 'vitest';
import type { ChatMessage } from '../../../src/llm/chat-model.js';
import { ChatEndpoint } from '../../../src/llm/endpoint.js';
import { Limiter } from '../../../src/llm/pace/limiter.js';
import type { EndpointSettings } from '../../../src/llm/settings.js';
import { completion, startServer, type MockServer, type Received, type Step } from '../../llm/support/mock-server.js';

export interface ServedModel extends ChatEndpoint {
  /** The requests that the server has seen. */
  readonly received: readonly Received[];
}

const servers: MockServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** `script` gives the reply's text, or what the server does; the server is closed after the test. */
export async function servedModel(
  script: (messages: readonly ChatMessage[], call: number) => string | Step,
  settings: Partial<EndpointSettings> = {},
): Promise<ServedModel> {
  const server = await startServer((request, call) => {
    const said = script(messagesOf(request), call);
    return typeof said === 'string' ? completion(said) : said;
  });
  servers.push(server);
  const endpoint = new ChatEndpoint(
    { baseUrl: server.url, model: 'm', backoffMs: 1, maxAttempts: 2, cacheFolder: null, ...settings },
    { limiter: new Limiter() },
  );
  return Object.assign(endpoint, { received: server.received });
}

/** The messages of a request. */
export function messagesOf({ body }: Pick<Received, 'body'>): readonly ChatMessage[] {
  return body['messages'] as readonly ChatMessage[];
}
