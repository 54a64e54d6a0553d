// Preloaded: lists every flush and rename of the process, in their order, with the names of the files, as lines on standard error.
const fs = require('node:fs');
const { basename } = require('node:path');
const { syncBuiltinESMExports } = require('node:module');
const names = new Map();
const plain = (path) => basename(String(path)).replace(/\.\d+-[0-9a-f]+\.tmp$/, ' being written');
const { openSync, fsyncSync, renameSync } = fs;
fs.openSync = (path, ...given) => {
  const file = openSync(path, ...given);
  names.set(file, plain(path));
  return file;
};
fs.fsyncSync = (file) => {
  fsyncSync(file);
  process.stderr.write(`flush ${names.get(file)}\n`);
};
fs.renameSync = (from, to) => {
  renameSync(from, to);
  process.stderr.write(`rename ${plain(from)} to ${plain(to)}\n`);
};
syncBuiltinESMExports();
