/** `lightmem study diff`: of studies that differ in a setting, by their settings and by their answers. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeDiff, settingChanges } from '../../src/analysis/study-diff.js';
import type { Row } from '../../src/core/records.js';
import type { StudyDiff } from '../../src/study/diff-studies.js';
import { carriedOut } from '../study/support/carried-out.js';
import { leastStudy, scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';
import { studyCommand } from './support/printed.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const [a, b] = [join(scratch, 'a'), join(scratch, 'b')];

beforeAll(async () => {
  writeTinyModel(model);
  await carriedOut(model, a);
  const { train } = leastStudy(model);
  await carriedOut(model, b, {
    train: { ...train, learningRate: 2e-2 },
    grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2, 3] }],
  });
}, 300_000);

const row = (item: string, question: string, correct: boolean, changes: Partial<Row> = {}): Row => ({
  ...{
    run: 'r',
    dataset: 'd',
    item,
    question,
    type: 't',
    book: 'open',
    level: 'original',
    rank: 2,
    scale: 1,
    items: 4,
  },
  ...{ seed: 0, judge: 'exact', status: 'scored', score: correct ? 5 : 1, correct, abstention: false },
  ...{ contextTruncated: false, trr: 0, retention: 1, bits: null, prompt: `${question}?`, reference: 'yes' },
  ...{ answer: correct ? 'yes' : 'no', finish: 'stop', reason: '', reworded: null },
  ...{ form: null, exposures: null, control: null, group: null },
  ...changes,
});

describe('study diff', { timeout: 180_000 }, () => {
  it('says key by key what was set differently, and what came out in the cells that both have', async () => {
    const found = JSON.parse((await studyCommand('diff', a, b, '--json')).out) as StudyDiff;
    expect(found.settings).toContainEqual({ key: 'train.learningRate', a: 0.01, b: 0.02 });
    expect(found.settings).toContainEqual({ key: 'grid[0].ranks', a: [2], b: [2, 3] });
    expect(found.settings).toHaveLength(2);
    expect(found.cells.map(({ place: { rank } }) => rank)).toEqual([0, 2]);
    const [base] = found.cells;
    expect(base).toMatchObject({ changed: [], difference: { mean: 0, n: 12 } });
    expect(found).toMatchObject({ onlyA: [], onlyB: [{ rank: 3, level: 'summ_l3' }] });
    const { out } = await studyCommand('diff', a, b);
    expect(out).toMatch(/^ {2}train\.learningRate: 0\.01 → 0\.02$/m);
    expect(out).toMatch(/^only in .*b: articles open L3 rank 3$/m);
  });

  it('finds nothing between a study and itself', async () => {
    const { out } = await studyCommand('diff', a, a);
    expect(out).toMatch(/^set differently\n {2}nothing\n/);
    expect(out).not.toMatch(/question.* changed$/m);
    expect(out).not.toMatch(/only in/);
  });

  it('pairs by question, and lists those that changed with both answers', () => {
    const before = [row('i', 'p', true), row('i', 'q', false), row('j', 'r', true), row('k', 'only here', true)];
    const after = [row('i', 'p', false), row('i', 'q', true), row('j', 'r', true), row('l', 'only there', false)];
    const [cell] = outcomeDiff(before, after).cells;
    expect(cell?.difference).toMatchObject({ mean: 0, n: 3, clusters: 2 });
    expect(cell?.a.mean).toBe(0.75);
    expect(cell?.changed.map(({ question, a: x, b: y, answers }) => [question, x, y, answers.b])).toEqual([
      ['p', 1, 0, 'no'],
      ['q', 0, 1, 'yes'],
    ]);
  });

  it('tells amounts apart only where a study has several', () => {
    const few = [row('i', 'p', true)];
    const many = [row('i', 'p', true, { items: 9 })];
    expect(outcomeDiff(few, many).cells).toHaveLength(1);
    expect(outcomeDiff([...few, ...many], many)).toMatchObject({
      cells: [{ place: { items: 9 } }],
      onlyA: [{ items: 4 }],
    });
  });

  it('takes a list of plain values for one setting, and one that is missing for none', () => {
    const changes = settingChanges(
      { x: [1, 2], y: { z: [{ k: 1 }] }, same: 1 },
      { x: [1], y: { z: [{ k: 1 }, { k: 2 }] }, same: 1 },
    );
    expect(changes).toEqual([
      { key: 'x', a: [1, 2], b: [1] },
      { key: 'y.z[1].k', a: null, b: 2 },
    ]);
  });
});
