/** A study file to begin with: one that runs as it is, sized to what it is made for. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generateWorld } from '../../src/data/world/generate.js';
import { readStudyFile } from '../../src/study/config-file.js';
import { scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const scratch = scratchFolder();

function lightmem(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], { cwd: scratch, encoding: 'utf8' });
  return { status, stdout, stderr };
}

function data(name: string, items: number, levels: readonly string[]): string {
  const made = generateWorld({ kind: 'articles', seed: 1, partition: 'study', items }).map(({ texts, ...item }) => ({
    ...item,
    texts: Object.fromEntries(levels.map((level) => [level, texts[level]])),
  }));
  writeFileSync(join(scratch, name), made.map((item) => JSON.stringify(item)).join('\n'));
  return name;
}

describe('lightmem init', { timeout: 180_000 }, () => {
  it('makes texts by rules where there is only the original, and its study runs as it is', () => {
    writeTinyModel(join(scratch, 'model'));
    data('Notizen über Häfen.jsonl', 8, ['original']);
    const again = lightmem('init', 'Notizen über Häfen.jsonl', '--model', 'model', '--out', 'sub/study.yaml');
    expect(again).toMatchObject({ status: 0 });
    expect(again.stdout).toMatch(/^sub\/study\.yaml: 28 runs, about .*; each configuration is trained three times/);
    const config = readStudyFile(join(scratch, 'sub/study.yaml'));
    expect(Object.keys(config.datasets)).toEqual(['Notizen-über-Häfen']);
    expect(config.datasets['Notizen-über-Häfen']).toMatchObject({
      file: join(scratch, 'Notizen über Häfen.jsonl'),
      testItems: 3,
    });
    expect(config.model).toBe(join(scratch, 'model'));
    expect(Object.keys(config.texts)).toEqual(['select=0.6', 'select=0.3']);
    const { status, stdout } = lightmem('study', 'run', 'sub/study.yaml', '--dry-run');
    expect({ status, last: stdout.trim().split('\n').at(-1) }).toMatchObject({
      status: 0,
      last: expect.stringMatching(/^28 runs, about/) as string,
    });
  });

  it('takes the levels that are there, and trains once where three times would not fit the budget', () => {
    const file = data('levels.jsonl', 40, ['original', 'summ_l2', 'summ_l4']);
    const said = lightmem('init', file, '--out', 'levels.yaml', '--budget', '1', '--json');
    expect(JSON.parse(said.stdout)).toMatchObject({ out: 'levels.yaml', runs: 3 + 6 + 1 + 2, replicates: 1 });
    const config = readStudyFile(join(scratch, 'levels.yaml'));
    expect(config.grid.map((part) => [part.book, part.levels, part.seeds])).toEqual([
      ['open', ['original', 'summ_l2', 'summ_l4'], [0]],
      ['closed', undefined, [0]],
    ]);
    expect(config.texts).toEqual({});
  });

  it('keeps a file that is there, and sends documents without questions to the exam', () => {
    const before = readFileSync(join(scratch, 'levels.yaml'), 'utf8');
    expect(lightmem('init', 'levels.jsonl', '--out', 'levels.yaml')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('is there already') as string,
    });
    expect(readFileSync(join(scratch, 'levels.yaml'), 'utf8')).toBe(before);
    mkdirSync(join(scratch, 'docs'));
    writeFileSync(join(scratch, 'docs', 'a.md'), '# A\n\nThe depot opened in 1987.');
    const { status, stderr } = lightmem('init', 'docs', '--out', 'docs.yaml');
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('lightmem exam docs --out exam.jsonl writes some') as string,
    });
    expect(existsSync(join(scratch, 'docs.yaml'))).toBe(false);
  });
});
