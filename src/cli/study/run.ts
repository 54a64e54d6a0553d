/** `lightmem study run`: carries out a study file, or a study by its name. */
import type { Command } from 'commander';
import type { Language } from '../../words/language.js';
import { languageOption } from '../reading-options.js';
import { carryOut } from '../study-run.js';
import { addAskedOptions, askedStudy, commandLine, type AskedOptions } from './asked-study.js';

interface RunOptions extends AskedOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly lang?: Language;
}

/** Adds the command. */
export function register(study: Command): void {
  addAskedOptions(study.command('run'))
    .option('--yes', 'do not ask before large spends')
    .option('--dry-run', 'show the runs and their cost, and do nothing: as study plan does')
    .addOption(languageOption())
    .option('--json', 'one JSON document on standard output, no progress')
    .action(run);
}

async function run(file: string, options: RunOptions): Promise<void> {
  await carryOut(askedStudy(file, options), {
    command: commandLine(file, options),
    json: options.json === true,
    dryRun: options.dryRun === true,
    yes: options.yes === true,
    ...(options.lang !== undefined && { language: options.lang }),
  });
}
