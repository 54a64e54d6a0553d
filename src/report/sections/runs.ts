/** All runs of the study, failed ones included: settings, training, result, adapter. */
import { groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import { valueOf, type Measure } from '../../analysis/measure.js';
import type { RunSummary } from '../../analysis/run-summary.js';
import { amount, counted, minus, shortLevel, whole } from '../../analysis/wording.js';
import type { Row } from '../../core/records.js';
import { mean } from '../../core/statistics.js';
import type { ReportFiles } from '../data.js';
import { numberWords } from '../../words/numbers.js';
import { pageWords } from '../../words/page.js';
import { columnWords } from '../../words/tables.js';
import { fileLink, html, NOTHING, type Html } from '../html.js';
import { durationText } from '../../text/duration.js';
import { clipped } from '../../text/visible.js';
import { trainedAs } from '../names.js';
import { table, type Column } from './table.js';

export function runsSection(analysis: Analysis, files?: ReportFiles): Html {
  const { runs } = analysis;
  if (runs.length === 0) return NOTHING;
  return html`<section id="runs">
    <h2>${pageWords().runs}</h2>
    <p class="note">${pageWords().runsNote(countedRuns(runs))}</p>
    ${failures(runs)}
    ${table(columnsOf(analysis, files), entriesOf(analysis), { classOf: ({ run }) => run.status, noun: 'run' })}
  </section>`;
}

function countedRuns(runs: readonly RunSummary[]): string {
  const others = [...groupBy(runs, ({ status }) => status)].filter(([status]) => status !== 'done');
  const words = pageWords();
  const told = others.map(([status, group]) => words.countOf(whole(group.length), words.status[status]));
  return numberWords().parts(counted(runs.length, 'run'), ...told);
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
  const words = columnWords();
  return [
    { name: words.dataset, value: ({ run }) => run.dataset },
    { name: words.book, value: ({ run }) => pageWords().book[run.book], folds: true },
    ...(runs.some(isOfTextBook)
      ? [{ name: words.trainedAs, value: ({ run }: RunEntry) => trainedAs(run) || '–' }]
      : []),
    { name: words.level, value: ({ run }) => levelOf(run), order: ({ run }) => place(run) },
    {
      name: words.rank,
      kind: 'number',
      value: ({ run }) => (run.rank === 0 ? words.base : String(run.rank)),
      order: ({ run }) => run.rank,
    },
    {
      name: words.scale,
      kind: 'number',
      folds: true,
      value: ({ run }) => scaleOf(run),
      hint: words.scaleHint,
    },
    { name: words.items, kind: 'number', value: ({ run }) => (run.rank === 0 ? '–' : whole(run.items)) },
    { name: words.seed, kind: 'number', folds: true, value: ({ run }) => (run.rank === 0 ? '–' : String(run.seed)) },
    { name: words.status, value: ({ run }) => pageWords().status[run.status], folds: true },
    { name: words.score, kind: 'number', value: ({ score }) => score, hint: words.scoreHint },
    { name: words.correct, kind: 'number', value: ({ correct }) => correct },
    { name: words.answers, kind: 'number', value: ({ n }) => whole(n) },
    { name: words.unscored, kind: 'number', value: ({ unscored }) => whole(unscored), folds: true },
    { name: words.steps, kind: 'number', value: ({ run }) => (run.steps === null ? '–' : whole(run.steps)) },
    {
      name: words.loss,
      value: ({ run }) => lossOf(run),
      order: ({ run }) => run.lastLoss ?? NaN,
    },
    { name: words.time, kind: 'number', value: ({ run }) => timeOf(run), order: ({ run }) => run.seconds ?? NaN },
    { name: words.parameters, kind: 'number', value: ({ run }) => parametersOf(run) },
    { name: words.files, kind: 'screen', value: ({ run }) => filesOf(run, files) },
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
  if (rank === 0) return '–';
  return numberWords().beside(`${Number(scale.toFixed(3))}`, `${Number(alpha.toFixed(3))}`);
}

function lossOf({ firstLoss, lastLoss, heldOut }: RunSummary): string {
  if (firstLoss === null) return '–';
  const trained = `${minus(firstLoss, 3)}\u00a0→\u00a0${minus(lastLoss, 3)}`;
  if (heldOut === undefined) return trained;
  const { bestLoss, bestStep, stoppedEarly } = heldOut;
  const words = pageWords();
  return `${trained}${words.heldOut(minus(bestLoss, 3), whole(bestStep))}${stoppedEarly ? words.stoppedEarly : ''}`;
}

/** Links to the run's folder and to its adapter; the bare names where the page knows of no folder. */
function filesOf({ id, adapterPath }: RunSummary, files?: ReportFiles): Html {
  const own = files?.runs.get(id);
  if (own === undefined) return html`<code>${clipped(id, 48)}</code>${adapterPath === null ? '' : ` ${adapterPath}`}`;
  const adapter = own.adapter === null ? NOTHING : html` · ${fileLink(`${own.adapter}/`, pageWords().linkAdapter)}`;
  return html`${fileLink(`${own.folder}/`, pageWords().linkRun)}${adapter}`;
}
