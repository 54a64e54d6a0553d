import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, longest first: begun last, one of them would keep a single processor busy when all others are done. */
const LONGEST = `
  train/smollm2 study/survival serving/served-adapter engine/webgpu executors/slurm-real cli/main cli/fit files/folder-lock
  study/slurm-study study/text-book study/tracking cli/fit-endpoint study/judging study/runner study/served-study executors/slurm
  package compress/compress train/padding study/scale study/stages
  cli/init study/damaged compress/command analysis/error-rates train/quantised
`
  .trim()
  .split(/\s+/);

/** Files whose subjects keep nothing between calls and that change nothing of their process: each is spared loading lightmem anew. */
const SHARING = [
  'analysis',
  'audit',
  'compiler',
  'core',
  'data',
  'evaluate',
  'generate',
  'llm',
  'models',
  'report',
  'text',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
      return at >= 0 ? at : LONGEST.length + Number(!project.config.isolate);
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

const sharing = SHARING.map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // One more than there are processors, for some tests wait for servers, locks and clocks; each takes some hundred megabytes.
    maxWorkers: Math.min(availableParallelism() + 1, 8),
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: sharing } },
      { extends: true, test: { name: 'sharing', include: sharing, isolate: false } },
    ],
  },
});
