/** `lightmem judge` and `lightmem longmemeval` as a user runs them: what they print, and how they refuse. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { register as registerJudge } from '../../src/cli/judge.js';
import { register as registerLongMemEval } from '../../src/cli/longmemeval.js';
import { writeRowsReport } from '../../src/study/report.js';

const folder = mkdtempSync(join(tmpdir(), 'lightmem-judge-'));
let server: Server;
let endpoint = '';
let requests = 0;

beforeAll(async () => {
  vi.stubEnv('LIGHTMEM_CACHE', join(folder, 'cache'));
  server = createServer((request, response) => {
    requests++;
    request.resume().on('end', () => {
      const content = '{"reason": "as said", "score": 3}';
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ model: 'm', choices: [{ message: { content }, finish_reason: 'stop' }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => {
  server.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function lightmem(...args: string[]): Promise<{ out: string; err: string }> {
  const said = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said.out += String(text)), true));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said.err += String(text)), true));
  const program = new Command('lightmem').exitOverride();
  registerJudge(program);
  registerLongMemEval(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  return said;
}

function file(name: string, lines: readonly (object | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return path;
}

function jsonLines(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

const ANSWERS = [
  { id: 'x', question: 'Ada was born in', reference: 'London', answer: 'London.', score: 5 },
  { id: 7, question: 'Ada was born in', reference: 'London', answer: 'Paris.', score: 1 },
];

describe('lightmem judge', () => {
  it('writes id, score, status and reason for every answer, in order', async () => {
    const { out, err } = await lightmem('judge', file('a.jsonl', ANSWERS), '--judge', 'lexical');
    expect(jsonLines(out)).toMatchObject([
      { id: 'x', score: 5, status: 'scored', reason: 'is "London"' },
      { id: 7, score: 1, status: 'scored', reason: '0 % of "London" found' },
    ]);
    expect(err).toContain('lexical: 2 answers, 0 unscored, mean score 3.000');
    expect(err).toContain('lexical and recorded scores: weighted kappa 1.000');
  });

  it('writes rows that a report is made of, places as far as the file names them', async () => {
    const places = ANSWERS.map((answer) => ({ ...answer, model: 'm', dataset: 'people', level: 'summ_l2', rank: 4 }));
    const { out } = await lightmem('judge', file('rows-in.jsonl', places), '--judge', 'lexical', 'exact');
    const rows = file('rows.jsonl', out.trim().split('\n'));
    const { data, path } = writeRowsReport([rows]);
    expect(data.rows).toHaveLength(4);
    expect(data.runs).toMatchObject([{ id: 'm', dataset: 'people', book: 'open', level: 'summ_l2', rank: 4 }]);
    expect(readFileSync(path, 'utf8')).toContain('Agreement of judges');
  });

  it('judges the answers that a study keeps', async () => {
    const record = {
      ...{ item: 'ada', question: '0', type: 'fact', prompt: 'Ada was born in', reference: 'London' },
      ...{ answers: ['London'], subject: 'Ada', answer: null, finish: null, failure: 'timeout' },
      ...{ abstention: false, contextTruncated: false, bits: null },
    };
    const lines = [record, { ...record, question: '1', answer: 'London', finish: 'stop', failure: null }];
    const { out } = await lightmem('judge', file('answers.jsonl', lines), '--judge', 'lexical');
    expect(jsonLines(out)).toMatchObject([
      { id: 'ada/0', status: 'unscored', reason: 'not answered: timeout' },
      { id: 'ada/1', score: 5 },
    ]);
  });

  it('leaves thoughts out of answers before any judge reads them', async () => {
    const thoughtful = [
      ['Paris', '<think>Paris?</think>London', 1],
      ['London', '<think>Paris?</think>London', 5],
      ['London', '[THINK]London', 1],
      ['London', '<|channel|>analysis<|message|>Paris?<|end|><|channel|>final<|message|>London<|return|>', 5],
      ['<think>', '<think>', 5],
    ].map(([reference, answer], id) => ({ id, question: 'Which?', reference, answer }));
    for (const judge of ['exact', 'lexical']) {
      const { out } = await lightmem('judge', file('thoughts.jsonl', thoughtful), '--judge', judge);
      expect(jsonLines(out).map((line) => (line as { score: number }).score)).toEqual([1, 5, 1, 5, 5]);
    }
  });

  it('sets several judges side by side', async () => {
    const { out, err } = await lightmem('judge', file('b.jsonl', ANSWERS), '--judge', 'lexical', 'exact');
    expect(jsonLines(out).map((line) => (line as { judge: string }).judge)).toEqual([
      'lexical',
      'lexical',
      'exact',
      'exact',
    ]);
    expect(err).toContain('lexical and exact: weighted kappa 1.000');
  });

  it('asks an endpoint, repeats to measure its noise, and never asks twice', async () => {
    const path = file('c.jsonl', ANSWERS);
    const args = ['judge', path, '--judge', 'llm', '--model', 'm', '--endpoint', endpoint, '--repeats', '2'];
    const { out, err } = await lightmem(...args);
    expect(jsonLines(out)[0]).toMatchObject({ id: 'x', judge: 'llm (m)', score: 3, reason: 'as said' });
    expect(err).toContain('own noise over 2 repeats of 2 answers: standard deviation 0.000 points');
    expect(requests).toBe(4);
    expect((await lightmem(...args)).out).toBe(out);
    expect(requests).toBe(4);
  });

  it('asks again another endpoint of the same address by its name, without the cache, and within a limit', async () => {
    const path = file('named.jsonl', ANSWERS);
    const judged = (...more: string[]) =>
      lightmem('judge', path, '--judge', 'llm', '--model', 'named', '--endpoint', endpoint, ...more);
    const asked = async (...more: string[]) => {
      const before = requests;
      await judged(...more);
      return requests - before;
    };
    expect(await asked()).toBe(2);
    expect(await asked()).toBe(0);
    expect(await asked('--endpoint-name', 'gpu-2')).toBe(2);
    expect(await asked('--endpoint-name', 'gpu-2')).toBe(0);
    expect(await asked('--no-cache')).toBe(2);
    expect(await asked()).toBe(0);
    const { out } = await judged('--endpoint-name', 'gpu-2');
    expect(jsonLines(out)[0]).toMatchObject({ judge: 'llm (named at gpu-2)' });
    await expect(judged('--no-cache', '--max-tokens', '100')).rejects.toThrow(
      'judging stopped: the spending limit is reached: what was finished is kept; raise the limit',
    );
    await expect(judged('--max-cost', '1')).rejects.toThrow('--max-cost needs prices');
  });

  it('warns where the file says that a model of its own family answered', async () => {
    const path = file(
      'kin.jsonl',
      ANSWERS.map((answer) => ({ ...answer, model: 'Qwen2.5-3B' })),
    );
    const judged = (model: string) =>
      lightmem('judge', path, '--judge', 'llm', '--model', model, '--endpoint', endpoint);
    expect((await judged('qwen-max')).err).toContain('both of the Qwen family');
    expect((await judged('gpt-4o')).err).not.toContain('family');
  });

  it('leaves unscored what the judge cannot say', async () => {
    const args = ['--judge', 'yes-no', '--model', 'm', '--endpoint', endpoint, '--log', join(folder, 'v.jsonl')];
    const { out, err } = await lightmem('judge', file('d.jsonl', ANSWERS), ...args);
    expect(jsonLines(out)[1]).toMatchObject({
      id: 7,
      score: null,
      status: 'unscored',
      reason: 'unusable reply: it says neither yes nor no',
    });
    expect(err).toContain('2 answers, 2 unscored, mean score –');
    expect(err).toContain('yes-no (m): 2 answers unscored: unusable reply: it says neither yes nor no');
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    const noisy = await lightmem('judge', file('d2.jsonl', ANSWERS), ...args.slice(0, 6), '--repeats', '2');
    expect(noisy.err).not.toContain('NaN');
    expect(noisy.err).toContain('own noise unknown: no answer was scored twice');
    process.exitCode = undefined;
    expect(readFileSync(join(folder, 'v.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  const refused: readonly (readonly [says: string, lines: readonly (object | string)[], message: RegExp])[] = [
    ['a missing field', [{ id: 1, question: 'q', answer: 'a' }], /line 1: field "reference" is missing/],
    ['a broken line', [ANSWERS[0] ?? '', '{"id"'], /line 2: not valid JSON/],
    ['an id given twice', [ANSWERS[0] ?? '', ANSWERS[0] ?? ''], /line 2: id "x" already stands on line 1/],
    ['an empty file', [], /holds no answers/],
  ];
  it.each(refused)('refuses %s', async (says, lines, message) => {
    await expect(lightmem('judge', file(`${says}.jsonl`, lines), '--judge', 'lexical')).rejects.toThrow(message);
  });

  it('refuses unknown judges, a missing model, wrong repeats and a missing file before it judges', async () => {
    const path = file('e.jsonl', ANSWERS);
    await expect(lightmem('judge', path, '--judge', 'best')).rejects.toThrow('unknown judge "best"');
    await expect(lightmem('judge', path, '--judge', 'llm')).rejects.toThrow('give --model NAME');
    await expect(lightmem('judge', path, '--judge', 'exact', '--repeats', '0')).rejects.toThrow('invalid repeats "0"');
    await expect(lightmem('judge', join(folder, 'none'), '--judge', 'exact')).rejects.toThrow(/cannot read .*ENOENT/);
  });
});

describe('lightmem longmemeval', () => {
  const reference = [
    { question_id: 'u', question_type: 'single-session-user', question: 'Which city?', answer: 'Oslo' },
    { question_id: 'm_abs', question_type: 'multi-session', question: 'Which dog?', answer: 'Not mentioned' },
    { question_id: 'k', question_type: 'knowledge-update', question: 'How many?', answer: 3 },
  ];
  const hypotheses = [
    { question_id: 'u', hypothesis: 'Oslo' },
    { question_id: 'm_abs', hypothesis: 'You did not mention a dog.' },
    { question_id: 'other', hypothesis: '?' },
  ];

  it('judges hypotheses and prints the aggregates of what it wrote', async () => {
    const ref = join(folder, 'ref.json');
    writeFileSync(ref, JSON.stringify(reference));
    const { out, err } = await lightmem(
      'longmemeval',
      'evaluate',
      file('h.jsonl', hypotheses),
      ref,
      '--judge',
      'lexical',
    );
    expect(jsonLines(out)[1]).toEqual({ ...hypotheses[1], autoeval_label: { model: 'lexical', label: true } });
    expect(err).toBe('2 judged, 0 unscored, 1 not in the reference\n');
    const results = join(folder, 'results.jsonl');
    writeFileSync(results, out);
    const text = (await lightmem('longmemeval', 'metrics', results, ref)).out;
    expect(text).toContain('Overall Accuracy: 1.0\nAbstention Accuracy: 1.0 (1)\n');
    expect(text).toContain('Missing answers: 1; counted as wrong: Overall Accuracy: 0.6667 (3)');
    const json = JSON.parse((await lightmem('longmemeval', 'metrics', results, ref, '--json')).out) as object;
    expect(json).toMatchObject({ published: { overall: { accuracy: 1, n: 2 }, taskAveraged: null }, missing: 1 });
  });
});
