import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MethodEntry } from '../../src/compress/entry.js';
import { planLevel, planLevels } from '../../src/compress/level-task.js';
import { extract } from '../../src/compress/methods/extract.js';
import { hybrid } from '../../src/compress/methods/hybrid.js';
import { prune } from '../../src/compress/methods/prune.js';
import { recorded } from '../../src/compress/methods/recorded.js';
import { select } from '../../src/compress/methods/select.js';
import { summarize } from '../../src/compress/methods/summarize.js';
import { moduleEntry } from '../../src/compress/methods/user-module.js';
import { methodEntry } from '../../src/compress/registry.js';
import { CompressionStore } from '../../src/compress/store.js';
import { goalWords, targetName } from '../../src/compress/target.js';
import { noTokenizer } from '../models/support/plain-tokenizer.js';
import { opened } from './support/methods.js';

const CODE = 'export const name = "half"; export const compress = (text) => text.slice(0, text.length / 2);\n';
let folder = '';
let half: MethodEntry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-levels-'));
  await writeFile(join(folder, 'half.mjs'), CODE);
  half = await moduleEntry(join(folder, 'half.mjs'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a level to be made', () => {
  test('names its method, and how much: in one form, whatever it was written in', () => {
    const said = (text: string) => {
      const { target, entry } = planLevel(text);
      return [target.level, entry.name, targetName(target)];
    };
    expect(said('summ_l2')).toEqual(['summ_l2', 'summarize', 'summ_l2']);
    expect(said('L2')).toEqual(['summ_l2', 'summarize', 'summ_l2']);
    expect(said('hybrid=80w')).toEqual(['hybrid=80w', 'hybrid', 'hybrid=80w']);
    for (const text of ['select=0.4', 'select=40%', 'select=.4', 'select=0.40'])
      expect(said(text)).toEqual(['select=0.4', 'select', 'select=0.4']);
    expect(planLevels(['select=0.6', 'select=0.3', 'select']).map(({ target }) => target.level)).toEqual([
      ...['select=0.6', 'select=0.3', 'select'],
    ]);
  });

  test('is refused where it cannot be made, with what may have been meant', () => {
    const CASES: readonly (readonly [string, RegExp, (readonly MethodEntry[])?])[] = [
      ['', /invalid level/],
      ['nothing', /unknown level "nothing": use one of summ_l1, .*, or name the method that makes it/],
      ['sumn_l2', /unknown level "sumn_l2": did you mean summ_l2\?/],
      ['selct=0.4', /unknown level "selct=0.4": did you mean select\?/],
      ['original', /original is the source itself/],
      ['none', /invalid level "none"/],
      ['ext=0.5', /extract takes no amount; write ext/],
      ['ext', /no method for level "ext" among select: choose another level or method/, [select]],
      ['select', /no method for level "select" among summarize, extract: choose/, [summarize, extract]],
      ['sumn_l3', /no method for level "sumn_l3" among select: did you mean summ_l3\?/, [select]],
      ...['select=', 'select=0', 'select=1.5', 'select=-1', 'select=x', 'summ_l2=0w', 'select=0.4=2'].map(
        (text) => [text, /invalid level .*: write (select|summ_l2), \1=80w for words or \1=0.4/] as const,
      ),
    ];
    for (const [text, message, entries = []] of CASES)
      expect(() => planLevel(text, { entries }), text).toThrow(message);
    expect(() => planLevels(['select=0.5', 'select=50%'])).toThrow('level select=0.5 is asked for twice');
    console.log(`${CASES.length} refusals`);
  });

  test('may be made by another method to the same amount', () => {
    expect(planLevel('summ_l3', { entries: [select] })).toMatchObject({
      entry: { name: 'select' },
      target: { level: 'summ_l3', form: 'summ_l3', amount: { words: 50 }, isUsual: true },
      description: 'chosen sentences',
    });
    expect(planLevel('ext', { entries: [recorded] }).target).toMatchObject({ form: 'ext', amount: null });
    const { target } = planLevel('select=0.4', { entries: [recorded] });
    expect(target).toMatchObject({ level: 'select=0.4', isUsual: true });
  });

  test('may have a name of the user’s own, for what a method makes to an amount', () => {
    const named = planLevel('kurz', { entries: [select], amount: { ratio: 0.3 }, ownName: true });
    expect(named.target).toEqual({ level: 'kurz', form: 'select', amount: { ratio: 0.3 }, isUsual: false });
    expect(() => planLevel('kurz', { entries: [summarize], ownName: true })).toThrow(
      'level kurz: say how much summarize is to keep, in words or as a ratio',
    );
    const words = planLevel('kurz', { entries: [summarize], amount: { words: 40 }, ownName: true });
    expect(goalWords(words.target, 1000)).toBe(40);
  });

  test('may be brought by a module: by its own name, by those it lists, or any', async () => {
    expect(half.forms.map(({ level }) => level)).toEqual(['half']);
    expect(planLevel('half', { entries: [half] }).target).toMatchObject({ level: 'half', form: 'half', amount: null });
    expect(planLevel('half=30w', { entries: [half] }).target.amount).toEqual({ words: 30 });
    expect(planLevel('summ_l5', { entries: [half] }).target).toMatchObject({ form: 'summ_l5', amount: { words: 12 } });
    await writeFile(
      join(folder, 'listing.mjs'),
      'export default { levels: ["first-2", "a=b"], description: "first words", compress: (text) => text };',
    );
    const listing = await moduleEntry(join(folder, 'listing.mjs'));
    const plans = planLevels(['first-2', 'a=b'], [listing]);
    expect(plans.map(({ target, description }) => [target.level, target.form, description])).toEqual([
      ['first-2', 'first-2', 'first words'],
      ['a=b', 'a=b', 'first words'],
    ]);
    expect(() => planLevel('other', { entries: [listing], ownName: true })).toThrow(/no method for level "other"/);
    await writeFile(join(folder, 'nameless.mjs'), 'export const compress = (text) => text;');
    expect((await moduleEntry(join(folder, 'nameless.mjs'))).forms[0]?.level).toBe('nameless');
  });

  test('never asks for as much as the source has', () => {
    const goal = (text: string, words: number): number => goalWords(planLevel(text).target, words);
    expect([goal('summ_l2', 1000), goal('summ_l2', 60), goal('summ_l1', 100)]).toEqual([100, 57, 65]);
    expect([goal('hybrid=500w', 100), goal('summ_l5', 1)]).toEqual([95, 1]);
  });
});

