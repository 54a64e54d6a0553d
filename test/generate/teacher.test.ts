/** Teachers: probabilities as an ordinary pass has them, and labels that are computed once, whatever kills, damages or shares their store. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../src/core/records.js';
import { trainingSamples } from '../../src/core/samples.js';
import { TARGET_MODULES, type TrainSettings } from '../../src/core/settings.js';
import { generateWorld } from '../../src/data/world/generate.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { SurprisalScorer } from '../../src/generate/surprisal.js';
import { Teacher } from '../../src/generate/teacher.js';
import { teacherLabels, type TaughtSample, type TeacherLabelsOptions } from '../../src/generate/teacher-labels.js';
import type { TeacherAnswer } from '../../src/models/graph/packing.js';
import { bundledModelPath, loadModel } from '../../src/models/load.js';
import { PromptRenderer } from '../../src/models/text/prompt.js';
import { finetune } from '../../src/train/finetune.js';
import { withTeacher } from '../../src/train/objectives/taught.js';
import { tinyModel, tinySamples } from '../train/tiny-model.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-teacher-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const model = loadModel(bundledModelPath());
const LIMIT = 400;

const items = generateWorld({ kind: 'articles', seed: 1, items: 6, partition: 'study' });
type ReadSample = Sample & TaughtSample;

/** The questions of six texts, each with its text. */
const samples = trainingSamples(items, 'original').map((sample): ReadSample => ({ context: '', ...sample }));

/** Labels from a store, and which of the texts were asked about. */
async function labels(
  folder: string,
  some: readonly TaughtSample[] = samples,
  options: Partial<TeacherLabelsOptions> = {},
) {
  let asked = 0;
  const found = await teacherLabels(some, {
    ...{ model, folder: join(root, folder), limit: LIMIT, threads: 1 },
    onProgress: ({ done, total }) => {
      if (done > 0 && done <= total) asked++;
    },
    ...options,
  });
  return { found, asked };
}

/** The store's files, with their bytes. */
function stored(folder: string): Map<string, string> {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
  const files = paths.filter((path) => statSync(join(root, folder, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(root, folder, path), 'utf8')]));
}

