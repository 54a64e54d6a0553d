/** `lightmem study status`: how a study stands, from any terminal and without a word to the processes that carry it out. */
import type { Command } from 'commander';
import type { ActiveRun, StudyStatus } from '../../study/study-status.js';
import { studyStatus } from '../../study/study-status.js';
import { durationText } from '../../text/duration.js';
import { visibleLine, visibleText } from '../../text/visible.js';
import { quoted } from '../quoted.js';
import { colors } from '../terminal.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('status')
    .argument('[folder]', "the study's folder", 'lightmem-study')
    .option('--json', 'one JSON document on standard output')
    .action(status);
}

function status(folder: string, { json }: { json?: boolean }): void {
  const standing = studyStatus(folder);
  process.stdout.write(json === true ? `${JSON.stringify(standing)}\n` : `${statusLines(standing).join('\n')}\n`);
}

function statusLines(standing: StudyStatus): string[] {
  const { name, runs, done, failed, running, waiting, unscored } = standing;
  const counts = [
    `${done} of ${runs} runs done${unscored === 0 ? '' : ` (${unscored} with unscored answers)`}`,
    ...(failed === 0 ? [] : [colors.red(`${failed} failed`)]),
    ...(running === 0 ? [] : [`${running} running`]),
    ...(waiting === 0 ? [] : [`${waiting} waiting`]),
  ];
  return [
    `${colors.bold(visibleLine(name))}: ${counts.join(', ')}`,
    ...workerLines(standing),
    ...standing.active.map(activeLine),
    ...failureLines(standing),
    ...standing.damaged.map(({ run, damage }) => visibleText(`damaged: ${run}: ${damage}`)),
    ...estimateLines(standing),
    ...nextLines(standing),
  ];
}

/** Who works on it, how fast, and how long that takes. */
function workerLines({ worker, share, secondsLeft, runsPerHour, running, waiting }: StudyStatus): string[] {
  if (running + waiting === 0) return [];
  const parts = [
    ...(share === null ? [] : [`${Math.floor(100 * share)} % of the work done`]),
    ...(runsPerHour === null ? [] : [rateText(runsPerHour)]),
    ...(secondsLeft === null ? [] : [`about ${durationText(secondsLeft)} left`]),
  ];
  const who =
    worker === null
      ? []
      : [visibleLine(`carried out by process ${worker.pid} on ${worker.host} since ${worker.since}`)];
  if (worker === null && running === 0) who.push('nobody works on it now');
  return [...who, ...(parts.length === 0 ? [] : [parts.join(', ')])];
}

/** `31 runs an hour`, `2.4 runs a minute`. */
function rateText(runsPerHour: number): string {
  if (runsPerHour >= 120) return `${(runsPerHour / 60).toFixed(1)} runs a minute`;
  return `${runsPerHour.toFixed(runsPerHour < 10 ? 1 : 0)} runs an hour`;
}

function activeLine({ run, report, secondsLeft }: ActiveRun): string {
  const parts = [
    ...(report === null ? [] : [`${report.stage} ${Math.floor(100 * report.share)} %`]),
    ...(report?.loss === undefined ? [] : [`loss ${report.loss.toFixed(2)}`]),
    ...(report?.heldOutLoss === undefined ? [] : [`held out ${report.heldOutLoss.toFixed(2)}`]),
    ...(secondsLeft === null ? [] : [`about ${durationText(secondsLeft)} left`]),
  ];
  return visibleLine(`running: ${[run, ...parts].join(', ')}`);
}

function failureLines({ failures }: StudyStatus): string[] {
  return failures.map(
    ({ run, stage, message }) => `${colors.red('failed')}: ${visibleText(`${run}, ${stage}: ${message}`)}`,
  );
}

function estimateLines({ estimate }: StudyStatus): string[] {
  if (estimate === null) return [];
  const { foreseenSeconds, tookSeconds } = estimate;
  return [
    `runs that are done took ${durationText(tookSeconds)} of work; ${durationText(foreseenSeconds)} were foreseen`,
  ];
}

/** What to do: about failures, and where nobody works on what is left. */
function nextLines({ folder, command, worker, failed, waiting, unscored, damaged }: StudyStatus): string[] {
  if (worker !== null || failed + waiting + unscored + damaged.length === 0) return [];
  const logs =
    failed > 0
      ? [visibleText(`more about what failed: lightmem study logs ${quoted(folder)}; mend it, then go on`)]
      : [];
  return [...logs, visibleText(`to go on: ${command}`)];
}
