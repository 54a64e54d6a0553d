import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MethodEntry } from '../../src/compress/entry.js';
import { extract } from '../../src/compress/methods/extract.js';
import { hybrid } from '../../src/compress/methods/hybrid.js';
import { summarize } from '../../src/compress/methods/summarize.js';
import type { Engine } from '../../src/engine/engine.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { goesInCircles, LocalChat } from '../../src/generate/chat.js';
import { Generator } from '../../src/generate/generator.js';
import type { ChatMessage } from '../../src/llm/chat-model.js';
import { Spend } from '../../src/llm/spend/spend.js';
import { bundledModelPath, loadModel } from '../../src/models/load.js';
import { opened } from '../compress/support/methods.js';
import { itemOf } from '../compress/support/texts.js';
import { smollm2Path } from '../models/support/dev-files.js';

const model = loadModel(bundledModelPath());
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-chat-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An engine that counts its steps, and tells each. */
function counting(onStep: (step: number) => void = () => undefined): Engine & { steps: number } {
  const inner = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
  const engine = {
    name: inner.name,
    steps: 0,
    lanes: inner.lanes,
    hold: (tensors: Parameters<Engine['hold']>[0]) => inner.hold(tensors),
    async compile(graph: Parameters<Engine['compile']>[0]) {
      const program = await inner.compile(graph);
      const run: typeof program.run = (inputs, into) => {
        onStep(++engine.steps);
        return program.run(inputs, into);
      };
      return { run, dispose: () => program.dispose() };
    },
  };
  return engine;
}

function chat(parts: Partial<ConstructorParameters<typeof LocalChat>[0]> = {}): LocalChat {
  return new LocalChat({ model, engine: counting(), cacheFolder: null, ...parts });
}

const asking = (text: string): ChatMessage[] => [{ role: 'user', content: text }];
const QUESTIONS = [
  'Where does Ana live?',
  'Text: Ana lives in Rome. Where does Ana live?',
  'Who is Ben?',
  'Why?',
  'And?',
];

