// Preloaded into every process of a study: what a disk or a person may do to it at one of its writes, and another clock.
//   FAULT_IN    which process: main, or worker
//   FAULT_AT    before which of its writes, counted from 1; 0 counts them into FAULT_COUNTS when it ends
//   CLOCK_JUMPS milliseconds by which the clock is ahead, another one each second
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const role = /worker\.js$/.test(process.argv[1] ?? '') ? 'worker' : 'main';
if (process.env.FAULT_IN === role) countWrites(Number(process.env.FAULT_AT));
if (process.env.CLOCK_JUMPS) jump(process.env.CLOCK_JUMPS.split(',').map(Number));

function countWrites(at) {
  let count = 0;
  const strike = (tear) => {
    if (++count !== at) return;
    tear?.();
    process.kill(process.pid, 'SIGKILL');
  };
  const torn = { writeSync: tearBytes, appendFileSync: tearText, appendFile: tearText };
  for (const [holder, names] of [
    [
      fs,
      [
        'writeSync',
        'appendFileSync',
        'renameSync',
        'linkSync',
        'fsyncSync',
        'mkdirSync',
        'rmSync',
        'truncateSync',
        'copyFileSync',
      ],
    ],
    [fs.promises, ['appendFile', 'copyFile', 'rename', 'writeFile']],
  ])
    for (const name of names) {
      const original = holder[name];
      holder[name] = (...given) => {
        strike(torn[name] && (() => torn[name](...given)));
        return original.call(holder, ...given);
      };
    }
  const { appendFileSync, writeSync } = { appendFileSync: fs.appendFileSync, writeSync: fs.writeSync };
  function tearBytes(file, bytes, offset, length) {
    if (typeof bytes !== 'string' && length > 1) writeSync(file, bytes, offset, length >> 1);
  }
  function tearText(path, text) {
    if (typeof text === 'string') appendFileSync(path, text.slice(0, text.length >> 1));
  }
  if (at === 0) process.on('exit', () => fs.writeFileSync(process.env.FAULT_COUNTS, String(count)));
  syncBuiltinESMExports();
}

function jump(offsets) {
  const now = Date.now;
  const started = performance.now();
  const ahead = () => offsets[Math.floor((performance.now() - started) / 1000) % offsets.length];
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) {
      if (given.length === 0) super(now() + ahead());
      else super(...given);
    }
    static now() {
      return now() + ahead();
    }
  };
}
