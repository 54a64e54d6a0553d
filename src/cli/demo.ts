/** `lightmem demo`: the whole chain on the bundled world and model: 24 adapters trained, asked, compared, reported. */
import type { Command } from 'commander';
import { studyConfig } from '../study/config-file.js';
import { demoStudy } from '../study/presets.js';
import { parseCount } from './data-options.js';
import { carryOut } from './study-run.js';

interface Options {
  readonly out: string;
  readonly workers?: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('demo')
    .description('a small study on a bundled synthetic world with a bundled model, in a few minutes on the CPU')
    .option('--out <folder>', 'where runs and report go', 'lightmem-demo')
    .option('--workers <n>', 'processes side by side; default 2')
    .option('--json', 'one JSON document on standard output, no progress')
    .action(run);
}

async function run({ out, workers, json }: Options): Promise<void> {
  const demo = demoStudy();
  const executor = { ...demo.executor, ...(workers !== undefined && { workers: parseCount('workers', workers) }) };
  const isUsual = out === 'lightmem-demo';
  await carryOut(studyConfig({ ...demo, executor, out }, 'the demo'), {
    command: isUsual ? 'lightmem demo' : `lightmem demo --out ${JSON.stringify(out)}`,
    json: json === true,
  });
}