describe('a local model', () => {
  it('answers through its own chat template, as generation does', async () => {
    const local = chat();
    const generator = await Generator.create({
      engine: counting(),
      config: model.config,
      tokenizer: model.tokenizer,
      training: { kind: 'none' },
      values: ({ name }) => model.weights.read(name),
    });
    let compared = 0;
    const answers = await Promise.all(
      QUESTIONS.map((each) => local.complete(asking(each), { maxTokens: 12, grow: false })),
    );
    for (const [index, question] of QUESTIONS.entries()) {
      const tokens = model.tokenizer.encodePrompt(model.template.render(asking(question)));
      const settings = { maxNewTokens: 12, temperature: 0, seed: 0, stop: [] };
      const [expected] = await generator.generate([{ id: 'q', group: 'q', tokens }], settings);
      const answer = answers[index];
      if (answer?.status !== 'ok' && answer?.status !== 'truncated') throw new Error(JSON.stringify(answer));
      expect(answer.text).toBe(expected?.text);
      expect(answer.status).toBe(expected?.finish === 'length' ? 'truncated' : 'ok');
      expect(answer.usage).toEqual({ promptTokens: tokens.length, completionTokens: expected?.tokens.length });
      compared++;
    }
    console.log(`${compared} answers, ${local.concurrency} at once, as one at a time`);
    expect(compared).toBe(QUESTIONS.length);
    await generator.dispose();
    await local.dispose();
  });

  it('keeps each answer of a batch to its own limit', async () => {
    const local = chat();
    const [short, long] = await Promise.all(
      [2, 12].map((maxTokens) => local.complete(asking('Tell me of Ana.'), { maxTokens, grow: false })),
    );
    expect(short).toMatchObject({ status: 'truncated', usage: { completionTokens: 2 } });
    if (short?.status !== 'truncated' || (long?.status !== 'ok' && long?.status !== 'truncated')) throw new Error();
    expect(long.text.startsWith(short.text)).toBe(true);
    await local.dispose();
  });

  it('asks itself nothing twice: answers are kept, and loading waits until one is missing', async () => {
    const cacheFolder = join(folder, 'cache');
    const first = chat({ cacheFolder });
    const question = asking('Where does Ana live?');
    const made = await first.complete(question, { maxTokens: 40 });
    await first.drain();
    await first.dispose();
    const engine = counting();
    const again = chat({ cacheFolder, engine });
    expect(made.status).toBe('ok');
    expect(await again.complete(question, { maxTokens: 40 })).toEqual({ ...made, cached: true });
    expect([engine.steps, again.spend.totals.cached]).toEqual([0, 1]);
    await again.complete(question, { maxTokens: 41 });
    await again.complete(question, { maxTokens: 40, sample: 1 });
    expect(again.spend.totals.requests).toBe(2);
    expect((await readdir(cacheFolder, { recursive: true })).filter((name) => name.endsWith('.json')).length).toBe(3);
    await again.dispose();
  });

  it('asks once more with twice the room where an answer was cut, unless that is not wanted', async () => {
    const local = chat();
    const cut = await local.complete(asking('Tell me of Ana.'), { maxTokens: 1, grow: false });
    expect([cut.status, local.spend.totals.requests]).toEqual(['truncated', 1]);
    await local.complete(asking('Tell me of Ana.'), { maxTokens: 1 });
    expect(local.spend.totals).toMatchObject({ requests: 3, retries: 1 });
    await local.dispose();
  });

  it('stops between two steps when it is cancelled, and what comes later is still answered', async () => {
    const cancel = new AbortController();
    const engine = counting((step) => {
      if (step === 3) cancel.abort();
    });
    const local = chat({ engine, batch: 1 });
    const wanted = { maxTokens: 500, signal: cancel.signal };
    const asked = ['one', 'two'].map((each) => local.complete(asking(each), wanted));
    expect(await Promise.all(asked)).toMatchObject([{ status: 'cancelled' }, { status: 'cancelled' }]);
    expect(engine.steps).toBe(3);
    expect(await local.complete(asking('three'), wanted)).toMatchObject({ status: 'cancelled' });
    expect((await local.complete(asking('four'), { maxTokens: 3, grow: false })).status).toMatch(/ok|truncated/);
    await local.dispose();
  });

  it('names what it cannot do: prompts too long, limits reached, wishes unknown', async () => {
    const local = chat();
    const long = await local.complete(asking('word '.repeat(3000)));
    expect(long).toMatchObject({ status: 'too-long', message: /\d+ tokens of prompt do not fit the model's 1024/ });
    const poor = chat({ spend: new Spend(undefined, { maxTokens: 10 }) });
    expect(await poor.complete(asking('Why?'))).toMatchObject({ status: 'budget' });
    const wishes = { maxTokens: 4, grow: false, json: true, topP: 0.5 };
    expect(await local.complete(asking('Why?'), wishes)).toMatchObject({ dropped: ['top_p', 'response_format'] });
    await local.dispose();
  });

  it('notices an answer that goes round in circles', () => {
    const random = Array.from({ length: 64 }, (_, i) => (i * i * 7) % 101);
    const circling = (period: number, length: number): number[] =>
      Array.from({ length }, (_, i) => 1000 + (i % period));
    const CASES: readonly (readonly [readonly number[], boolean])[] = [
      [random, false],
      [[...random, ...circling(1, 48)], true],
      [[...random, ...circling(1, 32)], false],
      [[...random, ...circling(30, 128)], true],
      [[...random, ...circling(30, 80)], false],
      [[...random, ...circling(90, 368)], true],
      [[...random, ...circling(5, 47)], false],
    ];
    for (const [answer, expected] of CASES) expect(goesInCircles(answer)).toBe(expected);
    console.log(`${CASES.length} answers, circling or not`);
  });
});

describe('the bundled model as compressor', () => {
  it('serves every method that asks a model: it condenses nothing, and each outcome has a name', async () => {
    const local = chat({ batch: 8 });
    const making = (entry: MethodEntry) => opened(entry, { chat: local }, { partTokens: 100 });
    const text = 'Ana Koval lives in Marstad. She works as a teacher and was born in 1958.';
    const results = await Promise.all([
      (await making(summarize)).compress(itemOf(text), 'summ_l5'),
      (await making(extract)).compress(itemOf(text), 'ext'),
      (await making(hybrid)).compress(itemOf(text), 'hybrid'),
    ]);
    for (const { method, ...result } of results) {
      const outcome = result.status === 'done' ? result.flags.join(', ') : result.reason;
      console.log(`${method}: ${result.status}, ${outcome}`);
      if (result.status === 'failed') expect(result.reason).toMatch(/^(invalid-json|truncated|echo|too-long|empty)$/);
    }
    expect(local.spend.totals.requests).toBeGreaterThanOrEqual(4);
    await local.dispose();
  }, 60_000);
});

const path = smollm2Path();

describe.skipIf(path === undefined)('SmolLM2-135M-Instruct as compressor', () => {
  const TEXT = 'Misty Buscher is the mayor of Springfield, Illinois. She was elected in April 2023.';

  it('summarises', async () => {
    if (path === undefined) return;
    const engine = onnxRuntimeEngine({ device: 'cpu' });
    const local = new LocalChat({ model: loadModel(path), engine, cacheFolder: null });
    const result = await (await opened(summarize, { chat: local })).compress(itemOf(TEXT), 'summ_l4');
    expect(result).toMatchObject({ status: 'done', provenance: { model: 'SmolLM2-135M-Instruct.Q4_1' } });
    if (result.status === 'done') expect(result.text).toMatch(/Springfield/);
    await local.dispose();
  }, 300_000);
});
