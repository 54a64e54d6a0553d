import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  compressItems,
  CompressionStopped,
  type CompressReport,
  type CompressRequest,
  type Forecast,
} from '../../src/compress/compress-items.js';
import { openLevels, planLevel } from '../../src/compress/level-task.js';
import { recorded } from '../../src/compress/methods/recorded.js';
import { hybrid } from '../../src/compress/methods/hybrid.js';
import { CompressionStore } from '../../src/compress/store.js';
import type { ChatOutcome } from '../../src/llm/chat-model.js';
import { ChatEndpoint } from '../../src/llm/endpoint.js';
import { Limiter } from '../../src/llm/pace/limiter.js';
import { completion, failure, startServer } from '../llm/support/mock-server.js';
import { diligent, markedText, ScriptedModel, type Answerer } from './support/scripted-model.js';
import { tasksOf, toolsOf } from './support/methods.js';
import { ARTICLE, counter, itemOf } from './support/texts.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-compress-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ITEMS = Array.from({ length: 12 }, (_, index) => itemOf(`Text ${index}. ${ARTICLE}`, `i${index}`));

interface Run {
  readonly model: ScriptedModel;
  readonly request: CompressRequest;
  readonly report: () => CompressReport;
}

interface Changes extends Partial<Omit<CompressRequest, 'levels'>> {
  readonly levels?: readonly string[];
  /** What the methods are told. */
  readonly given?: Readonly<Record<string, unknown>>;
}

async function prepared(answer?: Answerer, changes: Changes = {}): Promise<Run> {
  const { levels = ['summ_l2', 'summ_l5', 'select=0.4'], given = {}, ...rest } = changes;
  const model = new ScriptedModel(answer);
  let report: CompressReport | undefined;
  const request: CompressRequest = {
    levels: await tasksOf(levels, { chat: model }, { given }),
    store: new CompressionStore(folder),
    counter: counter.identity,
    onReport: (told) => (report = told),
    ...rest,
  };
  const told = (): CompressReport => {
    if (report === undefined) throw new Error('no report');
    return report;
  };
  return { model, request, report: told };
}

/** Answers like `answer` for the numbered texts, diligently otherwise. */
function only(numbers: readonly number[], answer: ChatOutcome): Answerer {
  return (messages) =>
    numbers.some((number) => markedText(messages).startsWith(`Text ${number}.`)) ? answer : diligent(messages);
}

