/** The study that a command line asks for: a file or a name, with the settings that stand beside it. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { parseDevice } from '../../engine/devices.js';
import { changeFrom, modelFrom } from '../../study/config-file.js';
import type { StudyConfig } from '../../study/config.js';
import { namedStudy, presetNames } from '../../study/presets.js';
import { parseCount } from '../data-options.js';
import { addDeviceOption } from '../device.js';
import { MODEL_HELP } from '../open-model.js';
import { quoted } from '../quoted.js';

export interface AskedOptions {
  readonly model?: string;
  readonly data?: readonly string[];
  readonly out?: string;
  readonly workers?: string;
  readonly device?: string;
  readonly set?: readonly string[];
}

/** Adds the argument and the options that say which study it is. */
export function addAskedOptions(command: Command): Command {
  command
    .argument('<study>', `a study file, or one of ${presetNames().join(', ')}`)
    .option('--model <path>', `${MODEL_HELP}, in place of the one in the file`)
    .option('--data <path...>', 'file of the data set; with several, NAME=PATH')
    .option('--out <folder>', 'where runs and report go; default: the one in the file, or lightmem-study')
    .option('--workers <n>', 'processes side by side')
    .option('--set <key=value...>', 'other settings than in the file: engine=peft train.quantisation=nf4');
  return addDeviceOption(command, 'the one in the file, or cpu');
}

/** The study's settings with those of the command line in their place. Throws UserError where either cannot be used. */
export function askedStudy(file: string, { model, data, out, workers, device, set }: AskedOptions): StudyConfig {
  const config = namedStudy(file, set?.map(changeFrom));
  return {
    ...config,
    ...(model !== undefined && { model: modelFrom('.', model) }),
    ...(out !== undefined && { out }),
    ...(device !== undefined && { device: parseDevice(device) }),
    datasets: withFiles(config.datasets, data ?? []),
    executor: withWorkers(config.executor, workers),
  };
}

/** Processes side by side as the command line asks; throws UserError where the executor has no such number. */
function withWorkers(executor: StudyConfig['executor'], workers: string | undefined): StudyConfig['executor'] {
  if (workers === undefined) return executor;
  if (executor.kind !== 'pool')
    throw new UserError(
      `--workers ${workers}: the study's executor is ${executor.kind}, which has none: use kind: pool`,
    );
  return { ...executor, workers: parseCount('workers', workers) };
}

/** `PATH` for the one data set that takes a file, `NAME=PATH` for any. */
function withFiles(datasets: StudyConfig['datasets'], given: readonly string[]): StudyConfig['datasets'] {
  const files = Object.keys(datasets).filter((name) => datasets[name]?.world === undefined);
  const changed = given.map((text) => {
    const at = text.indexOf('=');
    const name = at > 0 ? text.slice(0, at) : undefined;
    if (name !== undefined && files.includes(name))
      return [name, { ...datasets[name], file: resolve(text.slice(at + 1)) }];
    const [only] = files;
    if (files.length === 1 && only !== undefined) return [only, { ...datasets[only], file: resolve(text) }];
    throw new UserError(
      files.length === 0
        ? `--data "${text}": no data set of this study takes a file`
        : `--data "${text}": say which data set it is: ${files.map((each) => `${each}=PATH`).join(', ')}`,
    );
  });
  return { ...datasets, ...(Object.fromEntries(changed) as StudyConfig['datasets']) };
}

/** The command line as the user would type it again. */
export function commandLine(file: string, { model, data, out, workers, device, set }: AskedOptions): string {
  const options = [
    ...(model === undefined ? [] : ['--model', model]),
    ...(data === undefined ? [] : ['--data', ...data]),
    ...(out === undefined ? [] : ['--out', out]),
    ...(workers === undefined ? [] : ['--workers', workers]),
    ...(device === undefined ? [] : ['--device', device]),
    ...(set === undefined ? [] : ['--set', ...set]),
  ];
  return ['lightmem study run', ...[file, ...options].map(quoted)].join(' ');
}
