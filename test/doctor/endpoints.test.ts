import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { endpointFinding, keysFinding } from '../../src/doctor/endpoints.js';
import { hubFinding, askHub } from '../../src/doctor/hub.js';

/** What is found while a server answers so; the address is given. */
async function served<T>(answer: RequestListener, look: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await look(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const says =
  (status: number, body: string): RequestListener =>
  (_, response) =>
    void response.writeHead(status).end(body);
const look =
  (environment = {}) =>
  (address: string) =>
    endpointFinding(`${address}/v1`, { environment });

describe('keys', () => {
  it('are told by their names, never by what they are', () => {
    const finding = keysFinding({ OPENAI_API_KEY: 'sk-very-secret', HF_TOKEN: ' ' });
    expect(finding).toMatchObject({ status: 'ok', says: 'set are OPENAI_API_KEY' });
    expect(finding.facts?.variables).toMatchObject({ OPENAI_API_KEY: true, HF_TOKEN: false, LIGHTMEM_API_KEY: false });
    expect(JSON.stringify(finding)).not.toContain('secret');
  });

  it('with characters that no key has are named, not shown', () => {
    const finding = keysFinding({ LIGHTMEM_API_KEY: 'bad key' });
    expect(finding).toMatchObject({
      status: 'missing',
      mend: expect.stringMatching(/^unset LIGHTMEM_API_KEY/) as string,
    });
    expect(JSON.stringify(finding)).not.toContain('bad key');
  });

  it('that are not set are no fault', () => {
    expect(keysFinding({})).toMatchObject({ status: 'note', mend: null });
  });
});

describe('an endpoint', () => {
  it('that answers is told with its models, asked with the key of its host', async () => {
    let asked: unknown;
    const list: RequestListener = (request, response) => {
      asked = [request.method, request.url, request.headers.authorization];
      response.end(JSON.stringify({ data: [{ id: 'qwen\u001b[31m' }, { id: 'other' }] }));
    };
    const finding = await served(list, look({ LIGHTMEM_API_KEY: 'key-of-mine' }));
    expect(asked).toEqual(['GET', '/v1/models', 'Bearer key-of-mine']);
    expect(finding).toMatchObject({ status: 'ok', facts: { answers: true, models: ['qwen', 'other'] } });
  });

  it('without a list of models answers all the same', async () => {
    expect(await served(says(404, 'none'), look())).toMatchObject({
      status: 'note',
      facts: { answers: true, models: null },
    });
    expect(await served(says(200, '<html>'), look())).toMatchObject({ status: 'note' });
  });

  it('that wants a key, refuses one, or fails is missing', async () => {
    const wants = await served(says(401, ''), look());
    expect(wants).toMatchObject({ status: 'missing', says: expect.stringContaining('wants a key (401)') as string });
    expect(wants.mend).toContain('LIGHTMEM_API_KEY');
    const refuses = await served(says(403, ''), look({ LIGHTMEM_API_KEY: 'wrong' }));
    expect(refuses.says).toContain('refuses the key (403)');
    expect(await served(says(500, ''), look())).toMatchObject({ status: 'missing' });
  });

  it('that does not answer is missing', async () => {
    const address = await served(says(200, ''), (address) => Promise.resolve(address));
    expect(await look()(address)).toMatchObject({ status: 'missing', facts: { answers: false } });
  });
});

describe('the hub', () => {
  const settings = { cache: '/c', endpoint: 'http://127.0.0.1:1', token: 'hf_secret', offline: false, copies: false };

  it('is not asked unless that is wished', async () => {
    const finding = await hubFinding(settings, { cached: ['models--Qwen--Qwen2.5-0.5B'] });
    expect(finding).toMatchObject({
      status: 'ok',
      facts: { models: ['Qwen/Qwen2.5-0.5B'], hasToken: true, reachable: null },
    });
    expect(JSON.stringify(finding)).not.toContain('hf_secret');
  });

  it('is asked for a small model, and missing where it does not answer', async () => {
    const found = await served(says(200, '{}'), (endpoint) =>
      hubFinding({ ...settings, endpoint }, { cached: [], ask: askHub }),
    );
    expect(found).toMatchObject({ status: 'ok', facts: { reachable: true } });
    const lost = await hubFinding(settings, { cached: [], ask: askHub });
    expect(lost).toMatchObject({ status: 'missing', facts: { reachable: false } });
    expect(lost.mend).toContain('HF_ENDPOINT');
  });
});
