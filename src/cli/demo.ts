/** `lightmem demo`: the whole chain on the bundled world and model: 37 adapters trained, asked, compared, reported. */
import type { Command } from 'commander';
import { parseDevice } from '../engine/devices.js';
import { presetStudy } from '../study/presets.js';
import { parseCount } from './data-options.js';
import { addDeviceOption } from './device.js';
import { quoted } from './quoted.js';
import { carryOut } from './study-run.js';

interface Options {
  readonly out: string;
  readonly workers?: string;
  readonly device?: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  const command = program
    .command('demo')
    .option('--out <folder>', 'where runs and report go', 'lightmem-demo')
    .option('--workers <n>', 'processes side by side; default 2')
    .option('--json', 'one JSON document on standard output, no progress')
    .action(run);
  addDeviceOption(command);
}

async function run({ out, workers, device, json }: Options): Promise<void> {
  const demo = presetStudy('demo');
  const executor = {
    kind: 'pool' as const,
    threads: 1,
    workers: 2,
    ...(workers !== undefined && { workers: parseCount('workers', workers) }),
  };
  const settings = { ...demo, executor, out, ...(device !== undefined && { device: parseDevice(device) }) };
  const words = [
    'lightmem demo',
    ...(out === 'lightmem-demo' ? [] : ['--out', quoted(out)]),
    ...(device === undefined ? [] : ['--device', device]),
  ];
  await carryOut(settings, {
    command: words.join(' '),
    json: json === true,
  });
}