describe('compressing items', () => {
  test('adds a text for every level, in order, with its provenance', async () => {
    const { request, report } = await prepared();
    const made = await compressItems(ITEMS, request);
    expect(made.map((item) => item.id)).toEqual(ITEMS.map((item) => item.id));
    expect(made[0]?.questions).toEqual(ITEMS[0]?.questions);
    expect(Object.keys(made[3]?.texts ?? {})).toEqual(['original', 'summ_l2', 'summ_l5', 'select=0.4']);
    expect(made[3]?.texts['select=0.4']).toMatchObject({
      method: 'select',
      provenance: { target: 'select=0.4', flags: [], description: 'chosen sentences' },
    });
    expect(made[3]?.texts.summ_l2?.provenance['measured']).toMatchObject({ counter: counter.identity });
    expect(report()).toMatchObject({ items: 12, kept: 0, made: 36, failed: 0 });
    expect(report().levels.map(({ level, method, texts }) => [level, method, texts])).toEqual([
      ['summ_l2', 'summarize', 12],
      ['summ_l5', 'summarize', 12],
      ['select=0.4', 'select', 12],
    ]);
  });

  test('made once is never made again: no call, the same texts', async () => {
    const first = await prepared();
    const made = await compressItems(ITEMS, first.request);
    expect(first.model.calls.length).toBe(24);
    const second = await prepared();
    expect(await compressItems(ITEMS, second.request)).toEqual(made);
    expect(second.model.calls.length).toBe(0);
    expect(second.report()).toMatchObject({ kept: 36, made: 0 });
  });

  test('another text, target, prompt setting or tokenizer is another work', async () => {
    await compressItems(ITEMS.slice(0, 1), (await prepared()).request);
    const [item] = ITEMS;
    if (item === undefined) throw new Error('no item');
    const changes: readonly (readonly [string, () => Promise<ScriptedModel>])[] = [
      ['text', () => calls([itemOf(`${ARTICLE}!`, 'i0')], {})],
      ['target', () => calls([item], { levels: ['summ_l2=99w'] })],
      ['tokenizer', () => calls([item], { counter: 'other' })],
    ];
    for (const [name, change] of changes) expect((await change()).calls.length, name).toBeGreaterThan(0);
    const english = await calls([item], { levels: ['summ_l2'], given: { language: 'english' } });
    expect(english.calls.length).toBe(1);
    const same = await calls([{ ...item, id: 'another id', questions: [] }], { levels: ['summ_l2'] });
    expect(same.calls.length).toBe(0); // what is known is the text, whatever the item is called
  });

  async function calls(items: typeof ITEMS, changes: Changes): Promise<ScriptedModel> {
    const run = await prepared(undefined, changes);
    await compressItems(items, run.request);
    return run.model;
  }

  test('a failed text is left out and told, and the next run tries it again', async () => {
    const refuse = only([2, 5], { status: 'filtered', message: 'data inspection' });
    const first = await prepared(refuse);
    const made = await compressItems(ITEMS, first.request);
    expect(made.filter((item) => item.texts.summ_l2 === undefined).map((item) => item.id)).toEqual(['i2', 'i5']);
    expect(first.report()).toMatchObject({ failed: 4 });
    expect(first.report().levels[0]).toMatchObject({ texts: 10, failed: 2, failures: { filtered: 2 } });
    expect(first.report().failures[0]).toMatchObject({
      item: 'i2',
      failure: { reason: 'filtered', message: 'data inspection' },
    });
    const second = await prepared();
    await compressItems(ITEMS, second.request);
    expect(second.model.calls.length).toBe(4);
    expect(second.report().failed).toBe(0);
  });

  test('a failed text never leaves another method’s text in its place', async () => {
    const old = { text: 'Old.', method: 'recorded', provenance: {} };
    const items = ITEMS.map((item) => ({ ...item, texts: { ...item.texts, summ_l2: old } }));
    const refuse = only([2], { status: 'refusal', message: 'no' });
    const dropped = await compressItems(items, (await prepared(refuse)).request);
    expect(dropped[2]?.texts.summ_l2).toBeUndefined();
    expect(dropped[1]?.texts.summ_l2?.method).toBe('summarize');
    const kept = await compressItems(items, (await prepared(refuse, { onFailure: 'keep-original' })).request);
    expect(kept[2]?.texts.summ_l2).toMatchObject({
      text: ITEMS[2]?.texts['original']?.text,
      provenance: { fallback: 'original', reason: 'refusal', flags: ['original-kept'] },
    });
  });

  test.each(['quota', 'budget', 'unauthorized', 'rate-limited', 'not-found'] as const)(
    '%s stops the work, keeps what is done, and goes on later',
    async (status) => {
      const first = await prepared((messages, _, call) =>
        call < 10 ? diligent(messages) : { status, message: 'stop here' },
      );
      await expect(compressItems(ITEMS, first.request)).rejects.toThrow(
        /compression stopped .*stop here[\s\S]*run again to go on/,
      );
      expect(first.report().failed).toBe(0);
      const second = await prepared();
      await compressItems(ITEMS, second.request);
      expect(second.model.calls.length).toBe(24 - 10);
    },
  );

  test('when the first texts all fail alike the work stops', async () => {
    const broken = await prepared(() => ({ status: 'bad-request', message: 'unknown field' }), { levels: ['summ_l2'] });
    const failure = await compressItems(ITEMS, broken.request).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CompressionStopped);
    expect(failure).toMatchObject({ reason: 'all-alike' });
    expect(String(failure)).toMatch(/first \d+ texts all failed alike \(bad-request\): unknown field/);
    const mended = await prepared(undefined, { levels: ['summ_l2'] });
    await compressItems(ITEMS, mended.request);
    expect(mended.model.calls.length).toBe(12);
  });

  test('stopped by a signal it begins nothing new, lets what is under way finish, and keeps it', async () => {
    const stop = new AbortController();
    const first = await prepared((messages, _, call) => {
      if (call === 5) stop.abort();
      return diligent(messages);
    });
    await expect(compressItems(ITEMS, { ...first.request, signal: stop.signal })).rejects.toMatchObject({
      reason: 'cancelled',
    });
    const done = first.model.calls.length;
    expect(done).toBeLessThan(24);
    const second = await prepared();
    await compressItems(ITEMS, second.request);
    expect(second.model.calls.length).toBe(24 - done);
  });

  test('tells what is left to do before it begins, and begins nothing when that is declined', async () => {
    let forecast: Forecast | undefined;
    const declined = await prepared(undefined, {
      confirm: (told) => {
        forecast = told;
        return false;
      },
    });
    await expect(compressItems(ITEMS, declined.request)).rejects.toMatchObject({ reason: 'declined' });
    expect(forecast).toMatchObject({ texts: 36, kept: 0, missing: 36, calls: 24 });
    expect(declined.model.calls.length).toBe(0);
  });

  test('tells progress with rate and time left', async () => {
    const seen: (number | null)[][] = [];
    const { request } = await prepared(undefined, {
      onProgress: ({ done, total, secondsLeft }) => seen.push([done, total, secondsLeft]),
    });
    await compressItems(ITEMS, request);
    expect(seen.length).toBe(36);
    expect(seen.at(-1)).toEqual([36, 36, 0]);
    expect(seen[0]?.[2]).toBeGreaterThan(0);
  });

  test('takes a text under whatever name its level has now', async () => {
    const first = await prepared(undefined, { levels: ['hybrid=80w'] });
    await compressItems(ITEMS.slice(0, 1), first.request);
    expect(first.model.calls.length).toBeGreaterThan(0);
    const model = new ScriptedModel();
    const plan = planLevel('kurz', { entries: [hybrid], amount: { words: 80 }, ownName: true });
    const levels = await openLevels([plan], toolsOf({ chat: model }));
    const [item] = await compressItems(ITEMS.slice(0, 1), { ...first.request, levels });
    expect(model.calls.length).toBe(0);
    expect(Object.keys(item?.texts ?? {})).toEqual(['original', 'kurz']);
  });

  test('reads a recorded text anew where it is another', async () => {
    const request = async (text: string): Promise<CompressRequest> => {
      const texts = new Map([['i0', { summ_l3: { text, method: 'by-hand', provenance: {} } }]]);
      const options = { entries: [recorded], given: { file: 'texts.jsonl' } };
      const { request } = await prepared();
      return { ...request, levels: await tasksOf(['summ_l3'], { recorded: texts }, options) };
    };
    for (const text of ['One.', 'Another.']) {
      const [item] = await compressItems(ITEMS.slice(0, 1), await request(text));
      expect(item?.texts.summ_l3?.text).toBe(text);
    }
  });
});

