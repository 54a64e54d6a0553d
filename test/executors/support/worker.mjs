// A worker for the executors' suite: does what the job.json of its folder says, and leaves a file when it is done.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../../dist/core/errors.js';
import { serve } from '../../../dist/executors/serve.js';

serve(async ({ folder }, report, signal) => {
  const { act, ms = 0 } = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8'));
  const started = Date.now();
  report({ act, pid: process.pid });
  if (act === 'fail') throw new RangeError('the work is too wide');
  if (act === 'mistake') throw new UserError('the text is missing: give one');
  if (act === 'exit') process.exit(3);
  if (act === 'kill') process.kill(process.pid, 'SIGKILL');
  if (act === 'deaf') for (;;) await wait(1_000);
  if (act === 'wait') await wait(ms, undefined, { signal });
  writeFileSync(join(folder, 'done.json'), JSON.stringify({ pid: process.pid, started, ended: Date.now() }));
});
