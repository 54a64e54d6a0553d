/** `lightmem study plan`: what a study will take, and what of it is there, before anything starts. */
import type { Command } from 'commander';
import { carryOut } from '../study-run.js';
import { addAskedOptions, askedStudy, commandLine, type AskedOptions } from './asked-study.js';

/** Adds the command. */
export function register(study: Command): void {
  addAskedOptions(study.command('plan')).option('--json', 'one JSON document on standard output').action(plan);
}

async function plan(file: string, options: AskedOptions & { readonly json?: boolean }): Promise<void> {
  const command = commandLine(file, options);
  await carryOut(askedStudy(file, options), { command, json: options.json === true, dryRun: true });
}