describe('what a text is known by', () => {
  const model = {
    name: 'm',
    identity: { kind: 'endpoint', baseUrl: 'https://example.org/v1', model: 'm' },
    concurrency: 1,
    complete: () => Promise.reject(new Error('not asked')),
  };
  const scorer = {
    name: 's',
    identity: { kind: 's' },
    maxTokens: 512,
    tokenizer: { ...noTokenizer, identity: 't' },
    surprisal: () => Promise.resolve([]),
  };
  const tools = { surprisal: scorer, counts: { identity: 'c', count: (text: string) => text.length } };
  const key = async (entry: MethodEntry, level: string, options: Readonly<Record<string, unknown>> = {}) => {
    const { method, targetOf } = await opened(entry, { ...tools, ...(entry !== half && { chat: model }) }, options);
    return new CompressionStore(folder).key('a'.repeat(64), targetOf(level), method, 'c').slice(0, 16);
  };

  test('stays what it was: texts that were paid for are found again', async () => {
    const told = { language: 'english', onLonger: 'fail', partTokens: 500 };
    expect({
      summ_l2: await key(summarize, 'summ_l2'),
      'summ_l2=80w': await key(summarize, 'summ_l2=80w'),
      'summ_l2, told otherwise': await key(summarize, 'summ_l2', told),
      ext: await key(extract, 'ext'),
      'hybrid=0.5': await key(hybrid, 'hybrid=0.5'),
      'hybrid, asking': await key(hybrid, 'hybrid', { check: 'model' }),
      'select=0.4': await key(select, 'select=0.4'),
      select: await key(select, 'select'),
      'summ_l3 by select': await key(select, 'summ_l3'),
      'prune=0.6': await key(prune, 'prune=0.6'),
      'a module at summ_l5': await key(half, 'summ_l5'),
      'a module at summ_l3=0.4': await key(half, 'summ_l3=0.4'),
    }).toEqual({
      summ_l2: '0803ce54b3089a0a',
      'summ_l2=80w': '1dea8a8076557a42',
      'summ_l2, told otherwise': 'eb83ddb680b18326',
      ext: 'edd4b262e303505b',
      'hybrid=0.5': '63a72d8086bb08b7',
      'hybrid, asking': '068bf4138b044cec',
      'select=0.4': 'e99ee8f922c35e2c',
      select: 'b7d410722c4af006',
      'summ_l3 by select': 'f2b387d5ea7b2098',
      'prune=0.6': 'b858251c40146c9e',
      'a module at summ_l5': 'dee703ff5af7a993',
      'a module at summ_l3=0.4': '6f3b4e013cdfa6b1',
    });
  });

  test('is what is asked for, not what the level is called', async () => {
    const { method } = await opened(select);
    const store = new CompressionStore(folder);
    const keyOf = (level: string, amount?: { ratio: number }): string => {
      const plan = planLevel(level, { entries: [select], ownName: true, ...(amount && { amount }) });
      return store.key('a', plan.target, method, 'c');
    };
    expect(keyOf('kurz', { ratio: 0.4 })).toBe(keyOf('select=0.4'));
    expect(keyOf('select=0.3')).not.toBe(keyOf('select=0.4'));
    expect(await key(half, 'summ_l5')).not.toBe(await key(half, 'summ_l4'));
  });

  test('holds what can change it, and for pruning what the model takes at once', async () => {
    expect(await key(prune, 'prune=0.6')).toBe(await key(prune, 'prune=0.6', { partTokens: 600 }));
    expect(await key(prune, 'prune=0.6')).not.toBe(await key(prune, 'prune=0.6', { partTokens: 100 }));
    expect(await key(select, 'select')).not.toBe(await key(select, 'select', { factWeight: 0.6 }));
  });
});

describe('the table of methods', () => {
  test('answers a name that is not there with what may have been meant', async () => {
    await expect(methodEntry('sumarize')).rejects.toThrow(
      'unknown method "sumarize": did you mean summarize? (there are summarize, extract, hybrid, select, prune, recorded), or the path of an ES module',
    );
    await expect(methodEntry('./nowhere.mjs')).rejects.toThrow('cannot read the method ./nowhere.mjs');
  });

  test('tells what a method cannot be told', async () => {
    await expect(opened(select, {}, { factWeight: 2 })).rejects.toThrow(
      'method select: factWeight: invalid 2: use a number from 0 to 1',
    );
    await expect(opened(select, {}, { factwait: 1 })).rejects.toThrow(/method select: .*factwait/);
  });
});
