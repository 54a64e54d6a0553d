import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { fetchSnapshot, type FetchOptions, type HubProgress } from '../../src/models/hub/hub.js';
import { cachedSnapshot, hubSettings, isRepositoryName, type HubSettings } from '../../src/models/hub/hub-cache.js';
import { hubFiles } from '../../src/models/hub/hub-files.js';
import { fetchModel, loadModel } from '../../src/models/load.js';
import { writeSafetensors } from '../../src/models/formats/safetensors.js';
import { HubServer } from './support/hub-server.js';
import { scratchFolder } from './support/scratch.js';

const folder = scratchFolder();
const golden = new URL('../golden/', import.meta.url).pathname;
const NAME = 'tiny-org/Tiny_Qwen2.5-1B';
const model = loadModel(join(golden, 'models/qwen2.gguf'));
const texts = Object.entries(hubFiles(model)).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]);
const weights = readFileSync(join(golden, 'decoder/qwen2/model.safetensors'));
const whole = new Map([
  ...texts,
  ['model.safetensors', weights],
  ['README.md', Buffer.from('# not needed')],
  ['pytorch_model.bin', Buffer.from('pickle')],
]);
const wanted = texts.length + 1;

const servers: HubServer[] = [];
let caches = 0;

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(
  files: ReadonlyMap<string, Buffer> = whole,
  token?: string,
): Promise<{ server: HubServer; settings: HubSettings }> {
  const server = new HubServer(NAME, files, token);
  servers.push(server);
  const endpoint = await server.start();
  return {
    server,
    settings: { cache: join(folder, `cache-${caches++}`), endpoint, token: null, offline: false, copies: false },
  };
}

const fetched = (settings: HubSettings, more: Omit<FetchOptions, 'settings'> = {}): Promise<string> =>
  fetchSnapshot(NAME, { settings, retryMs: 5, timeoutMs: 2000, ...more });

const repository = (settings: HubSettings): string => join(settings.cache, 'models--tiny-org--Tiny_Qwen2.5-1B');

