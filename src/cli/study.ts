/** `lightmem study`: carries out a grid of runs from a study file, and shows what a study's folder holds. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import type { Row } from '../core/records.js';
import { parseDevice } from '../engine/devices.js';
import type { StudyConfig } from '../study/config.js';
import { modelFrom } from '../study/config-file.js';
import { namedStudy, presetNames } from '../study/presets.js';
import { formsText } from '../study/form-set-text.js';
import { runName } from '../study/identity.js';
import { studyJsonSchema } from '../study/json-schema.js';
import { studyReference } from '../study/reference.js';
import { runFolderName } from '../study/run-spec.js';
import { readRows, type StoredRun } from '../study/run-store.js';
import { readStudy } from '../study/study-folder.js';
import { parseCount } from './data-options.js';
import { quoted } from './quoted.js';
import { addDeviceOption } from './device.js';
import { MODEL_HELP } from './open-model.js';
import { durationText } from '../text/duration.js';
import { runSummary } from '../study/run-summary.js';
import { registerJudge } from './study-judge.js';
import { carryOut } from './study-run.js';
import { terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { visibleText } from '../text/visible.js';
import { terminalWidth } from './terminal.js';

interface RunOptions {
  readonly model?: string;
  readonly data?: readonly string[];
  readonly out?: string;
  readonly workers?: string;
  readonly device?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds the command and its parts. */
export function register(program: Command): void {
  const study = program.command('study');
  const runCommand = study
    .command('run')
    .description('carry out a study file; what is finished already is reused')
    .argument('<study>', `a study file, or one of ${presetNames().join(', ')}`)
    .option('--model <path>', `${MODEL_HELP}, in place of the one in the file`)
    .option('--data <path...>', 'file of the data set; with several, NAME=PATH')
    .option('--out <folder>', 'where runs and report go; default: the one in the file, or lightmem-study')
    .option('--workers <n>', 'processes side by side')
    .option('--yes', 'do not ask before large spends')
    .option('--dry-run', 'show the runs and their cost, and do nothing')
    .option('--json', 'one JSON document on standard output, no progress')
    .action(run);
  addDeviceOption(runCommand, 'the one in the file, or cpu');
  registerJudge(study);
  study
    .command('list')
    .description('the runs of a study and how they stand')
    .argument('[folder]', "the study's folder", 'lightmem-study')
    .option('--json', 'one JSON document on standard output')
    .action(list);
  study
    .command('show')
    .description('one run: settings, outcome, some answers')
    .argument('<folder>', "the study's folder")
    .argument('<run>', "the run's name, or enough of it")
    .option('--answers <n>', 'answers shown', '5')
    .option('--json', 'one JSON document on standard output, the settings that make the run with it')
    .action(show);
  study
    .command('schema')
    .description('every key of a study file, as JSON Schema for editors')
    .option('--markdown', 'as tables, with what each key is, accepts and has as its default')
    .action(schema);
}

function schema({ markdown }: { markdown?: boolean }): void {
  process.stdout.write(markdown === true ? studyReference() : `${JSON.stringify(studyJsonSchema(), null, 2)}\n`);
}

async function run(file: string, options: RunOptions): Promise<void> {
  await carryOut(overridden(namedStudy(file), options), {
    command: commandLine(file, options),
    json: options.json === true,
    dryRun: options.dryRun === true,
    yes: options.yes === true,
  });
}

