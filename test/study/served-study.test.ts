/** Studies whose questions a server answers: what is asked once, what is not mixed, what a study file may say. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy } from '../../src/study/plan.js';
import { isRunning, mockCommand, type Faults } from '../serving/support/served.js';
import { carriedOut } from './support/carried-out.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { problems } from './support/study-problems.js';
import { writeTinyModel } from './support/tiny-model.js';

const root = scratchFolder();
const model = join(root, 'model');

beforeAll(() => {
  writeTinyModel(model);
});

const llama = (faults: Faults = {}): Partial<StudyInput> => ({
  engine: { kind: 'lightmem', asks: 'server' },
  server: { kind: 'llama-server', command: mockCommand('llama-server', faults) },
});

/** Waits until a server that the study started is no more. */
async function gone(pid: number): Promise<void> {
  expect(pid).toBeGreaterThan(1);
  while (isRunning(pid)) await sleep(100);
}

describe('a study whose questions a server answers', { timeout: 120_000 }, () => {
  it('asks base and adapter of it, ends it, and asks nothing again where another judge is added', async () => {
    const folder = join(root, 'judged');
    const starts = join(root, 'starts');
    const first = await carriedOut(model, folder, llama({ marks: starts }));
    expect(first).toMatchObject({ failed: 0, unscored: [], work: { trainings: 1 } });
    expect(first.work.questions).toBeGreaterThan(4);
    await gone(Number(readFileSync(starts, 'utf8')));
    rmSync(starts);
    const evaluate = { maxNewTokens: 4, judges: ['lexical', 'exact'] };
    const again = await carriedOut(model, folder, { ...llama({ marks: starts }), evaluate });
    expect(again).toMatchObject({ failed: 0, carriedOut: 2, work: { trainings: 0, questions: 0 } });
    expect(existsSync(starts)).toBe(false);
  });

  it('does not mix answers of a base that is served in another precision', async () => {
    const folder = join(root, 'mixed');
    const unanswered = await carriedOut(model, folder, llama({ failsAfter: 3 }));
    expect(unanswered.unscored.length).toBeGreaterThan(0); // and is asked again
    const failures: string[] = [];
    await carriedOut(model, folder, llama({ precision: 'Q4_0' }), {
      onEvent: (event) => event.type === 'failed' && failures.push(event.message),
    });
    expect(failures.join('\n')).toMatch(
      /answers were given by llama-server with model in F32, and now .* in Q4_0 would/,
    );
  });

  it('is the same study wherever the server is, and another with another precision or kind', async () => {
    const idsOf = async (server: StudyInput['server']): Promise<string[]> => {
      const config = studyConfig(leastStudy(model, { engine: { kind: 'lightmem', asks: 'server' }, server }));
      return (await planStudy(config, { folder: join(root, 'planned') })).runs.map(({ spec }) => spec.id);
    };
    const here = await idsOf({ kind: 'vllm' });
    expect(await idsOf({ kind: 'vllm', endpoint: 'http://elsewhere:8000' })).toEqual(here);
    expect(await idsOf({ kind: 'vllm', precision: 'bf16' })).not.toEqual(here);
    expect(await idsOf({ kind: 'llama-server' })).not.toEqual(here);
  });
});

describe('a study file', () => {
  const file = (lines: string): string[] =>
    problems(`datasets: { a: { file: a.jsonl, testItems: 2 } }
grid: [{ dataset: a, book: open, levels: [original], ranks: [2] }]
${lines}
`);

  it.each([
    ['server: { kind: vllm }', /server.*answers nothing: say so with engine/],
    ['engine: { kind: lightmem, asks: server }', /asks.*needs a server/],
    ['engine: { kind: lightmem, asks: server }\nserver: { kind: openai }', /neither address nor command/],
    ['engine: { kind: lightmem, asks: server }\nserver: { kind: vllm }\nevaluate: { temperature: 1 }', /above 0/],
    [
      'engine: { kind: lightmem, asks: server }\nserver: { kind: vllm }\ntrain: { rankPattern: { q_proj: 4 } }',
      /vLLM scales/,
    ],
    ['engine: { kind: lightmem, asks: server }\nserver: { kind: ollama }', /must say its kind/],
  ])('that says %s is told what is wrong', (lines, message) => {
    expect(file(lines).join('\n')).toMatch(message);
  });

  it('with a server and an engine that asks it is taken', () => {
    expect(file('engine: { kind: peft, asks: server }\nserver: { kind: vllm, maxCpuLoras: 8 }')).toEqual([]);
  });
});