describe('a model of the hub', () => {
  it('is fetched into the cache as huggingface_hub lays it out, with progress, and used from there without a request', async () => {
    const { server, settings } = await serve();
    const seen: HubProgress[] = [];
    const snapshot = await fetched(settings, { onProgress: (progress) => seen.push(progress) });
    expect(snapshot).toBe(join(repository(settings), 'snapshots', server.commit));
    expect(readFileSync(join(repository(settings), 'refs/main'), 'utf8')).toBe(server.commit);
    expect(readdirSync(snapshot)).toHaveLength(wanted);
    expect(readdirSync(join(repository(settings), 'blobs'))).toHaveLength(wanted);
    const digest = createHash('sha256').update(weights).digest('hex');
    expect(readlinkSync(join(snapshot, 'model.safetensors'))).toBe(join('../../blobs', digest));
    expect(server.requests.map(({ path }) => path).filter((path) => /README|pytorch/.test(path))).toEqual([]);
    expect(seen.every(({ received }, i) => received >= (seen[i - 1]?.received ?? 0))).toBe(true);
    expect(seen.at(-1)?.received).toBe(seen.at(-1)?.total);
    const asked = server.requests.length;
    const loaded = await fetchModel(NAME, { settings });
    expect(server.requests.length).toBe(asked);
    expect(loaded.name).toBe(NAME);
    expect(loaded.config).toEqual(model.config);
    expect(cachedSnapshot(NAME, { ...settings, offline: true })).toBe(snapshot);
  });

  it('may be in shards', async () => {
    const names = model.weights.names;
    const shard = (part: readonly string[], file: string): Buffer => {
      writeSafetensors(
        join(folder, file),
        part.map((name) => ({ name, shape: model.weights.shape(name), data: model.weights.read(name) })),
      );
      return readFileSync(join(folder, file));
    };
    const [first, second] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const map = Object.fromEntries(names.map((name, i) => [name, i < 9 ? first : second]));
    const files = new Map([
      ...texts,
      ['model.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map: map }))],
      [first, shard(names.slice(0, 9), first)],
      [second, shard(names.slice(9), second)],
    ]);
    const { settings } = await serve(files);
    const snapshot = await fetched(settings);
    expect(loadModel(snapshot).weights.names).toHaveLength(names.length);
    rmSync(join(snapshot, second));
    expect(cachedSnapshot(NAME, settings)).toBeUndefined();
  });

  it('is kept as copies where links are not wanted', async () => {
    const { settings } = await serve();
    const snapshot = await fetched({ ...settings, copies: true });
    expect(readdirSync(snapshot).some((name) => lstatSync(join(snapshot, name)).isSymbolicLink())).toBe(false);
    expect(loadModel(snapshot).config).toEqual(model.config);
  });

  it('is asked for with the token, which no other host gets', async () => {
    const { server, settings } = await serve(whole, 'hf_canary');
    await expect(fetched(settings)).rejects.toThrow(/refuses tiny-org.*\(401\).*set HF_TOKEN/);
    await fetched({ ...settings, token: 'hf_canary' });
    const withToken = server.requests.filter(({ authorization }) => authorization !== undefined);
    expect(withToken.length).toBe(wanted + 1);
    expect(withToken.every((request) => request.server === 'hub' && request.authorization === 'Bearer hf_canary')).toBe(
      true,
    );
    expect(server.requests.filter((request) => request.server === 'store')).toHaveLength(1);
    const refused = await fetched({ ...settings, token: 'hf_wrong', cache: join(folder, 'other') }).catch(String);
    expect(refused).toMatch(/refuses/);
    expect(refused).not.toMatch(/hf_wrong/);
  });

  it('is never asked for offline', async () => {
    const { server, settings } = await serve();
    await expect(fetched({ ...settings, offline: true })).rejects.toThrow(/HF_HUB_OFFLINE forbids/);
    expect(server.requests).toEqual([]);
  });
});

describe('a download', () => {
  it('goes on where the connection broke, again and again', async () => {
    const { server, settings } = await serve();
    let broken = 0;
    server.misbehave = ({ server: which, range }, response) => {
      if (which !== 'store' || broken === 3) return false;
      const from = Number(/(\d+)-/.exec(range ?? '')?.[1] ?? 0);
      expect(from).toBe(broken * 20_000);
      broken++;
      response.writeHead(from === 0 ? 200 : 206, {
        'content-length': weights.length - from,
        'content-range': `bytes ${from}-${weights.length - 1}/${weights.length}`,
      });
      response.write(weights.subarray(from, from + 20_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    const snapshot = await fetched(settings);
    expect(broken).toBe(3);
    expect(readFileSync(join(snapshot, 'model.safetensors')).equals(weights)).toBe(true);
    expect(server.requests.filter(({ server: which }) => which === 'store').map(({ range }) => range)).toEqual([
      undefined,
      'bytes=20000-',
      'bytes=40000-',
      'bytes=60000-',
    ]);
  });

  it('takes over what an ended process left, and leaves alone what a living one writes', async () => {
    const { server, settings } = await serve();
    const blobs = join(repository(settings), 'blobs');
    mkdirSync(blobs, { recursive: true });
    const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
    const digest = createHash('sha256').update(weights).digest('hex');
    const ended = spawnSync(process.execPath, ['--version']).pid;
    const living = join(blobs, `${digest}.${machine}-${process.ppid}.incomplete`);
    writeFileSync(living, weights.subarray(0, 999));
    writeFileSync(join(blobs, `${digest}.${machine}-${ended}.incomplete`), weights.subarray(0, 50_000));
    await fetched(settings);
    expect(server.requests.filter((request) => request.server === 'store').map(({ range }) => range)).toEqual([
      'bytes=50000-',
    ]);
    expect(readdirSync(blobs).filter((name) => name.endsWith('.incomplete'))).toEqual([living.slice(blobs.length + 1)]);
  });

  it('begins again where the server cannot continue', async () => {
    const { server, settings } = await serve();
    let calls = 0;
    server.misbehave = ({ server: which }, response) => {
      if (which !== 'store') return false;
      response.writeHead(200, { 'content-length': weights.length });
      if (calls++ === 0) response.write(weights.subarray(0, 100), () => setTimeout(() => response.destroy(), 20));
      else response.end(weights);
      return true;
    };
    const seen: HubProgress[] = [];
    const snapshot = await fetched(settings, { onProgress: (progress) => seen.push(progress) });
    expect(readFileSync(join(snapshot, 'model.safetensors')).equals(weights)).toBe(true);
    expect(seen.at(-1)?.received).toBe(seen.at(-1)?.total);
  });

  it('that arrives damaged is fetched once more, then refused; nothing of it counts', async () => {
    const { server, settings } = await serve();
    let damaged = 1;
    const spoilt = Buffer.from(weights);
    spoilt[70_000] = (spoilt[70_000] ?? 0) ^ 1;
    server.misbehave = ({ server: which }, response) => {
      if (which !== 'store' || damaged-- <= 0) return false;
      response.writeHead(200, { 'content-length': spoilt.length }).end(spoilt);
      return true;
    };
    await fetched(settings);
    damaged = 9;
    const other = { ...settings, cache: join(folder, 'damaged') };
    await expect(fetched(other)).rejects.toThrow(/arrived damaged twice: its checksum is [0-9a-f]{64} and should be/);
    expect(existsSync(join(repository(other), 'refs/main'))).toBe(false);
    expect(cachedSnapshot(NAME, other)).toBeUndefined();
    expect(readdirSync(join(repository(other), 'blobs')).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  });

  it('longer than it should be is refused', async () => {
    const { server, settings } = await serve();
    server.misbehave = ({ server: which }, response) => {
      if (which === 'store') response.writeHead(200).end(Buffer.concat([weights, weights]));
      return which === 'store';
    };
    await expect(fetched(settings)).rejects.toThrow(/longer than the 76592 bytes/);
  });

  it('is tried again after 429, 500 and silence, and given up after five tries with the way to go on', async () => {
    const { server, settings } = await serve();
    let calls = 0;
    server.misbehave = ({ server: which }, response) => {
      if (which !== 'store' || calls === 3) return false;
      calls++;
      if (calls === 1) response.writeHead(429, { 'retry-after': '0' }).end();
      if (calls === 2) response.writeHead(500).end();
      if (calls === 3) response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 10)); // and no more
      return true;
    };
    await fetched(settings, { timeoutMs: 200 });
    expect(calls).toBe(3);
    server.misbehave = (_, response) => {
      calls++;
      response.writeHead(503).end();
      return true;
    };
    calls = 0;
    await expect(fetched({ ...settings, cache: join(folder, 'down') })).rejects.toThrow(
      /in 5 tries: the server answers 503; run again to go on/,
    );
    expect(calls).toBe(5);
    await server.stop();
    await expect(fetched({ ...settings, cache: join(folder, 'gone') })).rejects.toThrow(
      /in 5 tries: fetch failed \(.*ECONNREFUSED/,
    );
  });

  it('stops when it is told to', async () => {
    const { server, settings } = await serve();
    const controller = new AbortController();
    server.misbehave = ({ server: which }, response) => {
      if (which !== 'store') return false;
      response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 10));
      setTimeout(() => controller.abort(new Error('enough')), 20);
      return true;
    };
    await expect(fetched(settings, { signal: controller.signal })).rejects.toThrow('enough');
  });
});

describe('the hub is not believed', () => {
  const answers: [name: string, change: (description: { sha: string; siblings: { rfilename: string }[] }) => unknown, message: RegExp][] = [
    ['when it names no commit', (d) => ({ ...d, sha: '../../x' }), /no description/],
    ['when it gives no checksums', (d) => ({ ...d, siblings: d.siblings.map(({ rfilename }) => ({ rfilename })) }), /gives no size and checksum/],
    ['when its checksums are paths', (d) => ({ ...d, siblings: d.siblings.map((each) => ({ ...each, blobId: '../../../etc/passwd' })) }), /no description/],
    ['when it has no tokenizer', (d) => ({ ...d, siblings: d.siblings.filter(({ rfilename }) => rfilename !== 'tokenizer.json') }), /has no tokenizer.json/],
    ['when it has pickles only', (d) => ({ ...d, siblings: d.siblings.filter(({ rfilename }) => !rfilename.endsWith('.safetensors')) }), /only pickles, which can run code/],
    ['when it answers a page', () => undefined, /gave no JSON.*is HF_ENDPOINT right/],
  ]; // prettier-ignore

  it.each(answers)('%s', async (_, change, message) => {
    const { server, settings } = await serve();
    const honest = (await (await fetch(`${settings.endpoint}/api/models/${NAME}/revision/main?blobs=true`)).json()) as {
      sha: string;
      siblings: { rfilename: string }[];
    };
    server.misbehave = ({ path }, response) => {
      if (!path.startsWith('/api/')) return false;
      const answer = change(honest);
      response.writeHead(200).end(answer === undefined ? '<html>' : JSON.stringify(answer));
      return true;
    };
    const failure = fetched(settings);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(UserError);
  });

  it('when its index names other files', async () => {
    const index = Buffer.from(JSON.stringify({ weight_map: { w: '../../../../outside.safetensors' } }));
    const { server, settings } = await serve(
      new Map([...texts, ['model.safetensors.index.json', index], ['../../../../outside.safetensors', weights]]),
    );
    await expect(fetched(settings)).rejects.toThrow(/names "\.\.\/.*no shard of the repository/);
    expect(server.requests.some(({ path }) => path.includes('outside'))).toBe(false);
  });

  it('when it redirects in circles or elsewhere', async () => {
    const { server, settings } = await serve();
    server.misbehave = ({ path }, response) => (response.writeHead(302, { location: path }).end(), true);
    await expect(fetched(settings)).rejects.toThrow(/redirects more than 5 times/);
    server.misbehave = (_, response) => (response.writeHead(302, { location: 'file:///etc/passwd' }).end(), true);
    await expect(fetched(settings)).rejects.toThrow(/redirects to "file:.*not followed/);
  });
});

describe('names and the cache', () => {
  it("a repository's name is one, or it is refused before anything is asked or read", async () => {
    const good = [
      'gpt2',
      'Qwen/Qwen2.5-0.5B-Instruct',
      'a/b',
      'HuggingFaceTB/SmolLM2-135M-Instruct',
      'x_y/z.w',
      `a/${'b'.repeat(94)}`,
    ];
    const bad = [
      '',
      '/',
      'a/',
      '/a',
      'a/b/c',
      '../b',
      'a/..',
      '..',
      '.',
      'a/.b',
      'a/b.',
      'a/-b',
      'a--b/c',
      'a/b--c',
      'a/b..c',
      'a/b.git',
      'a\\b',
      'a/b\0',
      'a b/c',
      'a/b?x=1',
      'a/b#c',
      'a/%2e%2e',
      'ä/b',
      `a/${'b'.repeat(95)}`,
      'https://host/a/b',
      'a/b\n',
    ];
    expect(good.filter((name) => !isRepositoryName(name))).toEqual([]);
    expect(bad.filter(isRepositoryName)).toEqual([]);
    const { server, settings } = await serve();
    for (const name of bad) await expect(fetchSnapshot(name, { settings }), name).rejects.toThrow(/invalid model name/);
    for (const revision of ['../main', 'a/../b', '-x', 'a b', 'a/', '/a', 'a//b', 'refs?x'])
      await expect(fetched(settings, { revision }), revision).rejects.toThrow(/invalid revision/);
    expect(server.requests).toEqual([]);
    expect([good.length, bad.length]).toEqual([6, 26]);
  });

  it('a snapshot whose files link out of the repository, or to nothing, is not used', async () => {
    const { settings } = await serve();
    const snapshot = await fetched(settings);
    const path = join(snapshot, 'config.json');
    rmSync(path);
    symlinkSync('/etc/passwd', path);
    expect(() => cachedSnapshot(NAME, settings)).toThrow(/links out of the model's folder/);
    rmSync(path);
    symlinkSync('../../blobs/absent', path);
    expect(() => cachedSnapshot(NAME, settings)).toThrow(/links to a file that is not there/);
    writeFileSync(join(repository(settings), 'refs/main'), '../../../x');
    expect(() => cachedSnapshot(NAME, settings)).toThrow(/names no commit/);
  });

  it('settings come from the environment as huggingface_hub reads them', () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'token'), ' hf_stored\n');
    expect(hubSettings({ HF_HOME: home })).toEqual({
      cache: join(home, 'hub'),
      endpoint: 'https://huggingface.co',
      token: 'hf_stored',
      offline: false,
      copies: false,
    });
    expect(hubSettings({ XDG_CACHE_HOME: '/x' }).cache).toBe('/x/huggingface/hub');
    expect(
      hubSettings({ HF_HOME: home, HF_HUB_CACHE: '/c', HF_ENDPOINT: 'https://mirror.example//', HF_TOKEN: 'hf_given' }),
    ).toMatchObject({ cache: '/c', endpoint: 'https://mirror.example', token: 'hf_given' });
    expect(hubSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token).toBeNull();
    for (const value of ['1', 'ON', 'yes', 'True'])
      expect(hubSettings({ HF_HOME: home, HF_HUB_OFFLINE: value }).offline).toBe(true);
    expect(hubSettings({ HF_HOME: home, TRANSFORMERS_OFFLINE: '1', HF_HUB_DISABLE_SYMLINKS: '1' })).toMatchObject({
      offline: true,
      copies: true,
    });
    expect(hubSettings({ HF_HOME: home, HF_HUB_OFFLINE: '0' }).offline).toBe(false);
    expect(() => hubSettings({ HF_ENDPOINT: 'mirror.example' })).toThrow(/invalid HF_ENDPOINT/);
  });
});
