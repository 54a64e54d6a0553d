/** The worker of a study: carries out run folders for an executor, each under its lock, and leaves why where one fails. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.js';
import { serve } from '../executors/serve.js';
import { jsonText } from '../files/json-file.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import { redactor } from '../core/redact.js';
import { lockFolder } from '../files/folder-lock.js';
import { runFolder, type RunStage } from './run.js';
import { RUN_FILES } from './run-store.js';

/** How long to wait for a worker of a killed parent to notice that it is alone. */
const PATIENCE_MS = 30_000;

const KEYS = ['LIGHTMEM_API_KEY', 'OPENAI_API_KEY', 'DASHSCOPE_API_KEY'];

serve(async (folder, report, signal) => {
  const lock = await lockFolder(folder, { patienceMs: PATIENCE_MS });
  removeLeftovers(folder);
  let stage: RunStage = 'loading';
  try {
    await runFolder(folder, {
      signal,
      onReport: (each) => {
        stage = each.stage;
        report({ ...each });
      },
    });
    rmSync(join(folder, RUN_FILES.error), { force: true });
  } catch (error) {
    if (!signal.aborted) leaveError(folder, error, stage);
    throw error;
  } finally {
    lock.release();
  }
});

function leaveError(folder: string, error: unknown, stage: RunStage): void {
  const redact = redactor(KEYS.map((name) => process.env[name]));
  const record = {
    name: error instanceof Error ? error.name : 'Error',
    message: redact(messageOf(error)),
    stage,
    stack: error instanceof Error ? redact(error.stack ?? '') : null,
  };
  writeWhole(join(folder, RUN_FILES.error), jsonText(record));
}
