import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChatEndpoint, backoff } from '../../src/llm/endpoint.js';
import { Limiter, sharedLimiter } from '../../src/llm/pace/limiter.js';
import type { EndpointSettings } from '../../src/llm/settings.js';
import { cacheSize, clearCache } from '../../src/llm/spend/cache-folder.js';
import { cacheFolder } from '../../src/llm/spend/reply-cache.js';
import { Spend } from '../../src/llm/spend/spend.js';
import { completion, failure, startServer, steps, type MockServer, type Script } from './support/mock-server.js';

let folder = '';
const servers: MockServer[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-endpoint-'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

async function serve(script: Script): Promise<MockServer> {
  const server = await startServer(script);
  servers.push(server);
  return server;
}

function client(server: MockServer, settings: Partial<EndpointSettings> = {}, spend?: Spend): ChatEndpoint {
  const all = { baseUrl: server.url, model: 'm', backoffMs: 5, cacheFolder: join(folder, 'cache'), ...settings };
  return new ChatEndpoint(all, { limiter: new Limiter({ maxConcurrency: 16 }), ...(spend && { spend }) });
}

const hello = (text = 'Hello') => [{ role: 'user' as const, content: text }];

describe('the reply cache', () => {
  test('is shared by clients and processes: an answer kept is never asked for again', async () => {
    const server = await serve(steps(completion('One.')));
    const first = await client(server).complete(hello());
    const second = await client(server).complete(hello());
    expect(server.received.length).toBe(1);
    expect(second).toEqual({ ...first, cached: true });
    expect(second).toMatchObject({
      model: 'served-model-2025',
      fingerprint: 'fp_1',
      usage: { promptTokens: 10, completionTokens: 5 },
    });
  });

  test('keeps apart whatever can change an answer', async () => {
    const server = await serve((_, index) => completion(`Answer ${index}.`));
    const other = await serve(steps(completion('From elsewhere.')));
    const asks = [
      () => client(server).complete(hello()),
      () => client(server).complete(hello('Hello ')),
      () => client(server).complete([{ role: 'system', content: 'Hello' }]),
      () => client(server).complete([...hello('Hel'), ...hello('lo')]),
      () => client(server).complete(hello(), { maxTokens: 7 }),
      () => client(server).complete(hello(), { temperature: 0.5 }),
      () => client(server).complete(hello(), { seed: 1 }),
      () => client(server).complete(hello(), { json: true }),
      () => client(server).complete(hello(), { sample: 1 }),
      () => client(server).complete(hello(), { stop: ['x'] }),
      () => client(server).complete(hello(), { topP: 0.9 }),
      () => client(server, { model: 'n' }).complete(hello()),
      () => client(server, { extra: { repetition_penalty: 1.1 } }).complete(hello()),
      () => client(other).complete(hello()),
    ];
    for (const ask of asks) expect(await ask()).toMatchObject({ status: 'ok', cached: false });
    for (const ask of asks) expect(await ask()).toMatchObject({ status: 'ok', cached: true });
    console.log(`${asks.length} requests kept apart`);
    expect(server.received.length + other.received.length).toBe(asks.length);
  });

  test('keeps endpoints of different names apart, at one address under one model name', async () => {
    const server = await serve((_, index) => completion(`Answer ${index}.`));
    const say = async (settings: Partial<EndpointSettings>) => {
      const outcome = await client(server, settings).complete(hello());
      return 'text' in outcome ? outcome.text : outcome.status;
    };
    expect(await say({})).toBe('Answer 0.');
    expect(await say({ endpointName: 'gpu-1' })).toBe('Answer 1.');
    expect(await say({ endpointName: 'gpu-2' })).toBe('Answer 2.');
    expect(await say({ endpointName: 'gpu-1' })).toBe('Answer 1.');
    expect(await say({})).toBe('Answer 0.');
    expect(client(server, { endpointName: 'gpu-1' }).identity).not.toEqual(client(server).identity);
  });

  test('is passed over where replies are to be new, and written anew', async () => {
    const server = await serve((_, index) => completion(`Answer ${index}.`));
    await client(server).complete(hello());
    expect(await client(server, { renewReplies: true }).complete(hello())).toMatchObject({ text: 'Answer 1.' });
    expect(await client(server).complete(hello())).toMatchObject({ text: 'Answer 1.', cached: true });
    expect(await client(server, { cacheFolder: null }).complete(hello())).toMatchObject({ text: 'Answer 2.' });
    expect(await client(server).complete(hello())).toMatchObject({ text: 'Answer 1.', cached: true });
  });

  test('lies where LIGHTMEM_CACHE says, and nowhere where that is off', () => {
    expect(cacheFolder({ LIGHTMEM_CACHE: '/a' })).toBe(join('/a', 'replies'));
    expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe(join('/b', 'lightmem', 'replies'));
    expect(cacheFolder({ LIGHTMEM_CACHE: 'off' })).toBe(null);
  });

  test('tells its size, and is cleared without touching anything else', async () => {
    const server = await serve((_, index) => completion(`Answer ${index}.`));
    const cache = join(folder, 'cache');
    for (const text of ['a', 'b']) await client(server).complete(hello(text));
    await writeFile(join(cache, 'notes.txt'), 'mine');
    const size = await cacheSize(cache);
    expect(size.replies).toBe(2);
    expect(size.bytes).toBeGreaterThan(200);
    expect(await clearCache(cache)).toEqual(size);
    expect(await cacheSize(cache)).toEqual({ replies: 0, bytes: 0 });
    expect(await readFile(join(cache, 'notes.txt'), 'utf8')).toBe('mine');
    expect(await cacheSize(join(folder, 'none'))).toEqual({ replies: 0, bytes: 0 });
  });

  test('takes a file that was cut anywhere for absent, and writes it anew', async () => {
    const server = await serve(steps(completion('One.')));
    await client(server).complete(hello());
    const [file] = (await readdir(join(folder, 'cache'), { recursive: true })).filter((name) => name.endsWith('.json'));
    const path = join(folder, 'cache', file ?? '');
    const whole = await readFile(path, 'utf8');
    const cuts = [0, 1, 20, Math.floor(whole.length / 2), whole.length - 1];
    for (const cut of cuts) {
      await writeFile(path, whole.slice(0, cut));
      expect(await client(server).complete(hello())).toMatchObject({ status: 'ok', cached: false });
    }
    await writeFile(path, whole.replace('One.', 'One.').replace('"content":"Hello"', '"content":"Other"'));
    expect(await client(server).complete(hello())).toMatchObject({ cached: false });
    expect(server.received.length).toBe(cuts.length + 2);
  });

  test('leaves no temporary file behind', async () => {
    const server = await serve((_, index) => completion(`Answer ${index}.`));
    await Promise.all(Array.from({ length: 20 }, (_, index) => client(server).complete(hello(`Hello ${index}`))));
    const files = (await readdir(join(folder, 'cache'), { recursive: true })).filter((name) => /\.\w+$/.test(name));
    expect(files.length).toBe(20);
    expect(files.every((name) => name.endsWith('.json'))).toBe(true);
  });

  test('hands on a paid answer even where it cannot be kept', async () => {
    await writeFile(join(folder, 'cache'), 'a file where the folder should be');
    const server = await serve(steps(completion('One.')));
    const endpoint = client(server);
    expect(await endpoint.complete(hello())).toMatchObject({ status: 'ok', text: 'One.' });
    expect(endpoint.cacheTrouble).toMatch(/a part of the path is a file/);
  });

  test('asks once for equal requests made at the same time', async () => {
    const server = await serve(steps({ ...completion('One.'), delayMs: 50 }));
    const endpoint = client(server);
    const all = await Promise.all(Array.from({ length: 10 }, () => endpoint.complete(hello())));
    expect(new Set(all.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(server.received.length).toBe(1);
  });
});

describe('the pace', () => {
  test('is shared: while one request waits as asked, no other is sent', async () => {
    let allowedAt = 0;
    let early = 0;
    const server = await serve(({ at }, index) => {
      if (at < allowedAt) early++;
      if (index !== 3) return completion('Fine.');
      allowedAt = at + 400;
      return failure(429, { message: 'slow down' }, { 'retry-after-ms': '400' });
    });
    const endpoint = client(server, { cacheFolder: null });
    await endpoint.complete(hello('a'));
    await endpoint.complete(hello('b'));
    await endpoint.complete(hello('c'));
    const throttled = endpoint.complete(hello('d'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    const rest = await Promise.all(Array.from({ length: 8 }, (_, index) => endpoint.complete(hello(`e${index}`))));
    expect((await throttled).status).toBe('ok');
    expect(rest.every((outcome) => outcome.status === 'ok')).toBe(true);
    expect(early).toBe(0);
    expect(server.received.length).toBe(13);
  });

  test('is one for all clients of an endpoint and model in a process', () => {
    expect(sharedLimiter('http://a/v1', 'm')).toBe(sharedLimiter('http://a/v1', 'm'));
    expect(sharedLimiter('http://a/v1', 'm')).not.toBe(sharedLimiter('http://a/v1', 'n'));
  });

  test('of retries doubles up to a cap, varies, and is never less than asked for', () => {
    const waits = [1, 2, 3, 4].map((tries) => backoff(500, tries, null));
    waits.forEach((wait, index) => {
      expect(wait).toBeGreaterThanOrEqual(250 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(500 * 2 ** index);
    });
    expect(backoff(500, 100, null)).toBeLessThanOrEqual(30_000);
    expect(backoff(500, 1, 4000)).toBe(4000);
    expect(new Set(Array.from({ length: 20 }, () => backoff(500, 3, null))).size).toBeGreaterThan(10);
  });

  test('finds what an endpoint allows, most requests being taken', async () => {
    const [perSecond, capacity, requests] = [100, 20, 500];
    let [tokens, last] = [capacity, performance.now()];
    const server = await serve(({ at }) => {
      tokens = Math.min(capacity, tokens + ((at - last) / 1000) * perSecond);
      last = at;
      if (tokens < 1) return failure(429, { message: 'rate limit' }, { 'retry-after-ms': '50' });
      tokens -= 1;
      return { ...completion('Fine.'), delayMs: 100 };
    });
    const all = { baseUrl: server.url, model: 'm', cacheFolder: null };
    const endpoint = new ChatEndpoint(all, { limiter: new Limiter({ maxConcurrency: 64 }) });
    const asked = Array.from({ length: requests }, (_, index) => endpoint.complete(hello(`${index}`)));
    const outcomes = await Promise.all(asked);
    expect(outcomes.every((outcome) => outcome.status === 'ok')).toBe(true);
    expect(server.received.length - requests).toBeLessThan(0.5 * requests);
  });
});

describe('spending', () => {
  test('is counted: requests, retries, tokens, cost, answers from the cache', async () => {
    const server = await serve(steps(failure(500, {}), completion('One.')));
    const spend = new Spend({ inputPerMillion: 100, outputPerMillion: 1000 });
    await client(server, {}, spend).complete(hello());
    await client(server, {}, spend).complete(hello());
    expect(spend.totals).toEqual({
      requests: 2,
      retries: 1,
      cached: 1,
      promptTokens: 10,
      completionTokens: 5,
      unconfirmed: 0,
      estimated: 0,
      cost: (10 * 100 + 5 * 1000) / 1e6,
    });
  });

  test('whose answer was lost is told apart and counted against the limit', async () => {
    const server = await serve(steps({ silent: true }));
    const spend = new Spend(undefined, { maxTokens: 100_000 });
    await client(server, { timeoutMs: 50, maxAttempts: 2 }, spend).complete(hello());
    expect(spend.totals).toMatchObject({ requests: 2, retries: 1, unconfirmed: 2, promptTokens: 0 });
  });

  test('is estimated where the server does not tell', async () => {
    const server = await serve(steps({ body: { choices: [{ message: { content: 'Twelve or so letters.' } }] } }));
    const spend = new Spend();
    await client(server, {}, spend).complete(hello());
    expect(spend.totals.estimated).toBe(1);
    expect(spend.totals.completionTokens).toBeGreaterThan(3);
  });

  test('stops cleanly at a limit on tokens and never passes it, whatever is under way', async () => {
    const server = await serve(() => ({
      ...completion('Fine.', { usage: { prompt_tokens: 30, completion_tokens: 100 } }),
      delayMs: 5,
    }));
    const spend = new Spend(undefined, { maxTokens: 2000 });
    const endpoint = client(server, {}, spend);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        endpoint.complete(hello(`Some words to ask about, number ${index}.`), { maxTokens: 100 }),
      ),
    );
    const done = outcomes.filter((outcome) => outcome.status === 'ok').length;
    expect(new Set(outcomes.map((outcome) => outcome.status))).toEqual(new Set(['ok', 'budget']));
    expect(done).toBe(server.received.length);
    expect(spend.totals.promptTokens + spend.totals.completionTokens).toBeLessThanOrEqual(2000);
    expect(done).toBeGreaterThanOrEqual(13);
  });

  test('stops at a limit on cost', async () => {
    const server = await serve(steps(completion('Fine.', { usage: { prompt_tokens: 1000, completion_tokens: 0 } })));
    const spend = new Spend({ inputPerMillion: 1000, outputPerMillion: 0 }, { maxCost: 3.5 });
    const endpoint = client(server, {}, spend);
    const statuses: string[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await endpoint.complete(hello(`${'x '.repeat(1900)}${i}`))).status);
    expect(statuses).toEqual(['ok', 'ok', 'ok', 'budget', 'budget', 'budget']);
    expect(spend.totals.cost).toBe(3);
  });
});

describe('a request', () => {
  test('carries model, messages, temperature 0 and the key, and tells Qwen not to think', async () => {
    const server = await serve(steps(completion('One.')));
    await client(server, { model: 'Qwen3-8B', apiKey: 'sk-secret-1' }).complete(hello(), { json: true, seed: 3 });
    const [request] = server.received;
    expect(request?.path).toBe('/v1/chat/completions');
    expect(request?.headers.authorization).toBe('Bearer sk-secret-1');
    expect(request?.body).toEqual({
      model: 'Qwen3-8B',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: false,
      temperature: 0,
      max_tokens: 2048,
      seed: 3,
      response_format: { type: 'json_object' },
      chat_template_kwargs: { enable_thinking: false },
    });
  });

  test('grows where an answer was cut, unless that is not wanted', async () => {
    const server = await serve(steps(completion('On and', {}, 'length')));
    expect((await client(server).complete(hello(), { grow: false })).status).toBe('truncated');
    expect(server.received.length).toBe(1);
    await client(server).complete(hello());
    expect(server.received.map((request) => request.body['max_tokens'])).toEqual([2048, 2048, 4096]);
  });

  test('that never reaches a server is tried again up to a cap, named, and charged to nobody', async () => {
    const server = await serve(steps(completion('One.')));
    const closed = await startServer(steps(completion('One.')));
    await closed.close();
    const UNREACHABLE: readonly (readonly [string, string, RegExp])[] = [
      ['a name that does not resolve', 'http://endpoint.invalid/v1', /ENOTFOUND|EAI_AGAIN/],
      ['a port where nobody listens', closed.url, /ECONNREFUSED/],
      ['a server that does not speak TLS', server.url.replace('http:', 'https:'), /SSL|EPROTO|TLS/i],
    ];
    for (const [name, baseUrl, message] of UNREACHABLE) {
      const spend = new Spend();
      const outcome = await client(server, { baseUrl, maxAttempts: 3 }, spend).complete(hello());
      expect(outcome, name).toMatchObject({ status: 'network', message: expect.stringMatching(message) as string });
      expect(spend.totals, name).toMatchObject({ requests: 3, retries: 2, promptTokens: 0 });
    }
    console.log(`${UNREACHABLE.length} ways not to reach a server`);
    expect(server.received.length).toBe(0);
  });

  test('ends when it is cancelled, waiting or under way', async () => {
    const server = await serve(steps({ silent: true }));
    const endpoint = client(server);
    const stop = new AbortController();
    const asked = endpoint.complete(hello(), { signal: stop.signal });
    setTimeout(() => stop.abort(), 30);
    expect((await asked).status).toBe('cancelled');
    expect((await endpoint.complete(hello('later'), { signal: stop.signal })).status).toBe('cancelled');
  });

  test('never shows its key: not in messages, not in the cache', async () => {
    const key = 'canary-key-1234567890';
    const leak = `bad key ${key}; Authorization: Bearer ${key}`;
    const server = await serve((_, index) => (index === 0 ? failure(401, { message: leak }) : completion('Fine.')));
    const endpoint = client(server, { apiKey: key });
    const refused = await endpoint.complete(hello());
    expect(JSON.stringify(refused)).not.toContain(key);
    expect(JSON.stringify(refused)).toContain('[key]');
    await endpoint.complete(hello());
    const files = (await readdir(join(folder, 'cache'), { recursive: true })).filter((name) => name.endsWith('.json'));
    for (const file of files) expect(await readFile(join(folder, 'cache', file), 'utf8')).not.toContain(key);
    expect(files.length).toBe(1);
    expect(JSON.stringify(endpoint.identity)).not.toContain(key);
  });
});
