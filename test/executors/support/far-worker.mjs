// Work that is carried out far from its parent: does what the job.json of its folder says, and leaves files that say how far it is and how it ended.
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const folder = process.argv[2];
const { act, ms = 0 } = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8'));
const started = Date.now();

function leave(name, value) {
  writeFileSync(join(folder, `${name}.tmp`), JSON.stringify(value));
  renameSync(join(folder, `${name}.tmp`), join(folder, name));
}

const fail = (name, message) => {
  leave('failed.json', { name, message });
  process.exit(1);
};

appendFileSync(join(folder, 'tries'), `${['begun', ...process.argv.slice(3)].join(' ')}\n`);
leave('progress.json', { act });
const go = join(folder, 'go');
if (act === 'fail') fail('RangeError', 'the work is too wide');
if (act === 'mistake') fail('UserError', 'the text is missing: give one');
if (act === 'exit') process.exit(3);
if (act === 'kill') process.kill(process.pid, 'SIGKILL');
if (act === 'deaf') {
  process.on('SIGTERM', () => undefined);
  for (;;) await wait(1_000);
}
if (act === 'wait') await wait(ms);
// Ends when it is told to: a test that waits for nothing but what it caused.
if (act === 'gate') while (!existsSync(go)) await wait(20);
if (act === 'second' && readFileSync(join(folder, 'tries'), 'utf8').trim().split('\n').length < 2) process.exit(255);
leave('done.json', { pid: process.pid, started, ended: Date.now() });
