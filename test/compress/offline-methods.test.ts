import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { factsOf } from '../../src/audit/facts.js';
import { retention } from '../../src/audit/retention.js';
import { offsetsOf, prune as pruning } from '../../src/compress/methods/prune.js';
import { recorded } from '../../src/compress/methods/recorded.js';
import { select as selection } from '../../src/compress/methods/select.js';
import { moduleEntry } from '../../src/compress/methods/user-module.js';
import { sentencesOf } from '../../src/text/sentences.js';
import type { Compression, CompressionFailure } from '../../src/compress/method.js';
import type { Item } from '../../src/core/records.js';
import { loadAll } from '../../src/data/load.js';
import { opened, openedModule, type NamedMethod } from './support/methods.js';
import { ARTICLE, counter, itemOf } from './support/texts.js';
import { wordModel } from './support/word-model.js';

function done(result: Compression | CompressionFailure): Compression {
  if (result.status !== 'done') throw new Error(JSON.stringify(result));
  return result;
}

describe('select', () => {
  const select = (): Promise<NamedMethod> => opened(selection);

  test('keeps whole sentences in their order, within the budget', async () => {
    for (const ratio of [0.2, 0.4, 0.6, 0.8]) {
      const result = done(await (await select()).compress(itemOf(ARTICLE), `select=${ratio}`));
      const sentences = sentencesOf(ARTICLE).map((sentence) => sentence.trim());
      const places = sentencesOf(result.text).map((sentence) => sentences.indexOf(sentence.trim()));
      expect(places.every((place) => place >= 0)).toBe(true);
      expect([...places].sort((a, b) => a - b)).toEqual(places);
      expect(result.measured.tokens).toBeLessThanOrEqual(ratio * result.measured.sourceTokens + 1);
    }
  });

  test('puts no blank between sentences of scripts that have none', async () => {
    const text =
      '北京市图书馆于1987年迁入新楼。馆长李明华每周二开放旧书库。最古老的书是1412年的磨坊登记册。访客须提前一周写信预约。';
    for (const ratio of [0.3, 0.5, 0.8]) {
      const result = done(await (await select()).compress(itemOf(text), `select=${ratio}`));
      expect(result.text).not.toMatch(/\s/);
      expect(sentencesOf(result.text).every((sentence) => text.includes(sentence))).toBe(true);
    }
  });

  test('says nothing twice while there is something new to say', async () => {
    const twice = 'The old bridge of Hartwell was built in 1822 by John Ames. '.repeat(3);
    const text = `${twice}The market of Hartwell was opened in 1901. The mill of Hartwell burned in 1955.`;
    const result = done(await (await select()).compress(itemOf(text), 'select=0.65'));
    expect(result.text.match(/1822/g)?.length).toBe(1);
    expect(result.text).toContain('1901');
    expect(result.text).toContain('1955');
  });

  test('prefers sentences with facts to those without', async () => {
    const text =
      'It is nice there and many people like it very much indeed. In 1837 Abraham Lincoln moved to Springfield with Joshua Speed. There is much to be said about that.';
    expect(done(await (await select()).compress(itemOf(text), 'select=0.4')).text).toContain('1837');
  });

  test('brings at least one sentence, flagged where even that is too much', async () => {
    const result = done(await (await select()).compress(itemOf(ARTICLE), 'summ_l5=2w'));
    expect(sentencesOf(result.text).length).toBe(1);
    expect(result.flags).toContain('off-target');
  });

  test('takes 5,000 sentences in seconds', async () => {
    const text = Array.from(
      { length: 5000 },
      (_, index) =>
        `Visitor ${index} of town ${index % 70} came in ${1500 + (index % 500)} and saw ${index % 13} churches.`,
    ).join(' ');
    const from = process.cpuUsage();
    const result = done(await (await select()).compress(itemOf(text), 'select=0.1'));
    const seconds = process.cpuUsage(from).user / 1e6;
    console.log(`5,000 sentences selected in ${seconds.toFixed(1)} s of CPU`);
    expect(result.flags).toContain('in-parts');
    expect(seconds).toBeLessThan(10);
  });

  const dev = process.env['LIGHTMEM_DEV_DATA'] ?? join(import.meta.dirname, '../../../shared/data');
  const file = join(dev, 'wikiupdate-150.json');
  test.skipIf(!existsSync(file))(
    `keeps more answers than the same amount of leading text (needs ${file})`,
    async () => {
      const { items } = await loadAll(file);
      const share = async (text: (item: Item, source: string) => Promise<string>): Promise<number> => {
        let kept = 0;
        for (const item of items) {
          const made = { text: await text(item, item.texts.original?.text ?? ''), method: 'x', provenance: {} };
          kept += retention({ ...item, texts: { select: made } }, 'select') ?? 0;
        }
        return (100 * kept) / items.length;
      };
      const selected = await share(async (item) => done(await (await select()).compress(item, 'select=0.5')).text);
      const lead = await share((_, source) => Promise.resolve(leading(source, 0.5)));
      console.log(
        `answers kept at half the tokens: select ${selected.toFixed(1)} %, leading sentences ${lead.toFixed(1)} %`,
      );
      expect(selected).toBeGreaterThan(lead + 5);
    },
  );
});

