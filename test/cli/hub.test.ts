/** Commands given a model by its name on the hub: fetched once, then used from the cache, also offline. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { HubServer } from '../models/support/hub-server.js';
import { leastStudy, scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const NAME = 'tiny-org/Tiny-Qwen2.5';
const TOKEN = 'hf_secret';
const scratch = scratchFolder();
const home = join(scratch, 'hf');
let server: HubServer;
let endpoint: string;

beforeAll(async () => {
  const folder = writeTinyModel(join(scratch, 'source'));
  server = new HubServer(
    NAME,
    new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))])),
    TOKEN,
  );
  endpoint = await server.start();
});
afterAll(() => server.stop());

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command beside the server, which answers from this process. */
function lightmem(words: readonly string[], settings: Record<string, string> = {}): Promise<Ended> {
  const env = { ...process.env, HF_HOME: home, HF_ENDPOINT: endpoint, HF_TOKEN: TOKEN, ...settings };
  const child = spawn(process.execPath, [MAIN, ...words], { cwd: scratch, env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

const ask = ['ask', 'What is the capital?', '--max-tokens', '2', '--model', NAME];

describe('a model named as on the hub', { timeout: 120_000 }, () => {
  it('is refused offline before it was fetched, with the way out', async () => {
    const { status, stderr } = await lightmem(ask, { HF_HUB_OFFLINE: '1' });
    expect(status).toBe(2);
    expect(stderr).toContain(`${NAME} is not in ${join(home, 'hub')}, and HF_HUB_OFFLINE forbids fetching it`);
    expect(server.requests).toEqual([]);
  });

  it('is refused without the token it needs', async () => {
    const { status, stderr } = await lightmem(ask, { HF_TOKEN: '' });
    expect(status).toBe(2);
    expect(stderr).toMatch(/HF_TOKEN/);
    expect(stderr).not.toContain('    at ');
  });

  it('is fetched with a word on progress and answers', async () => {
    const { status, stdout, stderr } = await lightmem(ask);
    expect(stderr).toMatch(/^fetching tiny-org\/Tiny-Qwen2\.5: [\d.]+ MB into the hub's cache\n/);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^base:/);
    expect(existsSync(join(home, 'hub', 'models--tiny-org--Tiny-Qwen2.5', 'refs', 'main'))).toBe(true);
  });

  it('is used from the cache, without a request, also offline', async () => {
    const asked = server.requests.length;
    const { status, stderr } = await lightmem(ask, { HF_HUB_OFFLINE: '1' });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^(note: tiny-org\/Tiny-Qwen2\.5: the chat template .*\n)?$/);
    expect(server.requests).toHaveLength(asked);
  });

  it('may stand in a study file, whose workers find it in the cache', async () => {
    writeFileSync(join(scratch, 'study.yaml'), stringify(leastStudy(NAME)));
    const { status, stdout } = await lightmem(['study', 'run', 'study.yaml', '--json'], { HF_HUB_OFFLINE: '1' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ carriedOut: 2, failed: 0 });
  });

  it('that the hub does not have is refused', async () => {
    const { status, stderr } = await lightmem(['ask', 'x', '--model', 'tiny-org/none']);
    expect(status).toBe(2);
    expect(stderr).toContain('tiny-org/none');
  });
});
