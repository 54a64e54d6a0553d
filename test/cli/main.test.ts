/** The commands as a user runs them: built, in a process of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { leastStudy, scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const scratch = scratchFolder();
const model = join(scratch, 'model');
const file = join(scratch, 'study.yaml');
const study = (changes: object): string => {
  const path = join(scratch, `study-${readdirSync(scratch).length}.yaml`);
  writeFileSync(path, stringify({ ...leastStudy('model'), executor: { kind: 'pool', workers: 2 }, ...changes }));
  return path;
};

beforeAll(() => {
  writeTinyModel(model);
  writeFileSync(file, stringify({ ...leastStudy('model'), executor: { kind: 'pool', workers: 2 } }));
});

function lightmem(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], { cwd: scratch, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('ask', { timeout: 120_000 }, () => {
  it('says that the bundled model knows its own world only, and says nothing of the kind of a model that is named', () => {
    const without = lightmem('ask', 'Who?', '--max-tokens', '1');
    expect(without.stderr).toMatch(/^note: without --model the bundled model answers: it knows the synthetic world/);
    expect(without.stdout).toMatch(/^base: /);
    expect(lightmem('ask', 'Who?', '--max-tokens', '1', '--model', 'model').stderr).not.toContain('bundled');
  });
});

describe('bad input', { timeout: 300_000 }, () => {
  const datasets = (source: object): object => ({ datasets: { articles: { testItems: 1, ...source } } });
  const cases = (): readonly (readonly [string, readonly string[], RegExp])[] => {
    writeFileSync(join(scratch, 'empty.json'), '[]');
    writeFileSync(
      join(scratch, 'broken.jsonl'),
      '{"id":"a","texts":{"original":"x"},"questions":[{"prompt":"q"}]}\n{oh',
    );
    cpSync(model, join(scratch, 'odd'), { recursive: true });
    const config = readFileSync(join(model, 'config.json'), 'utf8');
    writeFileSync(join(scratch, 'odd', 'config.json'), config.replace('Qwen2ForCausalLM', 'GPTNeoXForCausalLM'));
    return [
      ['a command that is none', ['studdy'], /unknown command 'studdy'/],
      ['a study file that is not there', ['study', 'run', 'none.yaml'], /no such file: none\.yaml/],
      [
        'a rank of 0',
        ['study', 'run', study({ grid: [{ dataset: 'articles', book: 'closed', ranks: [0] }] })],
        /line \d+, grid\[0\]\.ranks\[0\]: invalid 0: use an integer from 1 to 512/,
      ],
      [
        'a level without texts',
        ['study', 'run', study({ grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l7'], ranks: [2] }] })],
        /have no text at level summ_l7: did you mean summ_l1\?/,
      ],
      ['a model that is not there', ['study', 'run', file, '--model', 'nowhere'], /there is no model at .*nowhere/],
      ['an architecture that is not supported', ['study', 'run', file, '--model', 'odd'], /GPTNeoXForCausalLM/],
      [
        'a data file that is not there',
        ['study', 'run', study(datasets({ file: 'none.json' }))],
        /no such file or folder: .*none\.json/,
      ],
      ['an empty data set', ['study', 'run', study(datasets({ file: 'empty.json' }))], /empty\.json/],
      ['broken records', ['study', 'run', study(datasets({ file: 'broken.jsonl' }))], /broken\.jsonl/],
      ['a data set without a source', ['study', 'run', study(datasets({}))], /has no source: give --data PATH/],
      [
        'data for a study that takes none',
        ['study', 'run', file, '--data', 'empty.json'],
        /no data set of this study takes a file/,
      ],
      ['a number of workers that is none', ['study', 'run', file, '--workers', '0'], /invalid --workers "0"/],
      ['a folder that holds no study', ['report', 'nowhere'], /nowhere holds no study/],
      ['a run that is not there', ['study', 'show', 'nowhere', 'x'], /nowhere holds no study/],
    ];
  };

  it('gets one clear message, exit code 2, no stack, and leaves nothing behind', () => {
    const all = cases();
    for (const [name, words, expected] of all) {
      const { status, stdout, stderr } = lightmem(...words);
      expect(stderr, name).toMatch(expected);
      expect(stderr, name).not.toMatch(/^\s+at /m);
      expect({ status, stdout }, name).toEqual({ status: 2, stdout: '' });
      expect(existsSync(join(scratch, 'lightmem-study')), name).toBe(false);
    }
    expect(all).toHaveLength(14);
  });
});

describe('a study from the command line', { timeout: 300_000 }, () => {
  it('shows its runs and their cost before it does anything', () => {
    const { status, stdout } = lightmem('study', 'run', file, '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toMatch(/articles-open-summ_l3-r2-n2-s0: \d+ tokens to train, 12 answers, about/);
    expect(existsSync(join(scratch, 'lightmem-study'))).toBe(false);
  });

  it('ends with what can be said and the report’s path, and prints no key', () => {
    const out = spawnSync(process.execPath, [MAIN, 'study', 'run', file], {
      ...{ cwd: scratch, encoding: 'utf8', env: { ...process.env, OPENAI_API_KEY: 'canary-6f1d0c' } },
    });
    expect(out).toMatchObject({ status: 0 });
    expect(out.stdout).toMatch(/^Report: {2}lightmem-study\/report\.html$/m);
    expect(out.stdout).toMatch(/^articles: nothing can be recommended: no answer of a trained model is right/m);
    expect(out.stdout).not.toMatch(/^ *Adapter:/m);
    const page = readFileSync(join(scratch, 'lightmem-study/report.html'), 'utf8');
    expect(page).toContain('lightmem study run');
    expect(page).toContain('Nothing can be recommended: no answer of a trained model is right');
    const trainings = join(scratch, 'lightmem-study/trainings');
    const [training = ''] = readdirSync(trainings);
    expect(readdirSync(join(trainings, training, 'adapter')).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
    const files = readdirSync(join(scratch, 'lightmem-study'), { recursive: true, withFileTypes: true });
    const texts = files
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    for (const text of [...texts, out.stdout, out.stderr]) expect(text).not.toContain('canary-6f1d0c');
  });

  it('reuses what is finished, and speaks JSON alone where asked to', () => {
    const { status, stdout, stderr } = lightmem('study', 'run', file, '--json');
    expect(status).toBe(0);
    expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('note: '))).toEqual([]);
    expect(JSON.parse(stdout)).toMatchObject({
      carriedOut: 0,
      reused: 2,
      failed: 0,
      recommendation: { level: null, rank: null, datasets: [{ rank: null }] },
      cells: [{ rank: 0 }, { rank: 2, level: 'summ_l3' }],
    });
  });

  it('lists its runs and shows one', () => {
    expect(lightmem('study', 'list').stdout).toMatch(/articles-open-summ_l3-r2-n2-s0 .*done/);
    expect(lightmem('study', 'show', 'lightmem-study', 'articles-open-summ_l3-r2').stdout).toContain('reference:');
    expect(lightmem('study', 'show', 'lightmem-study', 'articles').stderr).toContain('is not one run');
  });

  it('stops at Ctrl-C with exit code 130, and goes on from there', async () => {
    const long = study({ out: 'stopped', train: { ...leastStudy('model').train, epochs: 10_000, maxSteps: 30_000 } });
    const child = spawn(process.execPath, [MAIN, 'study', 'run', long], { cwd: scratch });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    await expect.poll(() => /1 of 2 runs .*training \d/.test(stderr), { timeout: 60_000 }).toBe(true);
    child.kill('SIGINT');
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect({ status, stderr: stderr.slice(-200) }).toMatchObject({
      status: 130,
      stderr: expect.stringContaining('go on with: lightmem study run') as string,
    });
    expect(existsSync(join(scratch, 'stopped', 'lock'))).toBe(false);
    const shorter = study({ out: 'stopped' });
    expect(lightmem('study', 'run', shorter)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 reused') as string,
    });
  });

  it('killed with -9 leaves nobody working, and finishes when run again', async () => {
    const killed = study({ out: 'killed', train: { ...leastStudy('model').train, maxSteps: 400, epochs: 1000 } });
    const child = spawn(process.execPath, [MAIN, 'study', 'run', killed], { cwd: scratch });
    const results = (): string[] =>
      existsSync(join(scratch, 'killed', 'runs'))
        ? readdirSync(join(scratch, 'killed', 'runs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
            name.endsWith('result.json'),
          )
        : [];
    await expect.poll(results, { timeout: 60_000, interval: 10 }).toHaveLength(1);
    child.kill('SIGKILL');
    const [first = ''] = results();
    const written = statSync(join(scratch, 'killed', 'runs', first)).mtimeMs;
    expect(lightmem('study', 'run', killed)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 reused') as string,
    });
    expect(statSync(join(scratch, 'killed', 'runs', first)).mtimeMs).toBe(written);
    expect(results()).toHaveLength(2);
  });
});
