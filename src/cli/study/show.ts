/** `lightmem study show`: one run: settings, outcome, some answers. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Row } from '../../core/records.js';
import { formsText } from '../../study/form-set-text.js';
import { runName } from '../../study/identity.js';
import { STUDY_FILES } from '../../study/layout.js';
import { readRows, readRun, type StoredRun } from '../../study/run-store.js';
import { runSummary } from '../../study/run-summary.js';
import { runFolderName } from '../../study/run-spec.js';
import { comparedSeconds } from '../../study/run-seconds.js';
import { readStudyRecord, type StudyRecord } from '../../study/study-record.js';
import { bytesText } from '../../text/bytes.js';
import { durationText } from '../../text/duration.js';
import { visibleText } from '../../text/visible.js';
import { parseCount } from '../data-options.js';
import { runNamed } from './named-runs.js';
import { answersText, scoresOf, statusText, timeText, type RunScores } from './run-words.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('show')
    .argument('<folder>', "the study's folder")
    .argument('<run>', "the run's name, or enough of it")
    .option('--answers <n>', 'answers shown', '5')
    .option('--json', 'one JSON document on standard output, the settings that make the run with it')
    .action(show);
}

function show(folder: string, name: string, { answers, json }: { answers: string; json?: boolean }): void {
  const shown = parseCount('answers', answers);
  const record = readStudyRecord(folder);
  const run = readRun(join(folder, STUDY_FILES.runs, runNamed(folder, record.runs, name)));
  const rows = readRows(run).slice(0, shown);
  const summary = runSummary(run);
  const estimate = estimateOf(record, run);
  if (json === true)
    process.stdout.write(`${JSON.stringify({ ...summary, estimate, identity: run.spec.identity, answers: rows })}\n`);
  else process.stdout.write(`${[...summaryLines(run, estimate), ...rows.map(answerText)].join('\n')}\n`);
}

/** What was foreseen of a run that is done beside what it took; null where that is not known. */
function estimateOf({ estimates }: StudyRecord, run: StoredRun) {
  const estimate = estimates?.runs[runFolderName(run.spec)];
  if (estimate === undefined || run.status !== 'done') return null;
  const tookBytes = run.training?.result.peakMemoryBytes ?? null;
  return { ...comparedSeconds(run.result, estimate), foreseenBytes: estimate.memoryBytes, tookBytes };
}

function estimateText(estimate: ReturnType<typeof estimateOf>): string | null {
  if (estimate === null) return null;
  const { foreseenSeconds, tookSeconds, foreseenBytes, tookBytes } = estimate;
  const memory = tookBytes === null ? '' : `; ${bytesText(tookBytes)} of memory, ${bytesText(foreseenBytes)} foreseen`;
  return `${durationText(tookSeconds)} of its own work, ${durationText(foreseenSeconds)} foreseen${memory}`;
}

function summaryLines(run: StoredRun, estimate: ReturnType<typeof estimateOf>): string[] {
  const { error, parameters, steps, firstLoss, lastLoss, heldOut, adapterPath } = runSummary(run);
  const own = scoresOf(readRows(run));
  const { forms } = run.spec.place;
  const facts: [string, string | null][] = [
    ['run', runName(run.spec.identity)],
    ['status', statusText(run)],
    ['error', error],
    ['time', timeText(run) || null],
    ['estimate', estimateText(estimate)],
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

function meansText({ meanScore, correct }: RunScores): string {
  if (meanScore === null || correct === null) return '';
  return `, mean score ${meanScore.toFixed(2)}, ${(100 * correct).toFixed(1)} % correct`;
}

function answerText({ prompt, reference, answer, score, reason }: Row): string {
  return visibleText(
    `\n${prompt}\n  reference: ${reference}\n  answer:    ${answer}\n  score:     ${score ?? 'unscored'} (${reason})`,
  );
}
