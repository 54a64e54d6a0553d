/** Questions and rewrites that a study asks of a model: foreseen, agreed to, asked once, and gone on with. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SpendForecast } from '../../src/compress/spend-forecast.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { formSetText, setsOfRuns } from '../../src/study/form-set-text.js';
import { planStudy, type PlanOptions, type StudyPlan } from '../../src/study/plan.js';
import { completion, failure, startServer, type MockServer, type Script } from '../llm/support/mock-server.js';
import { scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const documents = join(scratch, 'documents.jsonl');
const TOWNS = ['Husum', 'Emden', 'Leer', 'Jever'];

let server: MockServer | undefined;
let count = 0;

beforeAll(() => {
  writeTinyModel(model);
  const items = TOWNS.map((town, n) => ({
    id: `station-${n}`,
    context: `Station ${n} stands in ${town}. It was built by Engineer Marlow${n} in ${1961 + n}.`,
    questions: [{ question: `In which place is station ${n} to be found?`, answer: town }],
  }));
  writeFileSync(documents, items.map((item) => JSON.stringify(item)).join('\n'));
});
beforeEach(() => vi.stubEnv('LIGHTMEM_CACHE', join(scratch, `cache-${++count}`)));
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
});

/** Asks what each text states, once in the exam's wording and once with what only the model knows. */
const writing: Script = ({ body }) => {
  const asked = (body['messages'] as { content: string }[]).map(({ content }) => content).join('\n');
  const [, n = '', town = ''] = /Station (\d) stands in (\w+)/.exec(asked) ?? [];
  if (asked.includes('Rewrite the text')) return completion(`In ${town} stands station ${n}. It cost 40 millions.`);
  return completion(
    [
      `Q: In which town does station ${n} stand?\nR: Where does station ${n} stand?\nA: ${town}`,
      `Q: In which place is station ${n} to be found?\nA: ${town}`,
      `Q: What did station ${n} cost?\nA: 40 millions`,
    ].join('\n'),
  );
};

async function input(out: string, script: Script = writing, changes: Partial<StudyInput> = {}): Promise<StudyInput> {
  server = await startServer(script);
  return {
    ...{ name: 'stations', model, out: join(scratch, out) },
    datasets: { stations: { file: documents, testItems: 2 } },
    grid: [
      {
        ...{ dataset: 'stations', book: 'text', levels: ['original'], ranks: [2, 4], by: 'model', wordings: 2 },
        forms: ['raw', 'study', 'distil', { name: 'both', study: 0.5, rewrite: 0.5 }],
      },
    ],
    compress: { model: 'qwen-plus', endpoint: server.url, maxConcurrency: 1 },
    ...changes,
  };
}

const plan = (study: StudyInput, options: PlanOptions = {}): Promise<StudyPlan> =>
  planStudy(studyConfig(study), options);

describe('questions and rewrites by a model', { timeout: 60_000 }, () => {
  it('are asked once for each text, whatever sets need them, and never again', async () => {
    const study = await input('asked');
    const seen: number[] = [];
    const first = await plan(study, { onProgress: ({ done }) => seen.push(done) });
    // Four texts, each asked about once and rewritten in five manners.
    expect(server?.received).toHaveLength(4 + 4 * 5);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(first.forms).toMatchObject({
      forecast: { texts: 8, kept: 0, missing: 8, calls: 24, model: expect.stringContaining('qwen-plus') as string },
      spent: { requests: 24 },
    });
    const again = await plan(study);
    expect(again.forms?.forecast).toMatchObject({ kept: 8, missing: 0, calls: 0 });
    expect(again.runs.map(({ spec }) => spec.id)).toEqual(first.runs.map(({ spec }) => spec.id));
    expect(server?.received).toHaveLength(24);
  });

  it('are checked, and what was made and dropped is said of each set and kept with its runs', async () => {
    const { runs } = await plan(await input('checked'));
    const lines = setsOfRuns(runs).map(formSetText);
    expect(lines).toHaveLength(8);
    expect(lines[1]).toMatch(
      /^stations, original as study, 2 items: \d+ samples \(study \d+\) of 2 facts by qwen-plus.*; dropped \d+: 2 not in the text, 2 asked in the exam/,
    );
    expect(lines[5]).toMatch(/^stations, original as study, 2 other documents: /);
    const asked = runs.flatMap(({ set }) => set?.samples ?? []).map(({ prompt, answer }) => `${prompt} ${answer}`);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.join('\n')).not.toMatch(/to be found|millions/);
    const record = runs.find(({ spec }) => spec.identity.text?.form === 'study')?.spec.place.forms;
    expect(record).toMatchObject({ facts: 2, dropped: { 'asked in the exam': 2 }, failed: 0 });
  });

  it('are foreseen without asking or writing anything', async () => {
    const foreseen = await plan(await input('foreseen'), { foresee: true });
    expect(foreseen.forms?.forecast).toMatchObject({ missing: 8, calls: 24 });
    expect(foreseen.runs.length).toBeGreaterThan(8);
    expect(server?.received).toHaveLength(0);
    expect(existsSync(join(scratch, 'foreseen'))).toBe(false);
  });

  it('are not asked for where nobody agrees to a large spend', async () => {
    const prices = { endpoint: 'http://endpoint.invalid/v1', priceInput: 1e6, priceOutput: 1e6 };
    const study = await input('refused');
    const dear = { ...study, compress: { ...study.compress, ...prices } };
    await expect(plan(dear)).rejects.toThrow(
      /8 of 8 sets of questions or rewrites to make with qwen-plus.*about 24 requests, .* at your prices.*nobody agreed/,
    );
    const told: SpendForecast[] = [];
    await expect(plan(dear, { agree: (forecast) => (told.push(forecast), false) })).rejects.toThrow(
      'nothing was begun',
    );
    expect(told).toMatchObject([{ calls: 24, isLarge: true }]);
    expect(server?.received).toHaveLength(0);
  });

  it('stop with what is written, and go on from there', async () => {
    let [left, answered] = [10, 0];
    const study = await input('cut', (request, index) => {
      if (answered >= left) return failure(401, { message: 'no', type: 'authentication_error' });
      answered++;
      return writing(request, index);
    });
    await expect(plan(study)).rejects.toThrow(
      /writing questions and rewrites stopped after \d of 8: .*what is written is kept, run again to go on/,
    );
    const kept = readdirSync(join(scratch, 'cut', 'forms')).length;
    expect(kept).toBeGreaterThan(0);
    left = Infinity;
    await plan(study);
    expect(answered).toBe(24);
  });

  it('end the study where the model writes nothing usable, unless it may go on without', async () => {
    const silent: Script = (request, index) =>
      JSON.stringify(request.body).includes('Station 1') ? completion('I do not know.') : writing(request, index);
    const study = await input('silent', silent);
    await expect(plan(study)).rejects.toThrow(/wrote nothing usable .* of 1 texts[\s\S]*station-1: questions/);
    const planned = await plan({ ...study, compress: { ...study.compress, onFailure: 'keep-original' } });
    expect(setsOfRuns(planned.runs).map(formSetText).join('\n')).toContain('no question could be made of station-1');
  });
});
