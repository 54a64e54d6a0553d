#!/usr/bin/env node
/** What `lightmem` starts: looks at Node's version before anything is loaded that an old one cannot read. */

/** The oldest Node that lightmem runs on, as package.json says it. */
const FLOOR = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])) await import('./main.js');
else {
  process.stderr.write(
    `error: lightmem needs Node ${FLOOR.join('.')} or newer, and this is ${process.versions.node}\n`,
  );
  process.exitCode = 2;
}