/** The file's settings with those of the command line in their place. */
function overridden(config: StudyConfig, { model, data, out, workers, device }: RunOptions): StudyConfig {
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

function commandLine(file: string, { model, data, out, workers, device }: RunOptions): string {
  const options = [
    ...(model === undefined ? [] : ['--model', model]),
    ...(data === undefined ? [] : ['--data', ...data]),
    ...(out === undefined ? [] : ['--out', out]),
    ...(workers === undefined ? [] : ['--workers', workers]),
    ...(device === undefined ? [] : ['--device', device]),
  ];
  return ['lightmem study run', ...[file, ...options].map(quoted)].join(' ');
}

function list(folder: string, { json }: { json?: boolean }): void {
  const { runs } = readStudy(folder);
  if (json === true) {
    process.stdout.write(
      `${JSON.stringify(runs.map((each) => ({ ...runSummary(each), ...scores(readRows(each)) })))}\n`,
    );
    return;
  }
  process.stdout.write(`${terminalTable(COLUMNS, runs.map(lineOf), terminalWidth())}\n`);
}

interface RunLine {
  readonly run: StoredRun;
  readonly scores: ReturnType<typeof scores>;
}

function lineOf(run: StoredRun): RunLine {
  return { run, scores: scores(readRows(run)) };
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

function answersText({ answers, unscored }: RunLine['scores']): string {
  if (answers === 0) return '';
  return unscored === 0 ? String(answers) : `${answers} (${unscored} unscored)`;
}

/** How it stands; of one under way, what it does and how much of that is done. */
function statusText(run: StoredRun): string {
  if (run.status !== 'running' || run.report === null) return run.status;
  return `running: ${run.report.stage} ${Math.floor(100 * run.report.share)} %`;
}

function timeText(run: StoredRun): string {
  const { seconds } = runSummary(run);
  return seconds === null ? '' : durationText(seconds);
}

/** Means over what was scored; null where nothing was. */
function scores(rows: readonly Row[]) {
  const scored = rows.filter(({ status }) => status === 'scored');
  const mean = (value: (row: Row) => number): number | null =>
    scored.length === 0 ? null : scored.reduce((sum, row) => sum + value(row), 0) / scored.length;
  return {
    answers: rows.length,
    unscored: rows.length - scored.length,
    meanScore: mean(({ score }) => score ?? 0),
    correct: mean(({ correct }) => Number(correct)),
  };
}

function show(folder: string, name: string, { answers, json }: { answers: string; json?: boolean }): void {
  const shown = parseCount('answers', answers);
  const run = runNamed(folder, name);
  const rows = readRows(run).slice(0, shown);
  const summary = runSummary(run);
  if (json === true)
    process.stdout.write(`${JSON.stringify({ ...summary, identity: run.spec.identity, answers: rows })}\n`);
  else process.stdout.write(`${[...summaryLines(run), ...rows.map(answerText)].join('\n')}\n`);
}

function runNamed(folder: string, name: string): StoredRun {
  const { runs } = readStudy(folder);
  const found = runs.filter(({ spec }) => runFolderName(spec).startsWith(name));
  const [run] = found;
  if (run === undefined)
    throw new UserError(`no run "${name}" in ${folder}: lightmem study list ${folder} --json names them all as "id"`);
  if (found.length > 1)
    throw new UserError(`"${name}" is not one run: ${found.map(({ spec }) => runFolderName(spec)).join(', ')}`);
  return run;
}

function summaryLines(run: StoredRun): string[] {
  const { error, parameters, steps, firstLoss, lastLoss, heldOut, adapterPath } = runSummary(run);
  const own = scores(readRows(run));
  const { forms } = run.spec.place;
  const facts: [string, string | null][] = [
    ['run', runName(run.spec.identity)],
    ['status', statusText(run)],
    ['error', error],
    ['time', timeText(run) || null],
    ['samples', forms === undefined ? null : formsText(forms)],
    ['parameters', parameters === null || parameters === 0 ? null : String(parameters)],
    ['training', steps === null ? null : `${steps} steps, loss ${firstLoss?.toFixed(3)} to ${lastLoss?.toFixed(3)}`],
    [
      'held out',
      heldOut === undefined
        ? null
        : `best loss ${heldOut.bestLoss.toFixed(3)} at step ${heldOut.bestStep}${heldOut.stoppedEarly ? ', stopped early' : ''}`,
    ],
    ['answers', own.answers === 0 ? null : `${answersText(own)}${meansText(own)}`],
    ['adapter', adapterPath],
    ['folder', run.folder],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(11)}${visibleText(value)}`]));
}

function meansText({ meanScore, correct }: RunLine['scores']): string {
  if (meanScore === null || correct === null) return '';
  return `, mean score ${meanScore.toFixed(2)}, ${(100 * correct).toFixed(1)} % correct`;
}

function answerText({ prompt, reference, answer, score, reason }: Row): string {
  return visibleText(
    `\n${prompt}\n  reference: ${reference}\n  answer:    ${answer}\n  score:     ${score ?? 'unscored'} (${reason})`,
  );
}
