/** Base and adapters asked behind servers of each protocol: well, with the faults that such servers have, and with their deaths. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AnswerLog } from '../../src/evaluate/answer-log.js';
import { loadModel } from '../../src/models/load.js';
import type { LoadedModel } from '../../src/models/model.js';
import { PromptRenderer } from '../../src/models/text/prompt.js';
import { closeAdapterServer } from '../../src/serving/adapter-server.js';
import { ServerProcess } from '../../src/serving/server-process.js';
import type { ServerKind } from '../../src/serving/settings.js';
import { Vllm } from '../../src/serving/vllm.js';
import { writeTinyModel } from '../study/support/tiny-model.js';
import { answerOf } from './support/mock-server.mjs';
import {
  askServed,
  isRunning,
  mockCommand,
  mockSettings,
  samplesOf,
  textsOf,
  writeDrawn,
  type Faults,
} from './support/served.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-serving-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(closeAdapterServer);

const KINDS: readonly ServerKind[] = ['vllm', 'llama-server', 'openai'];
let model: LoadedModel;
let one: ReturnType<typeof writeDrawn>;
let two: ReturnType<typeof writeDrawn>;

beforeAll(() => {
  model = loadModel(writeTinyModel(join(root, 'base')));
  one = writeDrawn(join(root, 'one'), 1, model);
  two = writeDrawn(join(root, 'two'), 2, model);
});

/** What a mock answers that uses the weights that it should. */
function rightTexts(kind: ServerKind, adapter: typeof one | null, count = 5): string[] {
  const prompts = new PromptRenderer(model).promptTokens(samplesOf(count), 200).map(({ prompt }) => prompt);
  const weights = adapter === null ? '' : weightsFor(kind, adapter);
  const asSent = (prompt: readonly number[]) => (kind === 'openai' ? model.tokenizer.decode(prompt) : prompt);
  return prompts.map((prompt) => answerOf(weights, asSent(prompt)).text);
}

function weightsFor(kind: ServerKind, { folder, scratch }: typeof one): Buffer {
  if (kind !== 'llama-server') return readFileSync(join(folder, 'adapter_model.safetensors'));
  const file = [...new Set(filesIn(scratch))].find((name) => name.endsWith('.gguf'));
  return readFileSync(join(scratch, file ?? ''));
}

const filesIn = (folder: string): string[] => readdirSync(folder);

/** A mock server that runs by itself until the test ends. */
async function running(kind: ServerKind, faults: Faults = {}, words: readonly string[] = []) {
  const command = (port: number) => ({
    words: [
      ...mockCommand(kind, faults).filter((word) => word !== '--port' && word !== '{port}'),
      ...words,
      '--port',
      String(port),
    ],
    environment: {},
  });
  const server = await ServerProcess.start(command, { seconds: 30 });
  ended.push(() => server.close());
  return server.client;
}
const ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

