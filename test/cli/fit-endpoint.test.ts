/** `lightmem fit` on documents without questions, exam and samples written by a model behind an endpoint, within a budget of money: what is asked, and what is never asked again. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FitOutcome } from '../../src/fit/outcome.js';
import { completion, startServer, type MockServer, type Script } from '../llm/support/mock-server.js';
import { scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KILL = fileURLToPath(new URL('../study/support/kill-at-rename.cjs', import.meta.url));
const scratch = scratchFolder();

/** Asks what a text states, in the exam in one wording and for training in another. */
const writing: Script = ({ body }) => {
  const asked = (body['messages'] as { content: string }[]).map(({ content }) => content).join('\n');
  const [, n = '', town = ''] = /Station (\d) stands in (\w+)/.exec(asked) ?? [];
  const [where, who] = [`where station ${n} stands`, `who built station ${n}`];
  return completion(
    asked.includes('exam')
      ? `Q: In which town does station ${n} stand?\nA: ${town}\nQ: Which engineer built station ${n}?\nA: Engineer Marlow${n}`
      : `Q: Say ${where}.\nA: ${town}\nQ: Say ${who}.\nA: Engineer Marlow${n}`,
  );
};

let server: MockServer;

beforeAll(async () => {
  server = await startServer(writing);
  writeTinyModel(join(scratch, 'model'));
  mkdirSync(join(scratch, 'docs'));
  for (const [n, town] of ['Husum', 'Emden', 'Leer'].entries())
    writeFileSync(
      join(scratch, `docs/station-${n}.md`),
      `# Station ${n}\n\nStation ${n} stands in ${town}. It was built by Engineer Marlow${n} in ${1961 + n}.\n`,
    );
});
afterAll(() => server.close());

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function fit(out: string, words: readonly string[] = [], killAtRename = 0): Promise<Ended> {
  const preload = killAtRename === 0 ? [] : ['--require', KILL];
  const options = [
    ...['--model', 'model', '--budget', '2eur', '--price-hour', '60', '--exposures', '4', '--forms', 'study'],
    ...['--ranks', '1', '--levels', 'original', '--wordings', '1', '--workers', '1', '--out', out, '--json'],
    ...['--writer', 'qwen-plus', '--endpoint', server.url, '--by', 'model'],
    ...['--price-input', '1', '--price-output', '2'],
  ];
  const child = spawn(process.execPath, [...preload, MAIN, 'fit', 'docs', ...options, ...words], {
    cwd: scratch,
    env: { ...process.env, KILL_AT_RENAME: String(killAtRename), LIGHTMEM_CACHE: join(scratch, `cache-${out}`) },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })));
}

const received = (from: number): string[] => server.received.slice(from).map(({ body }) => JSON.stringify(body));

describe('fit with a model behind an endpoint', { timeout: 300_000 }, () => {
  it('has it write exam and samples, trains, and asks nothing again', async () => {
    const whole = await fit('whole');
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    const outcome = JSON.parse(whole.stdout) as FitOutcome;
    expect(outcome.budget).toMatchObject({ text: '2eur', unit: 'seconds', amount: 120 });
    expect(outcome.measured.questions).toBe(6);
    // A text's exam, and what is trained of it.
    expect(received(0)).toHaveLength(3 + 3);
    expect(received(0).filter((body) => body.includes('exam questions'))).toHaveLength(3);
    expect(readFileSync(join(scratch, 'whole/exam/spend.jsonl'), 'utf8')).toContain('"answered"');
    expect(await fit('whole')).toMatchObject({ code: 0, stderr: '' });
    expect(received(0)).toHaveLength(6);
  });

  it('killed again and again, asks again what was under way and no more', async () => {
    const before = server.received.length;
    const early = await fit('killed', [], 6);
    expect(early.signal).toBe('SIGKILL');
    const inFlight = received(before).length;
    let [last, kills] = [await fit('killed', [], 24), 0];
    for (; last.signal === 'SIGKILL' && kills < 6; kills++) last = await fit('killed', [], 24 + 14 * kills);
    expect(kills).toBeGreaterThan(1);
    if (last.signal !== null) last = await fit('killed');
    expect(last).toMatchObject({ code: 0, stderr: '' });
    const asked = received(before);
    expect(new Set(asked).size).toBe(6);
    expect(asked.length).toBeLessThanOrEqual(6 + inFlight);
  });

  it('is refused without the price of an hour, and asks nothing then', async () => {
    const before = server.received.length;
    const { code, stderr } = await fit('unpriced', ['--budget', '2eur', '--price-hour', '0']);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('invalid --price-hour "0"') as string,
    });
    expect(server.received).toHaveLength(before);
  });
});
