/** The study's outcome for a terminal: the verdict, its cautions, and the table of cells. */
import Table from 'cli-table3';
import pc from 'picocolors';
import type { Analysis } from '../analysis/analyse.js';
import { estimateOf, type Cell } from '../analysis/group.js';
import { amount, bookName, percent, shortLevel, whole } from '../analysis/wording.js';
import type { ReportData } from './data.js';
import { analyseReport } from './page.js';
import { visibleLine } from '../text/visible.js';

export interface TerminalOptions {
  /** Whether to use colours; default no. */
  readonly colour?: boolean;
  /** Width at which sentences wrap; default 100. */
  readonly width?: number;
  /** The analysis, where it was computed before. */
  readonly analysis?: Analysis;
}

/** Lines for people, ending in a newline. */
export function terminalSummary(data: ReportData, options: TerminalOptions = {}): string {
  const { colour = false, width = 100, analysis = analyseReport(data) } = options;
  const paint = pc.createColors(colour);
  const { recommendation } = analysis;
  const verdicts = recommendation.datasets.flatMap(({ headline, sentences, adapterPath }) => [
    paint.bold(wrapped(headline, width, '')),
    ...sentences.map((sentence) => wrapped(sentence, width, '  ')),
    ...(adapterPath === null ? [] : [`  Adapter: ${visibleLine(adapterPath)}`]),
    '',
  ]);
  const nothing = verdicts.length === 0 ? [...recommendation.sentences, ''] : [];
  const cautions = recommendation.cautions.map((caution) => paint.yellow(wrapped(`! ${caution}`, width, '')));
  return `${[...verdicts, ...nothing, cellTable(analysis), '', ...cautions].join('\n').trimEnd()}\n`;
}

function cellTable({ cells, datasets }: Analysis): string {
  const table = new Table({
    head: ['data set', 'book', 'level', 'rank', 'items', 'TRR', 'kept', 'mean', '95 % interval', 'n', 'unscored'],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
    chars: PLAIN,
  });
  for (const cell of cells) {
    const measure = datasets.find(({ dataset }) => dataset === cell.dataset)?.measure ?? 'accuracy';
    table.push(cellLine(cell, measure));
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function cellLine(cell: Cell, measure: 'score' | 'accuracy'): string[] {
  const { mean, low, high, n } = estimateOf(cell, measure);
  const cut = cell.truncated > 0 ? ' (cut)' : '';
  return [
    visibleLine(cell.dataset),
    bookName(cell.book),
    `${cell.level === 'none' ? '–' : shortLevel(cell.level)}${cut}`,
    cell.rank === 0 ? 'base' : String(cell.rank),
    cell.rank === 0 ? '–' : whole(cell.items),
    percent(cell.trr),
    percent(cell.retention, 0),
    amount(mean, measure),
    Number.isNaN(low) ? '–' : `${amount(low, measure)} to ${amount(high, measure)}`,
    whole(n),
    whole(cell.unscored),
  ];
}

/** Blanks between columns, a line under the head. */
const PLAIN = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: ' ' },
};

/** Breaks a sentence at blanks; following lines are indented two more. */
function wrapped(sentence: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of visibleLine(sentence).split(' ')) {
    if (line.trim() !== '' && line.length + word.length + 1 > width) {
      lines.push(line);
      line = `${indent}  `;
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}
