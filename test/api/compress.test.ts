import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compress, loadModel, bundledModelPath, type CompressionMethod, type CompressReport } from '../../src/index.js';
import { ScriptedModel } from '../compress/support/scripted-model.js';
import { ARTICLE, itemOf } from '../compress/support/texts.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-api-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const { tokenizer } = loadModel(bundledModelPath());

/** A method of one's own: the first words. */
const firstWords: CompressionMethod = {
  name: 'first-words',
  identity: { version: 1 },
  compress: (item, { level }) => {
    const text = (item.texts.original?.text ?? '').split(' ').slice(0, 5).join(' ');
    const measured = { tokens: 5, sourceTokens: 100, trr: 0.95, words: 5, characters: text.length, counter: 'words' };
    return Promise.resolve({ status: 'done', text, level, method: 'first-words', provenance: {}, measured, flags: [] });
  },
};

describe('compress', () => {
  it('makes levels by name, under names of one’s own, and by methods of one’s own, each once', async () => {
    const model = new ScriptedModel();
    const reports: CompressReport[] = [];
    const run = () =>
      compress([itemOf(ARTICLE)], {
        levels: [
          'L5',
          'select=0.5',
          { level: 'kurz', method: 'select', ratio: 0.3, options: { factWeight: 1 } },
          { level: 'first', method: firstWords, description: 'first words' },
        ],
        ...{ tokenizer, model, folder },
        onReport: (report) => reports.push(report),
      });
    const [item] = await run();
    expect(Object.keys(item?.texts ?? {})).toEqual(['original', 'summ_l5', 'select=0.5', 'kurz', 'first']);
    expect(item?.texts['first']).toMatchObject({ text: 'Misty Buscher (born 1970/1971) is' });
    expect(item?.texts['first']?.provenance['description']).toBe('first words');
    expect(await run()).toEqual([item]);
    expect(model.calls.length).toBe(1);
    expect(reports.map(({ kept, made }) => [kept, made])).toEqual([
      [0, 4],
      [4, 0],
    ]);
  });

  it('says what is missing', async () => {
    const making = (level: Parameters<typeof compress>[1]['levels'][number]) =>
      compress([itemOf(ARTICLE)], { levels: [level], tokenizer });
    await expect(making('summ_l2')).rejects.toThrow('a level needs a model: give model');
    await expect(making('prune=0.5')).rejects.toThrow('a level needs a model: give surprisal');
    await expect(making('sumn_l2')).rejects.toThrow('did you mean summ_l2?');
    await expect(making({ level: 'kurz', method: 'select', words: 5, ratio: 0.5 })).rejects.toThrow(/give one of them/);
    await expect(making({ level: 'select=0.4', ratio: 0.5 })).rejects.toThrow(/its name says how much already/);
  });
});
