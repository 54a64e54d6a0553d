import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { shellWord } from '../../src/executors/command-template.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy } from '../../src/study/plan.js';
import { runStudy, type StudyEvent } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const LIGHTMEM = [process.execPath, fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))].map(shellWord);

beforeAll(() => {
  writeTinyModel(model);
});

async function carryOut(folder: string, executor: StudyInput['executor'], signal?: AbortSignal) {
  const events: StudyEvent[] = [];
  const plan = await planStudy(studyConfig(leastStudy(model, { executor })));
  const onEvent = (event: StudyEvent): void => void events.push(event);
  const summary = await runStudy(plan, { folder, command: 'test', onEvent, ...(signal && { signal }) });
  return { ...summary, events };
}

const rowsOf = (folder: string): string[] =>
  readStudy(folder).runs.map((run) => readFileSync(join(run.folder, 'rows.jsonl'), 'utf8'));

describe('a study whose runs are carried out by a command', () => {
  const command = { kind: 'command', command: `${LIGHTMEM.join(' ')} run {folder} --threads {threads}` } as const;

  it('has the rows of one that is carried out here, bit for bit', async () => {
    const [here, there] = [join(scratch, 'here'), join(scratch, 'there it’s')];
    await carryOut(here, { kind: 'inline', threads: 1 });
    const { carriedOut, failed } = await carryOut(there, { ...command, slots: 2 });
    expect({ carriedOut, failed }).toEqual({ carriedOut: 2, failed: 0 });
    expect(rowsOf(there)).toEqual(rowsOf(here));
  });

  it('says of a run that cannot start why not', async () => {
    const { failed, events } = await carryOut(join(scratch, 'nowhere'), {
      ...command,
      command: 'cd /nowhere && run {folder}',
      ...{ retries: 0, slots: 2 },
    });
    expect(failed).toBe(2);
    const messages = events.flatMap((event) => (event.type === 'failed' ? [event.message] : []));
    expect(messages[0]).toContain('/nowhere');
  });
});
