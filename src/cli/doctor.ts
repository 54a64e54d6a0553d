/** `lightmem doctor`: what this machine can do, and the step that mends what it lacks. */
import type { Command } from 'commander';
import { examine } from '../doctor/examine.js';
import { CHECKS, type Finding } from '../doctor/finding.js';
import { examinationText } from './doctor-text.js';
import { Progress } from './progress.js';

interface Options {
  readonly folder: string;
  readonly endpoint?: string;
  readonly online?: boolean;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('doctor')
    .option('--folder <path>', 'the folder that studies are to be kept in', '.')
    .option('--endpoint <url>', 'ask this endpoint for its models, with the key that is set for it')
    .option('--online', 'ask the hub whether it can be reached; without it, nothing leaves this machine')
    .option('--json', 'one JSON document on standard output (docs/doctor.md)')
    .addHelpText('after', HELP)
    .action(run);
}

const HELP = `
Exit code 0 where training on this machine works, 1 where it does not. LIGHTMEM_PYTHON names another interpreter.
Keys are never shown: it is told which variables are set.`;

async function run({ json = false, ...options }: Options): Promise<void> {
  const isShown = !json && process.stderr.isTTY;
  const progress = new Progress({ label: 'looking', total: CHECKS.length, unit: 'checks', silent: !isShown });
  let done = 0;
  const onFinding = ({ check }: Finding): void => progress.update(++done, check);
  const examination = await examine({ ...options, onFinding });
  progress.end();
  process.stdout.write(json ? `${JSON.stringify(examination)}\n` : examinationText(examination));
  process.exitCode = examination.works ? 0 : 1;
}