function leading(text: string, ratio: number): string {
  const budget = ratio * counter.count(text);
  let kept = '';
  for (const sentence of sentencesOf(text)) {
    if (kept !== '' && counter.count(kept + sentence) > budget) break;
    kept += sentence;
  }
  return kept;
}

describe('prune', () => {
  const prune = (): Promise<NamedMethod> => opened(pruning, { surprisal: wordModel() });

  test('leaves no two stops in a row and no blank where a script has none', async () => {
    const text =
      '图书馆很大，也很安静。馆长李明华每周二开放旧书库，访客须写信预约！里面的书很旧，纸很黄？最古老的书是1412年的登记册；其他的书没有这么老。';
    for (const ratio of [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
      const { text: pruned } = done(await (await prune()).compress(itemOf(text), `prune=${ratio}`));
      expect([ratio, pruned]).toEqual([ratio, expect.not.stringMatching(/[。！？，；]{2}|\s|^[。！？，；]/)]);
    }
  });

  test('keeps every name, number, date and negation, whatever the budget', async () => {
    const text = `${ARTICLE} It was not the largest city, and it never had a harbour.`;
    const result = done(await (await prune()).compress(itemOf(text), 'prune=0.2'));
    for (const fact of factsOf(text)) expect(result.text, fact.label).toContain(fact.label);
    expect(result.text).toMatch(/\bnot\b/);
    expect(result.text).toMatch(/\bnever\b/);
    expect(result.measured.trr).toBeGreaterThan(0.1);
  });

  test('leaves out what surprises least first', async () => {
    const text = 'The committee deliberated extensively, as it did on the day that it was, and adjourned afterwards.';
    const result = done(await (await prune()).compress(itemOf(text), 'prune=0.7'));
    expect(result.text).toContain('deliberated extensively');
    expect(result.text).not.toContain('on the day');
  });

  test('leaves out no more than the budget asks for, and words where whole phrases do not suffice', async () => {
    for (const ratio of [0.9, 0.8, 0.7, 0.6]) {
      const { measured } = done(await (await prune()).compress(itemOf(ARTICLE), `prune=${ratio}`));
      expect(measured.tokens).toBeLessThanOrEqual(ratio * measured.sourceTokens);
      expect(measured.tokens).toBeGreaterThan((ratio - 0.08) * measured.sourceTokens);
    }
    const held = 'The quiet little mayor of Springfield came to Boston by the old slow train.';
    const result = done(await (await prune()).compress(itemOf(held), 'prune=0.3'));
    expect(result.text).toMatch(/Springfield.*Boston/);
    expect(result.text).not.toMatch(/\b(of|to)\b/);
  });

  test('leaves tidy punctuation', async () => {
    const result = done(await (await prune()).compress(itemOf(ARTICLE), 'prune=0.4'));
    expect(result.text).not.toMatch(/ [,.;:]|,,|[ ]{2}|,\./);
    expect(result.text.endsWith('.')).toBe(true);
  });

  test('finds where each token begins, in any script', () => {
    const { tokenizer } = wordModel();
    const texts = [ARTICLE, 'Zwölf  Boxkämpfer\njagen', '她是市长。', '👩‍👧 x', ''];
    for (const text of texts) {
      const ids = tokenizer.encode(text);
      const offsets = offsetsOf(text, ids, tokenizer);
      expect(offsets.length).toBe(ids.length);
      ids.forEach((id, index) => expect(text.startsWith(tokenizer.decode([id]), offsets[index])).toBe(true));
    }
    console.log(`${texts.length} texts`);
  });
});

describe('recorded', () => {
  test('takes texts of the item, or given ones before them', async () => {
    const item = {
      ...itemOf(ARTICLE),
      texts: { ...itemOf(ARTICLE).texts, summ_l3: { text: 'Own.', method: 'qwen-plus', provenance: { date: '2025' } } },
    };
    const own = done(await (await opened(recorded)).compress(item, 'summ_l3'));
    expect(own).toMatchObject({ text: 'Own.', provenance: { recordedMethod: 'qwen-plus', date: '2025' } });
    const given = new Map([['a', { summ_l3: { text: 'Given.', method: 'file', provenance: {} } }]]);
    expect(
      done(await (await opened(recorded, { recorded: given }, { file: 'x' })).compress(item, 'summ_l3')).text,
    ).toBe('Given.');
    expect(await (await opened(recorded)).compress(item, 'summ_l4')).toMatchObject({ reason: 'no-source' });
  });
});

describe('a user’s own module', () => {
  const load = async (code: string): Promise<NamedMethod> => {
    const folder = await mkdtemp(join(tmpdir(), 'lightmem-own-'));
    const path = join(folder, 'own.mjs');
    await writeFile(path, code);
    try {
      return await openedModule(path);
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  test('may be as short as the example', async () => {
    const examples = join(import.meta.dirname, '../../examples');
    const method = await openedModule(join(examples, 'first-sentences.mjs'));
    const { items, report } = await loadAll(join(examples, 'notes.jsonl'));
    expect([items.length, report.problemCount]).toEqual([3, 0]);
    for (const item of items) {
      const { text, flags } = done(await method.compress(item, 'first-sentences=0.4'));
      expect(item.texts.original?.text.startsWith(text)).toBe(true);
      expect(flags).toEqual([]);
    }
  });

  test('is known by its code: another text of it is another method', async () => {
    const a = await load('export const compress = (text) => text.slice(0, 10);');
    const b = await load('export const compress = (text) => text.slice(0, 11);');
    expect(a.identity).not.toEqual(b.identity);
  });

  test('may name itself, serve some levels, and export one object', async () => {
    const method = await load(
      'export default { name: "first-words", levels: ["summ_l5"], compress: (text, { level }) => level + ": " + text.split(" ")[0] };',
    );
    expect(method.name).toBe('first-words');
    expect(() => method.targetOf('summ_l4')).toThrow('no method for level "summ_l4" among first-words');
    expect(done(await method.compress(itemOf(ARTICLE), 'summ_l5')).text).toBe('summ_l5: Misty');
  });

  test('that fails or returns no text fails by name, not by throwing', async () => {
    const CASES = [
      ['export const compress = () => { throw new Error("boom"); };', /boom/],
      ['export const compress = async () => { throw new Error("later"); };', /later/],
      ['export const compress = () => 42;', /number, not text/],
      ['export const compress = () => "  ";', /empty/],
    ] as const;
    for (const [code, message] of CASES) {
      const result = await (await load(code)).compress(itemOf(ARTICLE), 'summ_l1');
      expect(result.status === 'failed' ? result.message : '').toMatch(message);
    }
    console.log(`${CASES.length} failing modules`);
  });

  test('that is none is refused with what to do', async () => {
    await expect(load('export const x = 1;')).rejects.toThrow(/export a function compress/);
    await expect(load('export const compress = (t) => t; export const name = "../x";')).rejects.toThrow(/name must be/);
    await expect(load('syntax error here')).rejects.toThrow(/cannot load/);
    await expect(moduleEntry('/nowhere/x.mjs')).rejects.toThrow(/cannot read/);
  });
});
