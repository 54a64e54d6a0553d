/** `lightmem data` and `lightmem audit` as a user runs them: what they print, and how they refuse. */
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AuditReport } from '../../src/audit/audit-report.js';
import { register as registerAudit } from '../../src/cli/audit.js';
import { register as registerData } from '../../src/cli/data.js';
import type { LoadReport } from '../../src/data/load.js';
import type { DataSummary } from '../../src/data/summary.js';
import { developmentFile, jsonl, scratch, wikiupdateRecords } from '../data/support/files.js';

afterEach(() => {
  process.exitCode = undefined;
});

interface Said {
  out: string;
  err: string;
}

async function lightmem(...args: string[]): Promise<Said & { code: typeof process.exitCode }> {
  const said: Said = { out: '', err: '' };
  await run(args, said);
  return { ...said, code: process.exitCode };
}

async function run(args: readonly string[], said: Said): Promise<void> {
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said.out += String(text)), true));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said.err += String(text)), true));
  const program = new Command('lightmem').exitOverride();
  registerAudit(program);
  registerData(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

/** The cells of the first table row that starts with a level's name. */
function rowOf(out: string, level: string): string[] {
  const row = out.split('\n').find((line) => line.startsWith(`${level} `)) ?? '';
  return ['', ...row.trim().split(/ {2,}/)];
}

describe('lightmem audit', () => {
  it('prints macro and micro TRR of the development data to the digit', async ({ skip }) => {
    const path = developmentFile('wikiupdate-150.json');
    if (path === undefined) return skip('the development data is not at hand');
    const { out, err, code } = await lightmem('audit', path, '--tokenizer', 'qwen2.5');
    const levels = ['summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'ext'];
    expect(levels.map((level) => rowOf(out, level).slice(2, 6))).toEqual([
      ['150', '140.1', '38.66', '41.44'],
      ['150', '122.4', '43.49', '48.84'],
      ['150', '63.2', '68.96', '73.58'],
      ['150', '52.1', '74.38', '78.23'],
      ['150', '16.8', '91.39', '92.99'],
      ['150', '379.4', '-73.05', '-58.56'],
    ]);
    expect([err, code]).toEqual(['', undefined]);
  });

  it('prints one JSON document with a row per item and level', async () => {
    const path = scratch('w.json', wikiupdateRecords());
    const { out } = await lightmem(
      'audit',
      path,
      '--tokenizer',
      'qwen2.5',
      '--json',
      '--per-item',
      '--levels',
      'summ_l1,ext',
    );
    const report = JSON.parse(out) as AuditReport & { load: LoadReport };
    expect(report.levels.map(({ level }) => level)).toEqual(['summ_l1', 'ext']);
    expect(report.perItem).toHaveLength(6);
    expect(report.maxLength).toBe(1024);
    expect(report.load.items).toBe(2);
  });

  it('counts the samples that a short context cuts', async () => {
    const path = scratch('w2.json', wikiupdateRecords());
    const { out } = await lightmem('audit', path, '--tokenizer', 'qwen2.5', '--max-length', '64');
    expect(out).toContain('Samples at 64 tokens, prompt and answer');
    expect(out.replace(/\s+/g, ' ')).toMatch(/original: .*samples (lose their evidence|are shortened)/);
  });

  it('prints no escape codes, whatever a name holds, where the output is no terminal', async () => {
    const path = scratch('e.jsonl', jsonl([{ id: 1, text: 'A', question: 'Q', answer: 'a' }]));
    const { out } = await lightmem('audit', path, '--tokenizer', 'qwen2.5', '--dataset', 'x\u001b[31m\u202ey');
    expect(out).toMatch(/^xy: 1 items/);
    expect(out).not.toContain('\u001b');
  });

  it('tells of a broken question beside the table, and ends with 2', async () => {
    const [record] = wikiupdateRecords();
    const triplets = [...(record?.ground_truth_triplets ?? []), { subject: 'A', prompt: '{} is', target: '' }];
    const path = scratch('t.json', [{ ...record, ground_truth_triplets: triplets }]);
    const { out, err, code } = await lightmem('audit', path, '--tokenizer', 'qwen2.5');
    expect(rowOf(out, 'summ_l1')[2]).toBe('1');
    expect(err).toContain('t.json:2: ground_truth_triplets[3].target: is empty: ');
    expect(code).toBe(2);
  });

  it.each([
    ['a broken item', ['--tokenizer', 'qwen2.5'], /b\.jsonl:2: text: is a number \(5\): /],
    ['no tokenizer', [], /no tokenizer is named: give --tokenizer qwen2\.5 or --model PATH/],
    ['two tokenizers', ['--tokenizer', 'qwen2.5', '--model', 'x'], /both name a tokenizer/],
    ['a tokenizer that is not there', ['--tokenizer', '/nowhere'], /no tokenizer at "\/nowhere": use qwen2\.5/],
    ['a name of no level', ['--tokenizer', 'qwen2.5', '--levels', 'a/b'], /invalid level "a\/b": use 1 to 60 letters/],
    [
      'a column for a part misspelt',
      ['--tokenizer', 'qwen2.5', '--column', 'anwser=x'],
      /did you mean answer\? for a level of that name write level:anwser=/,
    ],
    ['a length of 0', ['--tokenizer', 'qwen2.5', '--max-length', '0'], /invalid --max-length "0": use a positive/],
    ['an unknown format', ['--tokenizer', 'qwen2.5', '--format', 'xml'], /unknown format "xml": use one of /],
    [
      'a column that is no pair',
      ['--tokenizer', 'qwen2.5', '--column', 'text'],
      /invalid --column "text": write PART=NAME/,
    ],
  ])('refuses %s and prints nothing', async (_what, args, message) => {
    const path = scratch(
      'b.jsonl',
      jsonl([
        { id: 1, text: 'A' },
        { id: 2, text: 5 },
      ]),
    );
    const said: Said = { out: '', err: '' };
    await expect(run(['audit', path, ...args], said)).rejects.toThrow(message);
    expect(said).toEqual({ out: '', err: '' });
  });
});

describe('lightmem data', () => {
  it('shows counts, lengths, questions and samples', async () => {
    const { out, code } = await lightmem('data', scratch('d.json', wikiupdateRecords()));
    expect(out).toContain('wikiupdate: 2 items, 4 questions (wikiupdate, json)');
    expect(rowOf(out, 'original').slice(2, 3)).toEqual(['2']);
    expect(out).toContain('questions per item: 1 to 3');
    expect(out).toContain('question: Complete the sentence: The Seine flows through\n    answer: Paris');
    expect(code).toBeUndefined();
  });

  it('shows five samples of many items, the same ones every time', async () => {
    const rows = Array.from({ length: 100 }, (_, id) => ({ id, text: `Text ${id}.`, question: 'Q?', answer: 'a' }));
    const path = scratch('hundred.jsonl', jsonl(rows));
    const ids = async () => {
      const { out } = await lightmem('data', path, '--json');
      return (JSON.parse(out) as DataSummary).samples.map(({ id }) => id);
    };
    const first = await ids();
    expect(new Set(first).size).toBe(5);
    expect(await ids()).toEqual(first);
  });

  it('shows the sound records and tells of the broken ones, with 2 unless they may be skipped', async () => {
    const path = scratch(
      'half.jsonl',
      jsonl([
        { id: 1, text: 'A' },
        { id: 2, text: '' },
      ]),
    );
    const strict = await lightmem('data', path);
    expect(strict.out).toContain('half: 1 items');
    expect(strict.err).toContain('half.jsonl:2: text: is empty: ');
    expect(strict.code).toBe(2);
    process.exitCode = undefined;
    const lenient = await lightmem('data', path, '--on-problem', 'skip');
    expect(lenient.err).toContain('1 problems: 1 items and 0 questions left out');
    expect(lenient.code).toBeUndefined();
  });
});
