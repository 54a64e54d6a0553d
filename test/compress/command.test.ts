import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { register } from '../../src/cli/compress.js';
import { loadAll } from '../../src/data/load.js';
import { bundledModelPath } from '../../src/models/load.js';
import { lockFolder } from '../../src/files/folder-lock.js';
import { completion, failure, startServer, type MockServer, type Script } from '../llm/support/mock-server.js';
import { diligent } from './support/scripted-model.js';
import { ARTICLE } from './support/texts.js';

const KEY = 'canary-key-0987654321';
let folder = '';
let server: MockServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-command-'));
  vi.stubEnv('LIGHTMEM_CACHE', join(folder, 'cache'));
  vi.stubEnv('LIGHTMEM_API_KEY', KEY);
  const records = Array.from({ length: 3 }, (_, index) => ({
    id: `d${index}`,
    text: `Text ${index}. ${ARTICLE}`,
    questions: [{ question: 'Who is the mayor?', answer: 'Misty Buscher' }],
  }));
  await writeFile(join(folder, 'data.jsonl'), records.map((record) => JSON.stringify(record)).join('\n'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

const answers: Script = ({ body }) => completion(diligent(body['messages'] as Parameters<typeof diligent>[0]));

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly error: unknown;
  readonly exitCode: typeof process.exitCode;
}

/** Runs the command as the program would; tells what it printed and threw. */
async function run(...args: readonly string[]): Promise<Ended> {
  let [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
  process.exitCode = undefined;
  const program = new Command('lightmem').exitOverride();
  register(program);
  let error: unknown;
  try {
    await program.parseAsync(['compress', join(folder, 'data.jsonl'), '--out', join(folder, 'out.jsonl'), ...args], {
      from: 'user',
    });
  } catch (thrown) {
    error = thrown;
  }
  vi.restoreAllMocks();
  return { out, err, error, exitCode: process.exitCode };
}

async function endpoint(script: Script = answers): Promise<string[]> {
  server = await startServer(script);
  return ['--endpoint', server.url, '--model', 'qwen-plus'];
}

describe('lightmem compress', () => {
  test('writes items that lightmem reads, and a second run asks for nothing', async () => {
    const args = await endpoint();
    const first = await run(...args);
    expect(first.error).toBeUndefined();
    const { items } = await loadAll(join(folder, 'out.jsonl'));
    expect(items.length).toBe(3);
    expect(Object.keys(items[0]?.texts ?? {})).toEqual([
      'original',
      'summ_l1',
      'summ_l2',
      'summ_l3',
      'summ_l4',
      'summ_l5',
      'ext',
    ]);
    expect(items[0]?.questions[0]?.answers).toEqual(['Misty Buscher']);
    expect(first.err).toMatch(/18 of 18 texts to make with qwen-plus at 127\.0\.0\.1:\d+: about 18 requests/);
    expect(first.out).toMatch(/summ_l3 +summarize +3 +0 +50\.0 /);
    expect(first.out).toMatch(/18 requests, 0 answers from the cache, 180 \+ 90 tokens/);
    const written = await readFile(join(folder, 'out.jsonl'), 'utf8');
    const second = await run(...args);
    expect(server?.received.length).toBe(18);
    expect(second.out).toMatch(/18 texts were there, 0 were made/);
    expect(await readFile(join(folder, 'out.jsonl'), 'utf8')).toBe(written);
  });

  test('needs no endpoint for offline methods', async () => {
    const { error, out } = await run('--levels', 'select=30%', 'select=0.6', 'summ_l3', '--method', 'select', '--json');
    expect(error).toBeUndefined();
    const told = JSON.parse(out) as {
      levels: { level: string; texts: number; macroTrr: number; words: number }[];
      spend: unknown;
    };
    expect(told.levels).toMatchObject([
      { level: 'select=0.3', texts: 3 },
      { level: 'select=0.6', texts: 3 },
      { level: 'summ_l3', texts: 3 },
    ]);
    expect(told.levels.map(({ words }) => Math.round(words))).toEqual([32, 66, 48]);
    const { items } = await loadAll(join(folder, 'out.jsonl'));
    expect(Object.keys(items[0]?.texts ?? {})).toEqual(['original', 'select=0.3', 'select=0.6', 'summ_l3']);
    expect(told.levels[0]?.macroTrr).toBeGreaterThan(0.65);
    expect(told.spend).toBeNull();
  });

  test('takes a model on this machine in place of an endpoint, for what is asked and for what is pruned', async () => {
    const local = ['--local', bundledModelPath()];
    const pruned = await run(...local, '--levels', 'prune=0.7', '--max-concurrency', '2');
    expect(pruned.error).toBeUndefined();
    const { items } = await loadAll(join(folder, 'out.jsonl'));
    const [text] = items.map((item) => item.texts['prune=0.7']?.text ?? '');
    expect(text).toMatch(/114,394.*1837.*1861/s);
    expect(text?.length).toBeLessThan(0.9 * (items[0]?.texts.original?.text.length ?? 0));
    expect(items[0]?.texts['prune=0.7']?.provenance['model']).toBe('base');
    // A model of 2 million parameters condenses nothing: every outcome has a name, and none is asked for twice.
    const asked = await run(...local, '--levels', 'summ_l5', '--json', '--limit', '1', '--on-failure', 'keep-original');
    expect(asked.error).toBeUndefined();
    const told = JSON.parse(asked.out) as { made: number; spend: { requests: number; promptTokens: number } };
    expect(told).toMatchObject({ made: 1, spend: { requests: expect.any(Number) as number } });
    expect(told.spend.promptTokens).toBeGreaterThan(100);
  });

  test('takes recorded texts of another file, and methods of the user’s own', async () => {
    await writeFile(
      join(folder, 'texts.jsonl'),
      [0, 1, 2]
        .map((n) => JSON.stringify({ id: `d${n}`, texts: { original: 'x', summ_l4: `Recorded ${n}.` } }))
        .join('\n'),
    );
    await run('--levels', 'summ_l4', '--method', 'recorded', '--recorded', join(folder, 'texts.jsonl'));
    const { items } = await loadAll(join(folder, 'out.jsonl'));
    expect(items.map((item) => item.texts.summ_l4?.text)).toEqual(['Recorded 0.', 'Recorded 1.', 'Recorded 2.']);
    await writeFile(
      join(folder, 'own.mjs'),
      'export const name = "first"; export const compress = (text) => text.split(".")[0];',
    );
    await run('--levels', 'summ_l5', '--method', join(folder, 'own.mjs'));
    const own = await loadAll(join(folder, 'out.jsonl'));
    expect(own.items[1]?.texts.summ_l5).toMatchObject({ text: 'Text 1', method: 'first' });
    await run('--method', join(folder, 'own.mjs'));
    const named = await loadAll(join(folder, 'out.jsonl'));
    expect(named.items[1]?.texts['first']).toMatchObject({ text: 'Text 1', method: 'first' });
  });

  test('stops at a limit, keeps what is done, and goes on from there', async () => {
    const usage = { prompt_tokens: 300, completion_tokens: 150 };
    const args = await endpoint(({ body }) =>
      completion(diligent(body['messages'] as Parameters<typeof diligent>[0]), { usage }),
    );
    const first = await run(...args, '--levels', 'summ_l2,summ_l3', '--max-tokens', '1500', '--max-concurrency', '1');
    expect(String(first.error)).toMatch(/compression stopped \(budget\)[\s\S]*of 6 texts are kept; run again to go on/);
    const paid = server?.received.length ?? 0;
    expect(paid).toBeGreaterThan(0);
    expect(paid).toBeLessThan(6);
    expect((await readdir(folder)).includes('out.jsonl')).toBe(false);
    const second = await run(...args, '--levels', 'summ_l2,summ_l3');
    expect(second.error).toBeUndefined();
    expect(server?.received.length).toBe(6);
    expect(second.err).toContain('spent on this output in all runs: 6 requests, 1800 + 900 tokens');
  });

  test('says of each output what was spent on it, though several share finished texts', async () => {
    const args = await endpoint();
    const one = await run(...args, '--levels', 'summ_l2');
    expect(one.err).toContain('spent on this output in all runs: 3 requests');
    const other = join(folder, 'other.jsonl');
    const two = await run(...args, '--levels', 'summ_l2,summ_l3', '--out', other);
    expect(two.err).toContain('spent on this output in all runs: 3 requests');
    expect(two.out).toContain('3 texts were there, 3 were made');
    expect(server?.received.length).toBe(6);
  });

  test('works alone in its folder: a second one is told who holds it', async () => {
    const lock = await lockFolder(join(folder, 'lightmem-texts'));
    const refused = await run('--levels', 'select');
    lock.release();
    expect(String(refused.error)).toMatch(new RegExp(`in use by process ${process.pid} `));
    expect((await run('--levels', 'select')).error).toBeUndefined();
  });

  test('tells failed texts and leaves exit code 2', async () => {
    const refusing: Script = (request, index) =>
      JSON.stringify(request.body).includes('Text 1.')
        ? completion("I'm sorry, but I can't assist with that.")
        : answers(request, index);
    const { err, out, exitCode, error } = await run(...(await endpoint(refusing)), '--levels', 'summ_l2');
    expect(error).toBeUndefined();
    expect(exitCode).toBe(2);
    expect(out).toMatch(/1 failed/);
    expect(err).toMatch(/failed: d1, summ_l2: refusal: /);
    const { items } = await loadAll(join(folder, 'out.jsonl'));
    expect(items.map((item) => item.texts.summ_l2 !== undefined)).toEqual([true, false, true]);
  });

  test('warns where the model behind a name changed on the way', async () => {
    const drifting: Script = ({ body }, index) =>
      completion(diligent(body['messages'] as Parameters<typeof diligent>[0]), { model: `qwen-plus-${2024 + index}` });
    const { err, out } = await run(...(await endpoint(drifting)), '--levels', 'summ_l2', '--json');
    expect(err).toMatch(/the texts were made by different models \(qwen-plus-2024; qwen-plus-2025; qwen-plus-2026\)/);
    const told = JSON.parse(out) as { levels: { models: string[] }[] };
    expect(told.levels[0]?.models.length).toBe(3);
    const { items } = await loadAll(join(folder, 'out.jsonl'));
    expect(items.map((item) => item.texts.summ_l2?.provenance['model']).sort()).toEqual(told.levels[0]?.models.sort());
  });

  test('asks before a large spend, and goes on with --yes', async () => {
    const args = [
      '--endpoint',
      'http://endpoint.invalid/v1',
      '--model',
      'm',
      '--levels',
      'summ_l2',
      '--price-input',
      '1e6',
      '--price-output',
      '1e6',
    ];
    const asked = await run(...args);
    expect(String(asked.error)).toMatch(/about \d+\.\d\d at your prices.*add --yes/s);
    expect((await readdir(folder)).includes('out.jsonl')).toBe(false);
  });

  test('never shows its key: not printed, not in any file', async () => {
    const leaking: Script = (request, index) =>
      index % 2 === 0 ? failure(500, { message: `Bearer ${KEY} failed for ${KEY}` }) : answers(request, index);
    const runs = [await run(...(await endpoint(leaking)), '--levels', 'summ_l2', '--max-concurrency', '1')];
    await server?.close();
    runs.push(
      await run(...(await endpoint(() => failure(401, { message: `wrong key ${KEY}` }))), '--levels', 'summ_l5'),
    );
    expect(String(runs[1]?.error)).toMatch(/unauthorized/);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const { out, err, error } of runs) expect(`${out}${err}${String(error)}`).not.toContain(KEY);
    for (const file of files)
      expect(await readFile(join(file.parentPath, file.name), 'utf8'), file.name).not.toContain(KEY);
    console.log(`${files.length} files searched for the key`);
    expect(files.length).toBeGreaterThan(5);
  });

  test('refuses what cannot work, before anything is asked', async () => {
    const args = await endpoint();
    const CASES: readonly (readonly [readonly string[], RegExp])[] = [
      [['--levels', 'summ_l9'], /unknown level "summ_l9": did you mean summ_l1\?/],
      [['--levels', 'summ_l2=0'], /invalid level "summ_l2=0": write summ_l2, summ_l2=80w/],
      [['--levels', 'summ_l2', 'L2'], /level summ_l2 is asked for twice/],
      [['--method', 'recorded'], /recorded makes any level: say which with --levels/],
      [['--method', 'magic'], /unknown method "magic": use one of summarize/],
      [['--levels', 'ext', '--method', 'select'], /no method for level "ext" among select/],
      [[...args, '--local', bundledModelPath()], /'--local <model>' cannot be used with option '--/],
      [['--local', '/nowhere'], /no model at \/nowhere/],
      [['--levels', 'prune'], /name one with --local/],
      [[...args, '--max-cost', '1'], /--max-cost needs prices/],
      [[...args, '--max-tokens', '-1'], /invalid --max-tokens/],
      [[...args, '--max-concurrency', 'many'], /invalid --max-concurrency/],
      [[...args, '--price-input', 'x'], /invalid --price-input/],
      [['--endpoint', 'not a url', '--model', 'm'], /invalid endpoint/],
      [['--endpoint', 'http://localhost:1/v1'], /no model is named/],
      [[...args, '--tokenizer', '/nowhere'], /no tokenizer at "\/nowhere"/],
      [[...args, '--out', folder], /is a folder: name a file/],
      [[...args, '--out', join(folder, 'data.jsonl', 'x.jsonl')], /could not write .*: a part of the path is a file/],
    ];
    for (const [given, message] of CASES) expect(String((await run(...given)).error), given.join(' ')).toMatch(message);
    expect(server?.received.length).toBe(0);
    console.log(`${CASES.length} refusals`);
  });

  test('prints no control characters that a model or a document wrote', async () => {
    const hostile = 'Bad \u001b[31mred\u001b[0m \u202e text \u0007 of a model that goes on and on.';
    const { out, err } = await run(
      ...(await endpoint(() => failure(400, { message: hostile }))),
      '--levels',
      'summ_l2',
    );
    expect(`${out}${err}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
  });
});
