import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { changeFrom, parseStudy, readStudyFile, studyConfig } from '../../src/study/config-file.js';
import { loadDatasets } from '../../src/study/datasets.js';
import { trainSettings } from '../../src/study/train-settings.js';
import { scratchFolder } from './support/studies.js';
import { problems } from './support/study-problems.js';

const folder = scratchFolder();

const GOOD = `
datasets:
  a: { world: { kind: articles }, items: 4, testItems: 2 }
grid:
  - { dataset: a, book: open, levels: study, ranks: [8] }
`;
const CLOSED = GOOD.replace('book: open, levels: study', 'book: closed');

describe('a study file', () => {
  it('names the objectives there are, and hands the chosen one to the training', () => {
    const objective = (name: string): string => `${GOOD}train: { objective: ${name} }\n`;
    expect(problems(objective('answer'))).toEqual([
      expect.stringContaining(
        'unknown objective "answer": did you mean answers? (there are answers, text, distil, text-and-answers)',
      ),
    ]);
    const { train } = parseStudy(objective('text'), 'x.yaml');
    expect(trainSettings({ ...train, compute: 'f32' }, 8, 0).objective).toBe('text');
    expect(trainSettings({ ...parseStudy(GOOD, 'x.yaml').train, compute: 'f32' }, 8, 0)).not.toHaveProperty(
      'objective',
    );
  });

  it('says how many facts the articles of the world have', async () => {
    const questions = async (source: string): Promise<number[]> => {
      const items = (await loadDatasets(parseStudy(source, 'x.yaml'))).get('a')?.items ?? [];
      return items.map((item) => item.questions.length);
    };
    expect(await questions(GOOD)).toEqual([6, 6, 6, 6]);
    expect(await questions(GOOD.replace('articles', 'articles, facts: 2'))).toEqual([2, 2, 2, 2]);
  });

  it('tells all of its problems at once, each with line and key', () => {
    const source = `
datasets:
  a:
    world: { kind: articlez }
    itemz: 5
grid:
  - dataset: a
    book: open
    levels: [original, summ/l9]
    ranks: [0, 8]
  - dataset: a
    book: closed
    levels: [original]
    ranks: [8]
train: { learningRate: -1 }
evaluate: { judges: [llm] }
`;
    expect(problems(source)).toEqual([
      '  - line 4, datasets.a.world.kind: unknown kind of world "articlez": did you mean articles? (there are articles, dialogues)',
      '  - line 5, datasets.a.itemz: is not known here: did you mean items?',
      '  - line 10, grid[0].ranks[0]: invalid 0: use an integer from 1 to 512',
      '  - line 9, grid[0].levels[1]: invalid "summ/l9": use 1 to 60 letters, digits, "_", "-", "=" and ".", and not "none"',
      '  - line 13, grid[1].levels: a closed-book run shows no text and has no level: remove this line',
      '  - line 15, train.learningRate: invalid -1: use a number above 0 to 10',
      '  - line 16, evaluate.judges[0]: judge "llm" asks a language model: give { name: llm, model: … }, or use lexical',
    ]);
  });

  const slips: readonly (readonly [string, string, string])[] = [
    ['a rank that is no integer', GOOD.replace('[8]', '[8.5]'), 'invalid 8.5: use an integer from 1 to 512'],
    ['an empty list of ranks', GOOD.replace('[8]', '[]'), 'grid[0].ranks: is empty'],
    ['a rank given twice', GOOD.replace('[8]', '[8, 8]'), 'names something twice'],
    ['a book that is none', GOOD.replace('book: open', 'book: opn'), 'must say its book'],
    ['a data set that is not there', GOOD.replace('dataset: a', 'dataset: b'), 'unknown data set "b": use one of a'],
    ['facts of dialogues', GOOD.replace('articles', 'dialogues, facts: 2'), 'facts: is of articles alone'],
    ['more facts than there are', GOOD.replace('articles', 'articles, facts: 99'), 'facts: invalid 99: use an integer'],
    ['a world without a number of items', GOOD.replace('items: 4, ', ''), 'datasets.a.items: is missing'],
    ['no grid', 'datasets: { a: { file: x } }', 'grid: is missing'],
    ['broken YAML', 'a: [', 'line 1: '],
    ['items held out of a closed book', `${CLOSED}\ntrain: { heldOut: 0.1 }`, 'asks about all it trains on'],
    [
      'items held out that are asked about',
      GOOD.replace('book: open', 'book: open, evaluateOn: trained, train: { heldOut: 0.1 }'),
      'asks about all it trains on',
    ],
    ['patience with nothing to measure on', `${GOOD}\ntrain: { patience: 3 }`, 'patience 3 needs items to measure on'],
    ['all items held out', `${GOOD}\ntrain: { heldOut: 1 }`, 'train.heldOut: invalid 1: use a number from 0 to 0.9'],
    ['an empty file', '', 'datasets: '],
    [
      'texts by a method that is not there',
      `${GOOD}\ntexts: { kurz: { method: selekt } }`,
      'texts.kurz.method: unknown method "selekt": did you mean select?',
    ],
    [
      'texts at a level that nobody offers',
      `${GOOD}\ntexts: [sumn_l2]`,
      'texts.sumn_l2: unknown level "sumn_l2": did you mean summ_l2?',
    ],
    [
      'texts without an amount',
      `${GOOD}\ntexts: { kurz: { method: summarize } }`,
      'texts.kurz: level kurz: say how much summarize is to keep',
    ],
    [
      'texts of two amounts',
      `${GOOD}\ntexts: { kurz: { method: select, words: 5, ratio: 0.5 } }`,
      'texts.kurz.ratio: stands beside words',
    ],
    [
      'an option that a method does not know',
      `${GOOD}\ntexts: { select=0.5: { factWait: 1 } }`,
      'line 7, texts.select=0.5.factWait: is not known here: did you mean factWeight?',
    ],
    [
      'an option out of its bounds',
      `${GOOD}\ntexts: { select=0.5: { factWeight: 2 } }`,
      'texts.select=0.5.factWeight: invalid 2: use a number from 0 to 1',
    ],
    ['the source as a level to make', `${GOOD}\ntexts: [original]`, 'level original is the source itself'],
    ['a limit in money without prices', `${GOOD}\ncompress: { maxCost: 1 }`, 'compress.maxCost: needs prices'],
    ['a text in place of settings', 'hello', 'the file: must be object'],
    ['a judge that is none', `${GOOD}\nevaluate: { judges: [oracle] }`, 'unknown judge "oracle"'],
    ['a judge named twice', `${GOOD}\nevaluate: { judges: [exact, exact] }`, 'names a judge twice'],
    ['no ranks', GOOD.replace(', ranks: [8]', ''), 'grid[0].ranks: is missing: give a list of ranks'],
    ['ranks of a served model', `${GOOD}\nmodel: { name: m, endpoint: http://localhost:1/v1 }`, 'nothing is trained'],
    ['workers of one thread', `${GOOD}\nexecutor: { kind: inline, workers: 2 }`, 'executor.workers: is not known here'],
    [
      'a command that does not say which run',
      `${GOOD}\nexecutor: { kind: command, command: lightmem run }`,
      'executor.command: does not say which run: put {folder}',
    ],
    [
      'what is no option of sbatch',
      `${GOOD}\nexecutor: { kind: slurm, options: [x] }`,
      'executor.options[0]: invalid "x": give options of sbatch',
    ],
    ['an executor that is none', `${GOOD}\nexecutor: { kind: moon }`, 'use kind: inline, pool, command, slurm'],
    ['a level in place of a list', GOOD.replace('levels: study', 'levels: 3'), 'or "study" for the study'],
  ];

  it(`names what is wrong in ${slips.length} slips`, () => {
    for (const [name, source, expected] of slips) expect(problems(source).join('\n'), name).toContain(expected);
  });

  it('does not let aliases multiply', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let i = 0; i < 9; i++)
      bomb.push(`${'bcdefghij'[i]}: &${'bcdefghij'[i]} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(', ')}]`);
    expect(() => parseStudy(bomb.join('\n'), 'x.yaml')).toThrow(UserError);
  });

  it('gives every setting a default, the scale equal over ranks', () => {
    const { train, evaluate, grid } = parseStudy(GOOD, 'x.yaml');
    expect(train).toMatchObject({ scale: 2, rslora: false, maxLength: 1024 });
    expect(train.targets).toHaveLength(7);
    expect(evaluate.judges).toEqual([{ name: 'lexical' }]);
    expect(grid[0]).toMatchObject({ seeds: [0], evaluateOn: 'test' });
    expect(grid[0]?.levels).toHaveLength(7);
  });

  it('takes its own paths from its folder, and the output from the current one', () => {
    const path = join(folder, 'study.yaml');
    writeFileSync(
      path,
      'model: m\ndatasets: { a: { file: data/x.json } }\ngrid: [{ dataset: a, book: closed, ranks: [1] }]\n',
    );
    const config = readStudyFile(path);
    expect(config.model).toBe(resolve(folder, 'm'));
    expect(config.datasets['a']?.file).toBe(resolve(folder, 'data/x.json'));
    expect(config.out).toBe('lightmem-study');
  });

  it('takes changes as if they stood in the file, of any key, and checks them with the rest', () => {
    const changed = (...texts: string[]) => parseStudy(GOOD, 's.yaml', texts.map(changeFrom));
    const config = changed('engine=peft', 'train.learningRate=2e-4', 'train.quantisation=nf4', 'grid.0.ranks=[4, 8]');
    expect(config.engine).toMatchObject({ kind: 'peft', device: 'auto', asks: 'peft' });
    expect(config.train).toMatchObject({ learningRate: 2e-4, quantisation: 'nf4' });
    expect(config.grid[0]?.ranks).toEqual([4, 8]);
    expect(changed('engine.kind=peft', 'engine.precision=f32').engine).toMatchObject({
      kind: 'peft',
      precision: 'f32',
    });
    expect(() => changed('train.learninRate=1')).toThrow('learninRate: is not known here: did you mean learningRate?');
    expect(() => changed('grid.0.book.x=1')).toThrow('grid.0.book.x cannot be set');
    expect(() => changed('grid.9.ranks=[4]')).toThrow('grid');
    for (const none of ['engine', '=peft', 'a..b=1', 'train={']) expect(() => changed(none)).toThrow(UserError);
  });

  it('says which file is not there', () => {
    expect(() => readStudyFile(join(folder, 'none.yaml'))).toThrow(/no such file: .*none\.yaml: check the path/);
  });
});

it('settings given as values are checked alike, without lines', () => {
  expect(() => studyConfig({ datasets: {}, grid: [] })).toThrow(
    'the study cannot be used:\n  - datasets: is empty: give at least one data set\n  - grid: is empty: give at least one of parts with dataset, book, levels, ranks',
  );
});
