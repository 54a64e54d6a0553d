/** What `lightmem compress` prints of its outcome: a table of the levels, what was spent, what went wrong. */
import type { CompressReport, LevelReport } from '../compress/compress-items.js';
import { distinct } from '../core/collections.js';
import type { TextModels } from '../generate/text-models.js';
import type { SpendJournal } from '../llm/spend/spend-journal.js';
import type { SpendTotals } from '../llm/spend/spend.js';
import { durationText } from '../text/duration.js';
import { terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { visibleText } from '../text/visible.js';
import { terminalWidth } from './terminal.js';

/** The levels in a table, with how many texts were made and what was spent on it. */
export function reportPage(report: CompressReport, spend: SpendTotals | undefined): string {
  const table = terminalTable(COLUMNS, report.levels, terminalWidth());
  const counts = `${report.kept} texts were there, ${report.made} were made in ${durationText(report.seconds)}, ${report.failed} failed`;
  return [table, counts, ...(spend === undefined ? [] : [spendLine(spend)])].join('\n');
}

const COLUMNS: readonly TerminalColumn<LevelReport>[] = [
  { name: 'level', value: ({ level }) => level },
  { name: 'method', value: ({ method }) => visibleText(method), spare: 2 },
  { name: 'texts', align: 'right', value: ({ texts }) => texts },
  { name: 'failed', align: 'right', value: ({ failed }) => failed },
  { name: 'words (mean)', align: 'right', value: ({ words }) => words?.toFixed(1) ?? '' },
  {
    name: 'TRR % (macro)',
    align: 'right',
    value: ({ macroTrr }) => (macroTrr === null ? '' : (100 * macroTrr).toFixed(2)),
  },
  { name: 'longer than source', align: 'right', spare: 1, value: ({ longerThanSource }) => longerThanSource },
  { name: 'remarks', value: remarksOf },
];

function remarksOf({ flags, failures }: LevelReport): string {
  return visibleText(
    Object.entries({ ...flags, ...failures })
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  );
}

function spendLine(spend: SpendTotals): string {
  const retries = spend.retries > 0 ? ` (${spend.retries} of them again)` : '';
  const cost = spend.cost === null ? '' : `, cost ${spend.cost.toFixed(4)}`;
  const lost = spend.unconfirmed > 0 ? `, ${spend.unconfirmed} requests without an answer may have been charged` : '';
  return `${spend.requests} requests${retries}, ${spend.cached} answers from the cache, ${spend.promptTokens} + ${spend.completionTokens} tokens${cost}${lost}`;
}

/** Lines for standard error: failures, what the output cost in all runs, and warnings. */
export function noteLines(report: CompressReport | undefined, models: TextModels, journal: SpendJournal): string[] {
  const failures = (report?.failures ?? []).map(
    ({ item, failure }) => `failed: ${item}, ${failure.level}: ${failure.reason}: ${failure.message}`,
  );
  const all = journal.totals();
  const spent = `spent on this output in all runs: ${all.requests} requests, ${all.promptTokens} + ${all.completionTokens} tokens${all.cost > 0 ? `, cost ${all.cost.toFixed(4)}` : ''}`;
  const names = distinct((report?.levels ?? []).flatMap((level) => level.models)).sort();
  const mixed = names.length > 1 ? [`warning: the texts were made by different models (${names.join('; ')})`] : [];
  const trouble = models.opened?.cacheTrouble ?? null;
  return [
    ...failures,
    ...(all.requests > 0 ? [spent] : []),
    ...mixed,
    ...(trouble === null ? [] : [`warning: answers are not being kept: ${trouble}`]),
  ];
}
