// Preloaded: a file system that knows no links, as some that are mounted from elsewhere.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
fs.linkSync = (from) => {
  throw Object.assign(new Error(`EPERM: operation not permitted, link '${from}'`), { code: 'EPERM' });
};
syncBuiltinESMExports();
