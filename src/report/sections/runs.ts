/** All runs of the study, failed ones included: settings, training, result, adapter. */
import { groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import { valueOf, type Measure } from '../../analysis/measure.js';
import type { RunSummary } from '../../analysis/run-summary.js';
import { amount, bookName, counted, minus, shortLevel, whole } from '../../analysis/wording.js';
import type { Row } from '../../core/records.js';
import { mean } from '../../core/statistics.js';
import { html, NOTHING, type Html } from '../html.js';
import { durationText } from '../../text/duration.js';
import { clipped } from '../../text/visible.js';
import { table, type Column } from './table.js';

export function runsSection({ runs, rows, datasets }: Analysis): Html {
  if (runs.length === 0) return NOTHING;
  const byRun = groupBy(rows, ({ run }) => run);
  const measures = new Map(datasets.map(({ dataset, measure }) => [dataset, measure]));
  const entries = runs.map((run) => ({
    run,
    ...resultOf(byRun.get(run.id) ?? [], measures.get(run.dataset) ?? 'accuracy'),
  }));
  const failed = runs.filter(({ status }) => status === 'failed').length;
  return html`<section id="runs">
    <h2>Runs</h2>
    <p class="note">
      ${counted(runs.length, 'run')}${failed > 0 ? `, ${whole(failed)} failed` : ''}. Means leave out abstention
      questions and unscored answers.
    </p>
    ${table(COLUMNS, entries, ({ run }) => run.status)}
  </section>`;
}

interface RunEntry {
  readonly run: RunSummary;
  readonly mean: string;
  readonly n: number;
  readonly unscored: number;
}

function resultOf(rows: readonly Row[], measure: Measure): Omit<RunEntry, 'run'> {
  const values = rows.filter(({ abstention }) => !abstention).flatMap((row) => valueOf(row, measure) ?? []);
  return {
    mean: amount(mean(values), measure),
    n: values.length,
    unscored: rows.filter(({ status }) => status === 'unscored').length,
  };
}

const COLUMNS: readonly Column<RunEntry>[] = [
  { name: 'Data set', value: ({ run }) => run.dataset },
  { name: 'Book', value: ({ run }) => bookName(run.book) },
  { name: 'Level', value: ({ run }) => (run.level === 'none' ? '–' : shortLevel(run.level)) },
  { name: 'Rank', kind: 'number', value: ({ run }) => (run.rank === 0 ? 'base' : String(run.rank)) },
  { name: 'Scale', kind: 'number', value: ({ run }) => scaleOf(run), hint: 'LoRA scale; alpha in brackets' },
  { name: 'Items', kind: 'number', value: ({ run }) => (run.rank === 0 ? '–' : whole(run.items)) },
  { name: 'Seed', kind: 'number', value: ({ run }) => (run.rank === 0 ? '–' : String(run.seed)) },
  { name: 'Status', value: ({ run }) => run.status },
  { name: 'Mean', kind: 'number', value: ({ mean }) => mean },
  { name: 'Answers', kind: 'number', value: ({ n }) => whole(n) },
  { name: 'Unscored', kind: 'number', value: ({ unscored }) => whole(unscored) },
  { name: 'Steps', kind: 'number', value: ({ run }) => (run.steps === null ? '–' : whole(run.steps)) },
  { name: 'Loss, first → last', kind: 'number', value: ({ run }) => lossOf(run) },
  { name: 'Time', kind: 'number', value: ({ run }) => (run.seconds === null ? '–' : durationText(run.seconds)) },
  {
    name: 'Parameters',
    kind: 'number',
    value: ({ run }) => (run.parameters === null || run.rank === 0 ? '–' : whole(run.parameters)),
  },
  { name: 'Adapter, or why it failed', value: ({ run }) => outcomeOf(run) },
  { name: 'Run', kind: 'screen', value: ({ run }) => html`<code>${clipped(run.id, 48)}</code>` },
];

function scaleOf({ rank, scale, alpha }: RunSummary): string {
  return rank === 0 ? '–' : `${Number(scale.toFixed(3))} (${Number(alpha.toFixed(3))})`;
}

function lossOf({ firstLoss, lastLoss, heldOut }: RunSummary): string {
  if (firstLoss === null) return '–';
  const trained = `${minus(firstLoss, 3)} → ${minus(lastLoss, 3)}`;
  if (heldOut === undefined) return trained;
  const { bestLoss, bestStep, stoppedEarly } = heldOut;
  return `${trained}; held out ${minus(bestLoss, 3)} at step ${whole(bestStep)}${stoppedEarly ? ', stopped early' : ''}`;
}

function outcomeOf({ error, adapterPath }: RunSummary): string | Html {
  if (error !== null) return html`<span class="failure">${clipped(error, 300)}</span>`;
  return adapterPath === null ? '–' : html`<code>${adapterPath}</code>`;
}
