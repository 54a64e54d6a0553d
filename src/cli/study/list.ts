/** `lightmem study list`: the runs of a study and how they stand. */
import type { Command } from 'commander';
import { runName } from '../../study/identity.js';
import { readRows, type StoredRun } from '../../study/run-store.js';
import { runSummary } from '../../study/run-summary.js';
import { readStudy } from '../../study/stored-study.js';
import { terminalTable, type TerminalColumn } from '../../text/terminal-table.js';
import { visibleText } from '../../text/visible.js';
import { terminalWidth } from '../terminal.js';
import { answersText, scoresOf, statusText, timeText, type RunScores } from './run-words.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('list')
    .argument('[folder]', "the study's folder", 'lightmem-study')
    .option('--json', 'one JSON document on standard output')
    .action(list);
}

interface RunLine {
  readonly run: StoredRun;
  readonly scores: RunScores;
}

function list(folder: string, { json }: { json?: boolean }): void {
  const { runs } = readStudy(folder);
  if (json === true) {
    process.stdout.write(
      `${JSON.stringify(runs.map((each) => ({ ...runSummary(each), ...scoresOf(readRows(each)) })))}\n`,
    );
    return;
  }
  process.stdout.write(`${terminalTable(COLUMNS, runs.map(lineOf), terminalWidth())}\n`);
}

function lineOf(run: StoredRun): RunLine {
  return { run, scores: scoresOf(readRows(run)) };
}

const COLUMNS: readonly TerminalColumn<RunLine>[] = [
  { name: 'run', value: ({ run }) => visibleText(runName(run.spec.identity)) },
  { name: 'status', value: ({ run }) => statusText(run) },
  { name: 'time', align: 'right', spare: 2, value: ({ run }) => timeText(run) },
  { name: 'answers', align: 'right', spare: 1, value: ({ scores: own }) => answersText(own) },
  {
    name: 'mean score',
    align: 'right',
    value: ({ scores: { meanScore } }) => meanScore?.toFixed(2) ?? '',
  },
  {
    name: 'correct',
    align: 'right',
    value: ({ scores: { correct } }) => (correct === null ? '' : `${(100 * correct).toFixed(1)} %`),
  },
];