describe('the store', () => {
  test('takes a file that was cut anywhere for absent', async () => {
    const levels = ['summ_l2'];
    await compressItems(ITEMS.slice(0, 1), (await prepared(undefined, { levels })).request);
    const [file] = (await readdir(folder, { recursive: true })).filter((name) => /^..[/\\].*\.json$/.test(name));
    const path = join(folder, file ?? '');
    const whole = await readFile(path, 'utf8');
    const cuts = [0, 1, 30, Math.floor(whole.length / 2), whole.length - 1];
    for (const cut of cuts) {
      await writeFile(path, whole.slice(0, cut));
      const run = await prepared(undefined, { levels });
      await compressItems(ITEMS.slice(0, 1), run.request);
      expect(run.model.calls.length, `cut at ${cut}`).toBe(1);
      expect(await readFile(path, 'utf8')).toBe(whole);
    }
    console.log(`${cuts.length} cuts`);
  });

  test('that cannot be written stops the work with what to do', async () => {
    await writeFile(join(folder, 'file'), 'x');
    const run = await prepared(undefined, { store: new CompressionStore(join(folder, 'file', 'texts')) });
    await expect(compressItems(ITEMS, run.request)).rejects.toThrow(/a part of the path is a file/);
  });

  test('reads 3,000 finished texts of 500 items in under half a second of CPU time', async () => {
    const items = Array.from({ length: 500 }, (_, index) => itemOf(`Text ${index}. ${ARTICLE}`, `i${index}`));
    const levels = ['summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'select'];
    await compressItems(items, (await prepared(undefined, { levels })).request);
    const second = await prepared(undefined, { levels });
    const [from, cpu] = [performance.now(), process.cpuUsage()];
    await compressItems(items, second.request);
    const used = process.cpuUsage(cpu);
    const seconds = (used.user + used.system) / 1e6;
    console.log(
      `500 items at 6 levels again: ${seconds.toFixed(2)} s of CPU, ${((performance.now() - from) / 1000).toFixed(2)} s in all`,
    );
    expect(second.model.calls.length).toBe(0);
    expect(seconds).toBeLessThan(0.5);
  }, 180_000);
});

test('compression finds the pace of an endpoint: everything is made, most requests are taken', async () => {
  const [rate, capacity, latencyMs, count] = [80, 20, 150, 400];
  let tokens = capacity;
  let last = performance.now();
  const server = await startServer(({ body, at }) => {
    tokens = Math.min(capacity, tokens + ((at - last) / 1000) * rate);
    last = at;
    if (tokens < 1) return failure(429, { message: 'rate limit' }, { 'retry-after-ms': '100' });
    tokens -= 1;
    return { ...completion(diligent(body['messages'] as Parameters<typeof diligent>[0])), delayMs: latencyMs };
  });
  const settings = { baseUrl: server.url, model: 'm', cacheFolder: join(folder, 'cache') };
  const model = new ChatEndpoint(settings, { limiter: new Limiter() });
  const items = Array.from({ length: count }, (_, index) => itemOf(`Text ${index}. ${ARTICLE}`, `i${index}`));
  const request = {
    levels: await tasksOf(['summ_l2'], { chat: model }),
    store: new CompressionStore(folder),
    counter: 'c',
  };
  const made = await compressItems(items, request);
  await server.close();
  expect(made.every((item) => item.texts.summ_l2 !== undefined)).toBe(true);
  expect(server.received.length - count).toBeLessThan(0.5 * count);
}, 300_000);