interface Sent {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

async function sentTo({ root: address }: { readonly root: string }): Promise<Sent[]> {
  return (await (await fetch(`${address}/requests`)).json()) as Sent[];
}

describe.each(KINDS)('a %s', { timeout: 120_000 }, (kind) => {
  it('answers for the base and for each of two adapters, by turns', async () => {
    const settings = mockSettings(kind);
    for (const adapter of [null, one, two, one, null])
      expect(textsOf(await askServed(model, settings, adapter))).toEqual(rightTexts(kind, adapter));
  });

  it('that ignores its adapters is seen before a question is asked', async () => {
    const log = await AnswerLog.open(join(root, `${kind}-ignored.jsonl`));
    const asking = askServed(model, mockSettings(kind, { ignores: true }), one, { log });
    await expect(asking).rejects.toThrow(/ignores the adapter lightmem-[0-9a-f]{16}: its answers and their probab/);
    expect(log.log.held).toEqual([]);
    const unchecked = mockSettings(kind, { ignores: true }, { check: false });
    expect(textsOf(await askServed(model, unchecked, one))).toEqual(rightTexts(kind, null));
  });

  it('that is no more after some answers is started again, and what was answered is not asked again', async () => {
    const diesOnce = join(root, `${kind}-died`);
    const log = await AnswerLog.open(join(root, `${kind}-dies.jsonl`));
    const settings = mockSettings(kind, { diesAt: 9, diesOnce }, { check: false, atOnce: 1 });
    expect(textsOf(await askServed(model, settings, one, { log, count: 12 }))).toEqual(rightTexts(kind, one, 12));
    let asked = 0;
    await askServed(model, settings, one, { log, count: 12, onAsked: (questions) => (asked += questions) });
    expect(asked).toBe(0);
  });

  it('that dies again and again ends the asking after two further starts, its answers kept', async () => {
    const log = await AnswerLog.open(join(root, `${kind}-mortal.jsonl`));
    const settings = mockSettings(kind, { diesAt: 7 }, { check: false, atOnce: 1 });
    const asking = askServed(model, settings, one, { log, count: 40 });
    await expect(asking).rejects.toThrow(/asking stopped: the server died 3 times: .*ended \(exit code 7\)/s);
    const kept = readFileSync(join(root, `${kind}-mortal.jsonl`), 'utf8')
      .trim()
      .split('\n');
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.length).toBeLessThan(40);
  });

  it('that fails now and then is asked again, and a question that it always fails on is unanswered', async () => {
    const some = mockSettings(kind, { failsFirst: 2 }, { check: false, atOnce: 1 });
    expect(textsOf(await askServed(model, some, one))).toEqual(rightTexts(kind, one));
    const [, prompt] = new PromptRenderer(model).promptTokens(samplesOf(2), 200);
    const failsOn = kind === 'openai' ? 'thing 1' : JSON.stringify(prompt?.prompt).slice(1, -1);
    const outcomes = await askServed(model, mockSettings(kind, { failsOn }, { check: false }), one, { count: 3 });
    const right = rightTexts(kind, one, 3);
    expect(textsOf(outcomes)).toEqual([right[0], '(500: never this one)', right[2]]);
  });

  it('that starts slowly is waited for, and not for ever', async () => {
    expect(textsOf(await askServed(model, mockSettings(kind, { slowMs: 1500 }), null))).toEqual(rightTexts(kind, null));
    const late = mockSettings(kind, { slowMs: 600_000 }, { startSeconds: 1 });
    await expect(askServed(model, late, null)).rejects.toThrow(/did not answer within 1 s.*startSeconds/);
  });

  it('that does not start is told with its last words', async () => {
    const asking = askServed(model, mockSettings(kind, { noStart: true }), null);
    await expect(asking).rejects.toThrow(/could not be started: .*exit code 3.*no kernel image is available/s);
    const missing = askServed(model, mockSettings(kind, {}, { command: ['/no/such/server', '{port}'] }), null);
    await expect(missing).rejects.toThrow(/could not be started: \/no\/such\/server could not be started/);
  });
});

describe('a vLLM', { timeout: 120_000 }, () => {
  it('that keeps stale answers under a name has a new name for an adapter that was trained anew', async () => {
    const { root: endpoint } = await running('vllm', { stale: true }, [model.path]);
    const settings = mockSettings('vllm', {}, { endpoint });
    const again = writeDrawn(join(root, 'again'), 3, model);
    expect(textsOf(await askServed(model, settings, again))).toEqual(rightTexts('vllm', again));
    writeDrawn(join(root, 'again'), 4, model);
    expect(textsOf(await askServed(model, settings, again))).toEqual(rightTexts('vllm', again));
  });

  it('is given prompts as lightmem’s own tokens, greedily, an item’s questions one behind the other', async () => {
    const client = await running('vllm', {}, [model.path]);
    await askServed(model, mockSettings('vllm', {}, { endpoint: `${client.root}/v1`, atOnce: 1, check: false }), one);
    const asked = (await sentTo(client)).filter(({ path }) => path === '/v1/completions').slice(-5);
    const tokens = new PromptRenderer(model).promptTokens(samplesOf(5), 200).map(({ prompt }) => prompt);
    expect(asked.map(({ body }) => body['prompt'])).toEqual(tokens);
    expect(asked[0]?.body).toMatchObject({ temperature: 0, max_tokens: 4, stop_token_ids: model.config.eosTokenIds });
    expect(new Set(asked.map(({ body }) => body['model'])).size).toBe(1);
  });

  it('has adapters taken out where its slots are full, ours or those of a process that is gone', async () => {
    const client = await running('vllm', { slots: 1 }, [model.path]);
    const settings = mockSettings('vllm', {}, { endpoint: client.root, maxCpuLoras: 1 });
    for (const adapter of [one, two, one])
      expect(textsOf(await askServed(model, settings, adapter))).toEqual(rightTexts('vllm', adapter));
    await closeAdapterServer();
    expect(textsOf(await askServed(model, { ...settings, maxCpuLoras: 9 }, two))).toEqual(rightTexts('vllm', two));
  });

  it('is started with adapters on, and with room for the largest rank', async () => {
    const asking = askServed(model, mockSettings('vllm', { refuses: true }, { maxRank: 9 }), one);
    await expect(asking).rejects.toThrow(/does not load the adapter .*rank 64 is greater.*16 is needed/);
    const { words } = startWords(9);
    expect(words).toEqual(expect.arrayContaining(['--enable-lora', '--max-lora-rank', '16', '--max-model-len', '256']));
  });

  it('that loads no adapters while it runs is told how to be started', async () => {
    const { root: endpoint } = await running('vllm', { noRuntime: true }, [model.path]);
    const asking = askServed(model, mockSettings('vllm', {}, { endpoint }), one);
    await expect(asking).rejects.toThrow(/VLLM_ALLOW_RUNTIME_LORA_UPDATING=True and --enable-lora/);
  });

  it('that serves another base is refused', async () => {
    const { root: endpoint } = await running('vllm', {}, ['/models/other']);
    const asking = askServed(model, mockSettings('vllm', {}, { endpoint }), null);
    await expect(asking).rejects.toThrow(/serves the-base, not .*base: name its model in server.model/);
  });

  it('that is gone ends the asking', async () => {
    const client = await running('vllm', {}, [model.path]);
    const settings = mockSettings('vllm', {}, { endpoint: client.root, check: false });
    await askServed(model, settings, one);
    for (const end of ended.splice(0)) await end();
    await expect(askServed(model, settings, one)).rejects.toThrow(
      /asking stopped: vLLM at .* does not answer|does not list/,
    );
  });
});

