/** `lightmem study logs`: what runs left to read: losses, warnings, the error of one that failed. */
import type { Command } from 'commander';
import type { RunError } from '../../study/study-records.js';
import { runLog, type RunLog } from '../../study/run-log.js';
import { readStudyRecord } from '../../study/study-record.js';
import { visibleLine, visibleText } from '../../text/visible.js';
import { parseCount } from '../data-options.js';
import { colors } from '../terminal.js';
import { runsNamed } from './named-runs.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('logs')
    .argument('<folder>', "the study's folder")
    .argument('[run]', "the runs' names begin so; default: all")
    .option('--lines <n>', 'steps shown of each training, the last ones', '10')
    .option('--stack', 'where in the program an error came up')
    .option('--json', 'one JSON document on standard output, every step in it')
    .action(logs);
}

interface LogsOptions {
  readonly lines: string;
  readonly stack?: boolean;
  readonly json?: boolean;
}

function logs(folder: string, run: string | undefined, { lines, stack, json }: LogsOptions): void {
  const shown = parseCount('lines', lines);
  const { runs } = readStudyRecord(folder);
  const asked = run === undefined ? runs : runsNamed(folder, runs, run);
  const read = asked.map((name) => runLog(folder, name));
  if (json === true) {
    process.stdout.write(`${JSON.stringify(read)}\n`);
    return;
  }
  process.stdout.write(`${read.flatMap((log) => logLines(log, shown, stack === true)).join('\n')}\n`);
}

function logLines({ run, status, report, losses, warnings, error }: RunLog, shown: number, stack: boolean): string[] {
  const how = report === null ? status : `${status}: ${report.stage} ${Math.floor(100 * report.share)} %`;
  const left = losses.length - shown;
  return [
    `${colors.bold(visibleLine(run))}: ${how}`,
    ...(left > 0 ? [`  … ${left} earlier steps; --lines ${losses.length} or --json has them`] : []),
    ...losses.slice(-shown).map(stepText),
    ...warnings.map((warning) => `  ${colors.yellow('warning')}: ${indented(warning)}`),
    ...(error === null ? [] : [`  ${colors.red('error')} (${visibleLine(error.stage)}): ${errorText(error, stack)}`]),
  ];
}

function stepText({ step, epoch, loss, learningRate, heldOutLoss }: RunLog['losses'][number]): string {
  const heldOut = heldOutLoss === undefined ? '' : `, held out ${heldOutLoss.toFixed(4)}`;
  return `  step ${step}, epoch ${epoch}: loss ${loss.toFixed(4)}${heldOut}, learning rate ${learningRate.toPrecision(3)}`;
}

function errorText({ name, message, stack }: RunError, withStack: boolean): string {
  return indented(withStack && stack !== null ? stack : name === 'UserError' ? message : `${name}: ${message}`);
}

function indented(text: string): string {
  return visibleText(text).replaceAll('\n', '\n    ');
}
