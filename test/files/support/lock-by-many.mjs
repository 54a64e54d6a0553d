// Takes a folder's lock in turn from several processes and says how many held it at once, at most.
import { fork } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
const [folder, isOne] = process.argv.slice(2);
const { lockFolder } = await import(new URL('../../../dist/files/folder-lock.js', import.meta.url).href);

if (isOne !== undefined) {
  for (let turn = 0; turn < 10; turn++) {
    const lock = await lockFolder(folder, { patienceMs: Infinity });
    mkdirSync(join(folder, 'held')); // fails where another holds the lock
    rmdirSync(join(folder, 'held'));
    process.send('had');
    lock.release();
  }
  process.exit(0);
}

let [had, failed] = [0, 0];
const ends = Array.from({ length: 4 }, () => {
  const child = fork(fileURLToPath(import.meta.url), [folder, 'one']);
  child.on('message', () => had++);
  return new Promise((resolve) => child.on('exit', (code) => resolve((failed += code === 0 ? 0 : 1))));
});
await Promise.all(ends);
process.stdout.write(JSON.stringify({ had, failed, left: readdirSync(folder) }));
