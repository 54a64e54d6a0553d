/** `--device` as a user gives it: what is said on standard error, how a refusal ends, where the choice is recorded. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { leastStudy, scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const scratch = scratchFolder();

beforeAll(() => {
  writeTinyModel(join(scratch, 'model'));
  writeFileSync(join(scratch, 'study.yaml'), stringify(leastStudy('model')));
});

function lightmem(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], { cwd: scratch, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('--device', { timeout: 180_000 }, () => {
  it('auto says in one line what it chose and why', () => {
    const { status, stderr } = lightmem('ask', 'Who?', '--model', 'model', '--max-tokens', '1', '--device', 'auto');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^device: (cpu|webgpu|cuda) \(.+\)\n/);
  });

  it('goes to the workers of a study, into its command and its records', () => {
    expect(lightmem('study', 'run', 'study.yaml', '--device', 'cpu')).toMatchObject({ status: 0 });
    const study = join(scratch, 'lightmem-study');
    expect(JSON.parse(readFileSync(join(study, 'study.json'), 'utf8'))).toMatchObject({
      command: 'lightmem study run study.yaml --device cpu',
      config: { device: 'cpu' },
    });
    const runs = readdirSync(join(study, 'runs'));
    for (const run of runs)
      expect(JSON.parse(readFileSync(join(study, 'runs', run, 'result.json'), 'utf8'))).toMatchObject({
        environment: { device: 'cpu' },
      });
    expect(runs).toHaveLength(2);
  });

  const commands = [
    ['ask', 'Who?', '--model', 'model'],
    ['evaluate', 'none.json', '--model', 'model'],
    ['study', 'run', 'study.yaml'],
    ['demo', '--out', 'demo'],
  ];

  it.each(commands)('of an unknown name is refused by %s', (...words) => {
    const { status, stderr } = lightmem(...words, '--device', 'tpu');
    expect({ status, stderr }).toEqual({
      ...{ status: 2, stderr: 'error: unknown device "tpu": use one of cpu, webgpu, cuda, auto\n' },
    });
  });
});