describe('a teacher', () => {
  it('gives every token the probability that an ordinary pass gives it, whatever shares its row', async () => {
    const tiny = tinyModel();
    const start = tiny.config.bosTokenId ?? 0;
    const shared = tinySamples(2).map((sample) => ({ ...sample, prompt: [start, ...sample.prompt] }));
    const settings = { k: tiny.config.vocabSize, temperature: 1 };
    const teacher = new Teacher({ model: tiny, engine, settings, limit: 64 });
    const found = await teacher.answers(shared);
    await teacher.dispose();
    const scorer = new SurprisalScorer(tiny, engine);
    let compared = 0;
    for (const [i, { prompt, answer }] of shared.entries()) {
      const [surprisal = []] = await scorer.surprisal([[...prompt.slice(1), ...answer]]);
      for (const [place, token] of answer.entries()) {
        const { tokens = [], weights = [] } = found[i]?.labels[place] ?? {};
        expect(-Math.log(weights[tokens.indexOf(token)] ?? NaN)).toBeCloseTo(
          surprisal[prompt.length - 1 + place] ?? NaN,
          4,
        );
        expect(found[i]?.missing[place]).toBeLessThan(1e-6);
        compared++;
      }
    }
    await scorer.dispose();
    expect(compared).toBe(shared.flatMap(({ answer }) => answer).length);
  });

  it('keeps the most probable tokens in their order, their probabilities made to add up to one', async () => {
    const tiny = tinyModel();
    const answers = async (k: number, temperature: number) => {
      const teacher = new Teacher({ model: tiny, engine, settings: { k, temperature }, limit: 64 });
      const found = await teacher.answers(tinySamples(2));
      await teacher.dispose();
      return found.flatMap((each) => each.labels.map((label, i) => ({ ...label, missing: each.missing[i] ?? NaN })));
    };
    const [all, four, warm] = [await answers(89, 1), await answers(4, 1), await answers(4, 3)];
    for (const [i, { tokens, weights, missing }] of four.entries()) {
      expect(tokens).toEqual(all[i]?.tokens.slice(0, 4));
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      weights.forEach((weight, k) => expect(weight * (1 - missing)).toBeCloseTo(all[i]?.weights[k] ?? NaN, 5));
      expect(warm[i]?.tokens).toEqual(tokens);
      expect(warm[i]?.missing).toBeGreaterThan(missing);
    }
  });

  it('says of the bundled base what it reads, and contradicts answers that its text does not have', async () => {
    const learnt = new PromptRenderer(model).tokenize(samples, LIMIT);
    const read = withTeacher(learnt, (await labels('own')).found);
    expect(read.report).toMatchObject({ taught: samples.length, contradicted: 0, dropped: 0 });
    expect(read.report.missing.most).toBeLessThan(0.05);
    const texts = new Map(items.map(({ id, texts: { original } }) => [id, original?.text ?? '']));
    const others = samples.map((sample, i) => {
      const other = samples[(i + samples.length / 2) % samples.length];
      return { ...sample, context: texts.get(other?.item ?? '') ?? '' };
    });
    const wrong = withTeacher(learnt, (await labels('own', others)).found);
    expect(wrong.report.contradicted).toBeGreaterThan(0.8 * samples.length);
  });

  it('has a long text give way, as everywhere', async () => {
    const [sample] = samples as [ReadSample];
    const long = { ...sample, context: `${sample.context} ${sample.context}` };
    const [shown] = new PromptRenderer(model).tokenize([long], 100);
    expect(shown?.contextTruncated).toBe(true);
    const teacher = new Teacher({ model, engine, settings: { k: 16, temperature: 1 }, limit: 100 });
    const [expected] = await teacher.answers(shown ? [shown] : []);
    await teacher.dispose();
    expect((await labels('long', [long], { limit: 100 })).found.get(sample.id)).toEqual(expected);
  });

  it('refuses settings, ids and answers that make no sense', async () => {
    await expect(labels('odd', samples, { k: 0 })).rejects.toThrow(
      'invalid k "0" of a teacher: use an integer from 1 on',
    );
    await expect(labels('odd', samples, { temperature: 0 })).rejects.toThrow(
      'invalid temperature "0" of a teacher: use a number above 0',
    );
    const [sample] = samples as [ReadSample];
    await expect(labels('odd', [sample, sample])).rejects.toThrow(
      `sample ${sample.id} is there twice: give every sample an id of its own`,
    );
    const wordy = { ...sample, answer: 'a word '.repeat(600) };
    await expect(labels('odd', [wordy])).rejects.toThrow(/does not fit behind its prompt in the model's \d+ positions/);
  });
});

describe('the store of what a teacher said', () => {
  let whole: ReadonlyMap<string, TeacherAnswer>;
  let files: Map<string, string>;
  beforeAll(async () => {
    const { found, asked } = await labels('whole');
    expect(asked).toBe(items.length);
    expect([...found.keys()].sort()).toEqual(samples.map(({ id }) => id).sort());
    [whole, files] = [found, stored('whole')];
  });

  it('is asked in place of the model, which another text, k, temperature, limit or question needs', async () => {
    const unreadable = { ...model, weights: { ...model.weights, read: () => expect.fail('the model was read') } };
    const { found } = await labels('whole', [...samples].reverse(), { model: unreadable });
    expect(new Map([...found].sort())).toEqual(new Map([...whole].sort()));
    const [sample] = samples as [ReadSample];
    for (const change of [{ k: 4 }, { temperature: 2 }, { limit: LIMIT - 1 }])
      await expect(labels('whole', [sample], { model: unreadable, ...change })).rejects.toThrow('the model was read');
    for (const other of [{ context: 'Another.' }, { prompt: 'Another?' }, { answer: 'another' }])
      await expect(labels('whole', [{ ...sample, ...other }], { model: unreadable })).rejects.toThrow(
        'the model was read',
      );
    expect(stored('whole')).toEqual(files);
  });

  it('gives the labels of one question to all who ask it, and adds those of new ones', async () => {
    const [first, second] = samples as [ReadSample, ReadSample];
    await labels('added', [first, { ...first, id: 'again' }]);
    const before = (await labels('added', [first])).found.get(first.id);
    const { found, asked } = await labels('added', [first, second, { ...first, id: 'again' }]);
    expect(asked).toBe(1);
    expect(found.get(first.id)).toEqual(before);
    expect(found.get('again')).toEqual(before);
    const answer = new PromptRenderer(model).answerTokens(second.answer);
    expect(found.get(second.id)?.labels.map(({ tokens }) => tokens[0])).toEqual(answer);
  });

  it('computes anew what is damaged, to the same bytes', async () => {
    const damages: ((text: string) => string)[] = [
      (text) => text.slice(0, -100),
      () => '',
      (text) => text.replace(/"weights":\[0\.(\d)/, (_, digit: string) => `"weights":[0.${(Number(digit) + 1) % 10}`),
      () => '{"sha256":"","answers":[]}',
    ];
    await labels('damaged');
    const paths = [...stored('damaged').keys()];
    damages.forEach((damage, i) => {
      const path = join(root, 'damaged', paths[i] ?? '');
      const text = readFileSync(path, 'utf8');
      expect(damage(text)).not.toBe(text);
      writeFileSync(path, damage(text));
    });
    const { found, asked } = await labels('damaged');
    expect(asked).toBe(1 + damages.length);
    expect(found).toEqual(whole);
    expect(stored('damaged')).toEqual(files);
  });

  it('keeps what is finished where it is stopped', async () => {
    const abort = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done > samples.length / 2) abort.abort(new Error('stopped'));
    };
    await expect(labels('stopped', samples, { signal: abort.signal, onProgress })).rejects.toThrow('stopped');
    const kept = stored('stopped');
    expect(kept.size).toBeGreaterThan(2);
    expect(kept.size).toBeLessThan(items.length);
    await labels('stopped');
    expect(stored('stopped')).toEqual(files);
  });

  it('gives a training that was stopped, its labels read again, the bits of one that was not', async () => {
    const settings: TrainSettings = {
      ...{ objective: 'distil', lora: { rank: 2, alpha: 4, rslora: false, dropout: 0, targets: TARGET_MODULES } },
      ...{ learningRate: 1e-2, schedule: 'linear', warmupRatio: 0, epochs: 2, batchTokens: 200, accumulation: 1 },
      ...{ clipNorm: 1, weightDecay: 0, betas: [0.9, 0.999], epsilon: 1e-8, seed: 1, maxLength: 400 },
      ...{ quantisation: 'none', checkpointEverySteps: 1 },
    };
    const renderer = new PromptRenderer(model);
    const study = renderer.tokenize(trainingSamples(items.slice(0, 2), 'none'), LIMIT);
    const train = async (folder: string, store: string, stopAfter = Infinity) => {
      const asked = samples.filter(({ item }) => study.some((each) => each.item === item));
      const taught = withTeacher(
        study.map((each) => ({ ...each, form: 'study' })),
        (await labels(store, asked)).found,
      );
      const texts = items.slice(0, 2).map(({ id, texts: { original } }) => ({
        ...{ id: `${id}/raw`, item: id, form: 'raw', prompt: [1] },
        answer: model.tokenizer.encode(original?.text ?? ''),
      }));
      const abort = new AbortController();
      const { adapterPath } = await finetune({
        ...{ model, settings, samples: [...taught.samples, ...texts], folder: join(root, folder), threads: 1 },
        signal: abort.signal,
        onProgress: ({ step }) => {
          if (step >= stopAfter) abort.abort(new Error('stopped'));
        },
      });
      return readFileSync(join(adapterPath, 'adapter_model.safetensors')).toString('base64');
    };
    const bits = await train('training', 'trained');
    await expect(train('resumed', 'trained again', 2)).rejects.toThrow('stopped');
    expect(await train('resumed', 'trained again')).toBe(bits);
  });
});

