/** All runs of the study, failed ones included: settings, training, result, adapter. */
import { groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import { valueOf, type Measure } from '../../analysis/measure.js';
import type { RunSummary } from '../../analysis/run-summary.js';
import { amount, counted, minus, shortLevel, whole } from '../../analysis/wording.js';
import type { Row } from '../../core/records.js';
import { mean } from '../../core/statistics.js';
import type { ReportFiles } from '../data.js';
import { fileLink, html, NOTHING, type Html } from '../html.js';
import { durationText } from '../../text/duration.js';
import { clipped } from '../../text/visible.js';
import { trainedAs } from '../names.js';
import { table, type Column } from './table.js';

export function runsSection(analysis: Analysis, files?: ReportFiles): Html {
  const { runs } = analysis;
  if (runs.length === 0) return NOTHING;
  return html`<section id="runs">
    <h2>Runs</h2>
    <p class="note">${countedRuns(runs)}. Means leave out abstention questions and unscored answers.</p>
    ${failures(runs)}
    ${table(columnsOf(analysis, files), entriesOf(analysis), { classOf: ({ run }) => run.status, noun: 'run' })}
  </section>`;
}

function countedRuns(runs: readonly RunSummary[]): string {
  const others = [...groupBy(runs, ({ status }) => status)].filter(([status]) => status !== 'done');
  return [counted(runs.length, 'run'), ...others.map(([status, group]) => `${whole(group.length)} ${status}`)].join(
    ', ',
  );
}

function failures(runs: readonly RunSummary[]): Html {
  const failed = runs.filter(({ error }) => error !== null);
  if (failed.length === 0) return NOTHING;
  return html`<ul class="failures">
    ${failed.map(({ id, error }) => html`<li><code>${clipped(id, 80)}</code>: ${clipped(error ?? '', 300)}</li> `)}
  </ul>`;
}

interface RunEntry {
  readonly run: RunSummary;
  readonly score: string;
  readonly correct: string;
  readonly n: number;
  readonly unscored: number;
}

function entriesOf({ runs, rows }: Analysis): RunEntry[] {
  const byRun = groupBy(rows, ({ run }) => run);
  return runs.map((run) => ({ run, ...resultOf(byRun.get(run.id) ?? []) }));
}

function resultOf(rows: readonly Row[]): Omit<RunEntry, 'run'> {
  const counted = rows.filter(({ abstention }) => !abstention);
  const values = (measure: Measure): number[] => counted.flatMap((row) => valueOf(row, measure) ?? []);
  return {
    score: amount(mean(values('score')), 'score'),
    correct: amount(mean(values('accuracy')), 'accuracy'),
    n: values('score').length,
    unscored: rows.filter(({ status }) => status === 'unscored').length,
  };
}

function columnsOf({ cells, runs }: Analysis, files?: ReportFiles): readonly Column<RunEntry>[] {
  const place = ({ dataset, level }: RunSummary): number =>
    cells.findIndex((cell) => cell.dataset === dataset && cell.level === level);
  return [
    { name: 'Data set', value: ({ run }) => run.dataset },
    { name: 'Book', value: ({ run }) => run.book, folds: true },
    ...(runs.some(isOfTextBook) ? [{ name: 'Trained as', value: ({ run }: RunEntry) => trainedAs(run) || '–' }] : []),
    { name: 'Level', value: ({ run }) => levelOf(run), order: ({ run }) => place(run) },
    {
      name: 'Rank',
      kind: 'number',
      value: ({ run }) => (run.rank === 0 ? 'base' : String(run.rank)),
      order: ({ run }) => run.rank,
    },
    {
      name: 'Scale',
      kind: 'number',
      folds: true,
      value: ({ run }) => scaleOf(run),
      hint: 'LoRA scale; alpha in brackets',
    },
    { name: 'Items', kind: 'number', value: ({ run }) => (run.rank === 0 ? '–' : whole(run.items)) },
    { name: 'Seed', kind: 'number', folds: true, value: ({ run }) => (run.rank === 0 ? '–' : String(run.seed)) },
    { name: 'Status', value: ({ run }) => run.status, folds: true },
    { name: 'Score', kind: 'number', value: ({ score }) => score, hint: 'mean score, 1 to 5' },
    { name: 'Correct', kind: 'number', value: ({ correct }) => correct },
    { name: 'Answers', kind: 'number', value: ({ n }) => whole(n) },
    { name: 'Unscored', kind: 'number', value: ({ unscored }) => whole(unscored), folds: true },
    { name: 'Steps', kind: 'number', value: ({ run }) => (run.steps === null ? '–' : whole(run.steps)) },
    {
      name: 'Loss, first → last',
      value: ({ run }) => lossOf(run),
      order: ({ run }) => run.lastLoss ?? NaN,
    },
    { name: 'Time', kind: 'number', value: ({ run }) => timeOf(run), order: ({ run }) => run.seconds ?? NaN },
    { name: 'Parameters', kind: 'number', value: ({ run }) => parametersOf(run) },
    { name: 'Files', kind: 'screen', value: ({ run }) => filesOf(run, files) },
  ];
}

const isOfTextBook = ({ form, control }: RunSummary): boolean => form !== undefined || control !== undefined;

function levelOf({ level }: RunSummary): string {
  return level === 'none' ? '–' : shortLevel(level);
}

function timeOf({ seconds }: RunSummary): string {
  return seconds === null ? '–' : durationText(seconds);
}

function parametersOf({ parameters, rank }: RunSummary): string {
  return parameters === null || rank === 0 ? '–' : whole(parameters);
}

function scaleOf({ rank, scale, alpha }: RunSummary): string {
  return rank === 0 ? '–' : `${Number(scale.toFixed(3))} (${Number(alpha.toFixed(3))})`;
}

function lossOf({ firstLoss, lastLoss, heldOut }: RunSummary): string {
  if (firstLoss === null) return '–';
  const trained = `${minus(firstLoss, 3)}\u00a0→\u00a0${minus(lastLoss, 3)}`;
  if (heldOut === undefined) return trained;
  const { bestLoss, bestStep, stoppedEarly } = heldOut;
  return `${trained}; held out ${minus(bestLoss, 3)} at step ${whole(bestStep)}${stoppedEarly ? ', stopped early' : ''}`;
}

/** Links to the run's folder and to its adapter; the bare names where the page knows of no folder. */
function filesOf({ id, adapterPath }: RunSummary, files?: ReportFiles): Html {
  const own = files?.runs.get(id);
  if (own === undefined) return html`<code>${clipped(id, 48)}</code>${adapterPath === null ? '' : ` ${adapterPath}`}`;
  const adapter = own.adapter === null ? NOTHING : html` · ${fileLink(`${own.adapter}/`, 'adapter')}`;
  return html`${fileLink(`${own.folder}/`, 'run')}${adapter}`;
}
