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
    expect(again.stdout).toMatch(
      /^sub\/study\.yaml: 52 runs, about .*; facts of texts are shown 60 times; each configuration is trained three times/,
    );
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
      last: expect.stringMatching(/^52 runs, about/) as string,
    });
  });

  it('takes the levels that are there, and trains once where three times would not fit the budget', () => {
    const file = data('levels.jsonl', 40, ['original', 'summ_l2', 'summ_l4']);
    const said = lightmem('init', file, '--out', 'levels.yaml', '--budget', '1', '--json');
    expect(JSON.parse(said.stdout)).toMatchObject({ out: 'levels.yaml', replicates: 1 });
    const config = readStudyFile(join(scratch, 'levels.yaml'));
    const wanted = [
      ['text', ['original', 'summ_l4'], [0]],
      ['open', ['original', 'summ_l2', 'summ_l4'], [0]],
      ['closed', undefined, [0]],
    ];
    const { runs, textBookOnly } = JSON.parse(said.stdout) as { runs: number; textBookOnly: boolean };
    expect(runs).toBe(3 + 6 + 3 + (textBookOnly ? 0 : 3 + 6 + 1 + 2));
    expect(config.grid.map((part) => [part.book, part.levels, part.seeds])).toEqual(
      textBookOnly ? wanted.slice(0, 1) : wanted,
    );
    expect(config.texts).toEqual({});
  });

  it('trains on the texts of half the items alone, keeps others for the control, and shows facts less often for want of time', () => {
    const amount = (budget: string): Record<string, unknown> => {
      const out = `budget-${budget}.yaml`;
      const said = lightmem('init', 'levels.jsonl', '--out', out, '--budget', budget, '--json');
      return JSON.parse(said.stdout) as Record<string, unknown>;
    };
    const [short, long] = [amount('1'), amount('10000')];
    expect(long).toMatchObject({ replicates: 3, exposures: 60, textBookOnly: false });
    expect(short['seconds']).toBeLessThan(Number(long['seconds']));
    const { datasets, grid } = readStudyFile(join(scratch, 'budget-1.yaml'));
    expect(datasets['levels']).toMatchObject({ testItems: 14 });
    expect(grid[0]).toMatchObject({ book: 'text', taught: 0.5, controls: true, exposures: short['exposures'] });
    expect(grid[0]?.book === 'text' && grid[0].forms.map(({ name }) => name)).toEqual(['raw', 'study', 'mix']);
    const lines = readFileSync(join(scratch, 'budget-1.yaml'), 'utf8').split('\n');
    expect(lines.filter((line) => /^ {2}(# )?- \{ dataset/.test(line))).toHaveLength(3);
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
