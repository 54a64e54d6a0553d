/** `lightmem evaluate` as a user runs it: a served model questioned and judged, going on where it stopped, and the benchmark's script. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { register } from '../../src/cli/evaluate.js';
import { bundledModelPath, loadModel } from '../../src/models/load.js';

interface Request {
  readonly url: string;
  readonly body: {
    readonly messages?: readonly { readonly content: string }[];
    readonly prompt?: string;
    readonly stop?: readonly string[];
    readonly max_tokens?: number;
  };
}

const folder = mkdtempSync(join(tmpdir(), 'lightmem-evaluate-'));
const requests: Request[] = [];
let server: Server;
let endpoint = '';

/** Knows Oslo, runs on about Rome, refuses texts about Paris as too long. */
function answerTo(asked: string): { status: number; text: string; finish: string } {
  if (asked.includes('Ben')) return { status: 200, text: 'Rome Rome Rome', finish: 'length' };
  if (asked.includes('Cay')) return { status: 400, text: '', finish: 'stop' };
  return { status: 200, text: 'Oslo', finish: 'stop' };
}

beforeAll(async () => {
  vi.stubEnv('LIGHTMEM_CACHE', join(folder, 'cache'));
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      const body = JSON.parse(text) as Request['body'];
      requests.push({ url: request.url ?? '', body });
      const { status, text: content, finish } = answerTo(body.prompt ?? body.messages?.at(-1)?.content ?? '');
      const choice = body.prompt === undefined ? { message: { content } } : { text: content };
      const error = {
        error: { message: "This model's maximum context length is 8 tokens", code: 'context_length_exceeded' },
      };
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status === 200 ? { choices: [{ ...choice, finish_reason: finish }] } : error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
beforeEach(() => void (requests.length = 0));
afterAll(() => {
  server.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function evaluate(...args: string[]): Promise<{ out: string; err: string }> {
  const said = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said.out += String(text)), true));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said.err += String(text)), true));
  const program = new Command('lightmem').exitOverride();
  register(program);
  try {
    await program.parseAsync(['evaluate', ...args], { from: 'user' });
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  return said;
}

const PEOPLE = [
  { id: 'a', text: 'Ann lives in Oslo.', question: 'Where does Ann live?', answer: 'Oslo' },
  { id: 'b', text: 'Ben lives in Rome.', question: 'Where does Ben live?', answer: 'Rome' },
  { id: 'c', text: 'Cay lives in Paris.', question: 'Where does Cay live?', answer: 'Paris' },
];
const data = join(folder, 'people.jsonl');
writeFileSync(data, PEOPLE.map((each) => `${JSON.stringify(each)}\n`).join(''));

