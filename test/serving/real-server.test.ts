/** Real servers: what they answer for the base and for two adapters is what lightmem's own engine answers. Skipped where there are none. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { localModel } from '../../src/evaluate/respondent.js';
import { BUNDLED, loadModel } from '../../src/models/load.js';
import { onPath } from '../../src/peft/python.js';
import { closeAdapterServer } from '../../src/serving/adapter-server.js';
import type { StudyInput } from '../../src/study/config.js';
import { carriedOut } from '../study/support/carried-out.js';
import { askServed, GENERATION, mockSettings, samplesOf, textsOf, writeDrawn } from './support/served.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-real-server-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(closeAdapterServer);

const llamaServer = process.env['LIGHTMEM_LLAMA_SERVER'] ?? onPath('llama-server');
if (llamaServer === undefined) console.warn('skipped: a real llama-server, for LIGHTMEM_LLAMA_SERVER names none');

const python = process.env['LIGHTMEM_PYTHON'];
const serves =
  python !== undefined && spawnSync(python, ['-c', 'import fastapi, openai, peft, transformers, uvicorn']).status === 0;
if (!serves) console.warn('skipped: a real transformers serve, for LIGHTMEM_PYTHON has no transformers[serving]');

describe.skipIf(llamaServer === undefined)('a real llama-server', { timeout: 300_000 }, () => {
  it('answers for the base and for two adapters as lightmem’s own engine does', async () => {
    const model = loadModel(fileURLToPath(new URL('../golden/models/qwen2.gguf', import.meta.url)));
    const positions = model.config.maxPositions;
    const settings = mockSettings('llama-server', {}, { command: [llamaServer ?? ''], positions, atOnce: 2 });
    const told: string[][] = [];
    for (const seed of [0, 1, 2, 1]) {
      const adapter = seed === 0 ? null : writeDrawn(join(root, `llama-${seed}`), seed, model);
      const here = localModel(model, { adapter: adapter?.folder ?? null, threads: 1 });
      const own = textsOf(await here.ask(samplesOf(5, 'Q'), { settings: GENERATION }));
      const theirs = textsOf(await askServed(model, settings, adapter, { prefix: 'Q' }));
      expect(theirs).toEqual(own);
      told.push(theirs);
    }
    expect(new Set(told.map((each) => each.join())).size).toBe(3);
    expect(told[3]).toEqual(told[1]);
  });
});

describe.skipIf(!serves)('a real transformers serve', { timeout: 500_000 }, () => {
  const study = (changes: Partial<StudyInput>): Partial<StudyInput> => ({
    grid: [{ dataset: 'articles', book: 'closed', amounts: [4], ranks: [2, 4], train: { maxSteps: 12 } }],
    evaluate: { maxNewTokens: 6 },
    ...changes,
  });
  const answersIn = (summary: Awaited<ReturnType<typeof carriedOut>>): (string | null)[][] =>
    summary.runs.map(({ folder }) =>
      readFileSync(join(folder, 'answers.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { answer: string | null }).answer),
    );

  it('answers a study for the base and for two adapters as lightmem’s own engine does', async () => {
    const own = await carriedOut(BUNDLED, join(root, 'own'), study({}));
    const command = [python ?? '', '-m', 'transformers.cli.transformers', 'serve', '--device', 'cpu'];
    const failures: string[] = [];
    const served = await carriedOut(
      BUNDLED,
      join(root, 'served'),
      study({
        engine: { kind: 'lightmem', asks: 'server' },
        server: { kind: 'openai', command: [...command, '--dtype', 'float32', '--port', '{port}'], atOnce: 2 },
      }),
      { onEvent: (event) => event.type === 'failed' && failures.push(event.message) },
    );
    expect(failures).toEqual([]);
    const theirs = answersIn(served);
    expect(theirs).toHaveLength(3);
    expect(theirs).toEqual(answersIn(own));
    expect(new Set(theirs.map((each) => JSON.stringify(each))).size).toBe(3);
  });
});
