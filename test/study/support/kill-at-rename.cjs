// Preloaded: the process kills itself, as by kill -9, just before its n-th rename; everything written until then stays as it is.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
let left = Number(process.env.KILL_AT_RENAME);
const before =
  (rename) =>
  (...given) => {
    if (--left === 0) process.kill(process.pid, 'SIGKILL');
    return rename(...given);
  };
fs.renameSync = before(fs.renameSync);
fs.rename = before(fs.rename);
fs.promises.rename = before(fs.promises.rename);
syncBuiltinESMExports();