describe('a model behind an endpoint', () => {
  const served = (): string[] => ['--model', 'tiny', '--model-endpoint', endpoint];

  it('is asked in the wording of training, and what it cannot answer is unscored', async () => {
    const out = join(folder, 'out.jsonl');
    const { out: said } = await evaluate(data, ...served(), '--out', out);
    expect(requests.map(({ url }) => url)).toEqual(Array(3).fill('/v1/chat/completions'));
    expect(requests.map(({ body }) => body.messages?.at(-1)?.content).sort()[0]).toBe(
      'Text: Ann lives in Oslo.\n\nWhere does Ann live?',
    );
    expect(requests[0]?.body.max_tokens).toBe(48);
    expect(said).toContain('answers   3 of 3 items, 1 unscored');
    expect(said).toContain('unscored  lexical: 1 answer unscored: not answered: too-long');
    const rows = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { answer: unknown });
    expect(rows.map(({ answer }) => answer)).toEqual(['Oslo', 'Rome Rome Rome', '']);
    expect(rows[2]).toMatchObject({
      status: 'unscored',
      finish: null,
      reason: expect.stringContaining('not answered') as string,
    });
    expect(rows[1]).toMatchObject({ finish: 'length' });
  });

  it('is not asked again what the log holds, cut answers included; failures are', async () => {
    const args = [data, ...served(), '--book', 'closed', '--log', join(folder, 'log')];
    const first = await evaluate(...args);
    expect(requests).toHaveLength(3);
    expect((await evaluate(...args)).out).toBe(first.out);
    expect(requests).toHaveLength(4);
    expect(requests[3]?.body.messages?.at(-1)?.content).toBe('Where does Cay live?');
  });

  it("is given whole prompts of a template's rendering where it takes them", async () => {
    const args = [data, ...served(), '--raw-prompts', bundledModelPath(), '--book', 'closed', '--json'];
    const { out } = await evaluate(...args);
    expect(JSON.parse(out)).toMatchObject({ n: 3, unscored: 1, book: 'closed' });
    const { template } = loadModel(bundledModelPath());
    expect(requests.map(({ url }) => url)).toEqual(Array(3).fill('/v1/completions'));
    expect(requests.map(({ body }) => body.prompt)).toContain(
      template.render([{ role: 'user', content: 'Where does Ann live?' }]),
    );
    expect(requests[0]?.body.stop).toEqual([template.endOfTurn]);
  });

  it('of the family of its judge is warned about', async () => {
    const judge = ['--judge', 'llm', '--judge-model', 'qwen-plus', '--endpoint', endpoint];
    const { err } = await evaluate(data, '--model', 'Qwen2.5-3B', '--model-endpoint', endpoint, ...judge);
    expect(err).toContain('are both of the Qwen family');
    const other = await evaluate(data, '--model', 'Llama-3', '--model-endpoint', endpoint, ...judge);
    expect(other.err).not.toContain('family');
  });

  it('refuses an adapter, and an endpoint without a name', async () => {
    await expect(evaluate(data, ...served(), '--adapter', 'x')).rejects.toThrow('--adapter is for a local model');
    await expect(evaluate(data, '--model-endpoint', endpoint)).rejects.toThrow('--model NAME');
    await expect(evaluate(data, '--raw-prompts', 'x')).rejects.toThrow('give --model-endpoint');
  });
});

describe('a local model', () => {
  it('goes on from the answers its log holds', async () => {
    const log = join(folder, 'local');
    const args = [data, '--book', 'closed', '--max-tokens', '4', '--log', log, '--json'];
    const first = await evaluate(...args);
    const kept = readFileSync(join(log, 'answers.jsonl'), 'utf8');
    expect(kept.trim().split('\n')).toHaveLength(3);
    expect((await evaluate(...args)).out).toBe(first.out);
    expect(readFileSync(join(log, 'answers.jsonl'), 'utf8')).toBe(kept);
  });
});

const SCRIPT = `
import json, sys
model, hyp, ref = sys.argv[1:]
answers = {r["question_id"]: r["answer"] for r in json.load(open(ref))}
with open(hyp + ".eval-results-" + model, "w") as out:
    for line in open(hyp):
        entry = json.loads(line)
        entry["autoeval_label"] = {"model": model, "label": entry["hypothesis"] == answers[entry["question_id"]]}
        print(json.dumps(entry), file=out)
`;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version']);
    return true;
  } catch {
    console.warn('skipped: evaluate --official, for there is no python3');
    return false;
  }
}

describe.skipIf(!hasPython())('evaluate --official', () => {
  it("judges with the benchmark's script and prints its aggregates", async () => {
    const history = (id: string, name: string, city: string) => ({
      ...{ question_id: id, question_type: 'single-session-user', question: `Where does ${name} live?`, answer: city },
      ...{ question_date: '2023/05/30 (Tue) 23:40', haystack_session_ids: ['s'], answer_session_ids: ['s'] },
      ...{
        haystack_dates: ['2023/05/29 (Mon) 10:00'],
        haystack_sessions: [[{ role: 'user', content: `${name}: ${city}` }]],
      },
    });
    const reference = join(folder, 'longmemeval.json');
    writeFileSync(
      reference,
      JSON.stringify([history('q1', 'Ann', 'Oslo'), history('q2', 'Ben', 'Rome'), history('q3', 'Cay', 'Paris')]),
    );
    const script = join(folder, 'evaluate_qa.py');
    writeFileSync(script, SCRIPT);
    const { out } = await evaluate(reference, '--model', 'm', '--model-endpoint', endpoint, '--official', script);
    expect(out).toContain('correct   50.0');
    expect(out).toContain('3 of 3 items, 1 unscored');
    expect(out).toContain('\tsingle-session-user: 0.5 (2)');
  });
});