describe('a llama-server', { timeout: 120_000 }, () => {
  it('that runs elsewhere is used with the adapters that it has, and told of those that it lacks', async () => {
    await askServed(model, mockSettings('llama-server'), one); // makes the file
    const file = join(one.scratch, filesIn(one.scratch).find((name) => name.endsWith('.gguf')) ?? '');
    const client = await running('llama-server', {}, ['--model', model.path, '--lora', file]);
    const settings = mockSettings('llama-server', {}, { endpoint: client.root });
    expect(textsOf(await askServed(model, settings, one))).toEqual(rightTexts('llama-server', one));
    await expect(askServed(model, settings, two)).rejects.toThrow(/has no adapter lightmem-.*--lora .*two\/served/);
  });

  it('has its cache of prompts left off, which leaks between adapters', async () => {
    await askServed(model, mockSettings('llama-server'), one);
    const file = join(one.scratch, filesIn(one.scratch).find((name) => name.endsWith('.gguf')) ?? '');
    const client = await running('llama-server', {}, ['--model', model.path, '--lora', file]);
    const settings = mockSettings('llama-server', {}, { endpoint: client.root });
    expect(textsOf(await askServed(model, settings, null))).toEqual(rightTexts('llama-server', null));
    expect(textsOf(await askServed(model, settings, one))).toEqual(rightTexts('llama-server', one));
    const asked = (await sentTo(client)).filter(({ path }) => path === '/completion');
    expect(new Set(asked.map(({ body }) => body['cache_prompt']))).toEqual(new Set([false]));
    // The mock does leak where it is let.
    const leaky = async (scale: number): Promise<unknown> => {
      const body = JSON.stringify({ prompt: [1, 2, 3], lora: [{ id: 0, scale }], cache_prompt: true });
      return (
        (await (await fetch(`${client.root}/completion`, { method: 'POST', body })).json()) as { content: string }
      ).content;
    };
    expect(await leaky(0)).toBe(await leaky(1));
  });
});

describe('a server that is told an adapter by name', { timeout: 120_000 }, () => {
  it('and tells no probabilities is compared by its words', async () => {
    const settings = mockSettings('openai', { noLogprobs: true });
    expect(textsOf(await askServed(model, settings, one))).toEqual(rightTexts('openai', one));
    const ignoring = askServed(model, mockSettings('openai', { noLogprobs: true, ignores: true }), one);
    await expect(ignoring).rejects.toThrow(/ignores the adapter .*word for word.*server\.check: false/);
  });

  it('and reads other tokens than the prompt has is refused', async () => {
    const settings = mockSettings('openai', { counts: 7 });
    await expect(askServed(model, settings, null)).rejects.toThrow(
      /reads 7 tokens where the prompt has \d+.*addsStart/,
    );
  });
});

function startWords(maxRank: number): { readonly words: readonly string[] } {
  return new Vllm({ settings: { ...mockSettings('vllm'), maxRank }, base: model }).start(null, 1);
}

describe('a server that was started here', { timeout: 60_000 }, () => {
  it('ends, with what it started, when lightmem is killed with -9', async () => {
    const program = fileURLToPath(new URL('support/hold-server.mjs', import.meta.url));
    const holder = spawn(process.execPath, [program, JSON.stringify(mockCommand('vllm', { spawns: true }))]);
    const address = await new Promise<string>((resolve) => {
      holder.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    });
    const child = (await (await fetch(`${address}/child`)).json()) as number;
    expect(isRunning(child)).toBe(true);
    holder.kill('SIGKILL');
    const isThere = async (): Promise<boolean> =>
      fetch(`${address}/health`).then(
        () => true,
        () => false,
      );
    while (await isThere()) await sleep(100);
    while (isRunning(child)) await sleep(100);
  });
});
