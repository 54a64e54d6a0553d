/** How long `analyse` takes on studies of 500 items with ten questions each: 36 runs, and 44 runs at 13 ranks. */
import { analyse } from '../src/analysis/analyse.js';
import { knownStudy } from './support/null-study.js';

const STUDIES = {
  '36 runs': { seeds: 5, ranks: [] },
  '44 runs, 13 ranks': { seeds: 1, ranks: [1, 2, 3, 4, 5, 6, 10, 12, 16, 24, 32, 64] },
};
/** The first run of each is not counted: it compiles. */
const RUNS = 6;

for (const [name, study] of Object.entries(STUDIES)) {
  const rows = knownStudy({ items: 500, noise: 0.02, generator: 1, ...study });
  const runs = new Set(rows.map(({ run }) => run)).size;
  const times = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage().user;
    const start = performance.now();
    analyse(rows);
    return [(performance.now() - start) / 1000, (process.cpuUsage().user - before) / 1e6].map((t) => t.toFixed(2));
  });
  process.stdout.write(
    `${name} (${runs}, ${rows.length} rows): ${times.map((t) => t.join('/')).join(' ')} s wall/user\n`,
  );
}