/** Labels by a process of its own: how it ended, the hash that it printed, and the files that it wrote. */
function teach(folder: string, preload: string, environment: NodeJS.ProcessEnv = {}) {
  const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const args = ['--require', at(preload), at('support/teach.mjs'), join(root, folder)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [hash, words] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (hash += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  return new Promise<{ signal: NodeJS.Signals | null; hash: string; written: number }>((resolve) => {
    child.on('close', (_, signal) => resolve({ signal, hash, written: words.split(' to answers.json').length - 1 }));
  });
}

describe('processes', () => {
  const LOG = '../files/support/log-calls.cjs';

  it('killed with -9 lose the text at work alone', async () => {
    const whole = await teach('alone', LOG);
    expect(whole).toMatchObject({ signal: null, written: items.length });
    const files = stored('alone');
    for (let kept = 0; kept < items.length; kept += 2) {
      const folder = `killed ${kept}`;
      const killed = await teach(folder, '../study/support/kill-at-rename.cjs', { KILL_AT_RENAME: String(kept + 1) });
      expect(killed.signal).toBe('SIGKILL');
      const left = [...stored(folder).keys()].filter((path) => path.endsWith('/answers.json'));
      expect(left).toHaveLength(kept);
      expect(await teach(folder, LOG)).toEqual({ ...whole, written: items.length - kept });
      expect(stored(folder)).toEqual(files);
    }
  }, 60_000);

  it('side by side share the work', async () => {
    const both = await Promise.all([teach('shared', LOG), teach('shared', LOG)]);
    expect(both[0].hash).toBe(both[1].hash);
    expect(both[0].written + both[1].written).toBe(items.length);
    expect(stored('shared')).toEqual(stored('alone'));
  }, 60_000);
});
