/** The study's outcome for a terminal: the verdict, its cautions, and the table of cells. */
import pc from 'picocolors';
import type { Analysis } from '../analysis/analyse.js';
import { estimateOf, type Cell } from '../analysis/group.js';
import { amount, bookName, percent, shortLevel, whole } from '../analysis/wording.js';
import { inLanguage } from '../words/language.js';
import { numberWords } from '../words/numbers.js';
import { terminalWords } from '../words/tables.js';
import type { KnowledgeCell } from '../analysis/knowledge/knowledge.js';
import { signed } from '../analysis/knowledge/words.js';
import type { ReportData } from './data.js';
import { analyseReport } from './analyse-report.js';
import type { Measure } from '../analysis/measure.js';
import type { MeanEstimate } from '../core/statistics.js';
import { foldedLine, terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { visibleLine } from '../text/visible.js';

export interface TerminalOptions {
  /** Whether to use colours; default no. */
  readonly colour?: boolean;
  /** Columns that sentences and the table stay within; default 100. */
  readonly width?: number;
  /** The analysis, where it was computed before. */
  readonly analysis?: Analysis;
}

/** Lines for people, ending in a newline. */
export function terminalSummary(data: ReportData, options: TerminalOptions = {}): string {
  const { analysis = analyseReport(data) } = options;
  return inLanguage(data.language ?? 'en', () => summaryOf(analysis, options));
}

function summaryOf(analysis: Analysis, { colour = false, width = 100 }: TerminalOptions): string {
  const paint = pc.createColors(colour);
  const { recommendation } = analysis;
  const verdicts = recommendation.datasets.flatMap(({ headline, sentences, adapterPath }) => [
    paint.bold(wrapped(headline, width, '')),
    ...sentences.map((sentence) => wrapped(sentence, width, '  ')),
    ...(adapterPath === null ? [] : [`  ${terminalWords().adapter}${visibleLine(adapterPath)}`]),
    '',
  ]);
  const nothing =
    verdicts.length === 0 ? [...recommendation.sentences.map((each) => wrapped(each, width, '')), ''] : [];
  const cautions = recommendation.cautions.map((caution) =>
    paint.yellow(wrapped(`! ${visibleLine(caution)}`, width, '')),
  );
  const tables = [knowledgeTable(analysis, width), cellTable(analysis, width)].flatMap((text) =>
    text === '' ? [] : [text, ''],
  );
  return `${[...verdicts, ...nothing, ...tables, ...cautions].join('\n').trimEnd()}\n`;
}

/** The adapters of text books, with what each recalls, is worth and costs. */
function knowledgeTable({ knowledge }: Analysis, width: number): string {
  const cells = knowledge.flatMap((own) => own.cells);
  return cells.length === 0 ? '' : terminalTable(knowledgeColumns(), cells, width, terminalWords().noRoom);
}

const recallText = (estimate: MeanEstimate | null): string => percent(estimate?.mean ?? null);
const right = { align: 'right' } as const;

function knowledgeColumns(): readonly TerminalColumn<KnowledgeCell>[] {
  const { columns } = terminalWords();
  return [
    { name: columns.dataset, spare: 7, value: ({ dataset }) => visibleLine(dataset) },
    { name: columns.level, value: ({ level }) => shortLevel(level) },
    { name: columns.form, value: ({ form }) => visibleLine(form) },
    { name: columns.rank, ...right, value: ({ rank }) => rank },
    { name: columns.items, ...right, spare: 11, value: ({ items }) => whole(items) },
    { name: columns.seen, ...right, spare: 9, value: ({ exposures }) => `${whole(exposures)}×` },
    { name: columns.recall, ...right, value: ({ trained }) => recallText(trained) },
    { name: columns.interval, ...right, spare: 3, value: ({ trained }) => intervalText(trained, 'accuracy') },
    { name: columns.covered, ...right, spare: 5, value: ({ recall }) => recallText(recall.covered) },
    { name: columns.untaught, ...right, spare: 4, value: ({ recall }) => recallText(recall.untaught) },
    { name: columns.unseen, ...right, spare: 10, value: ({ recall }) => recallText(recall.unseen) },
    { name: columns.kept, ...right, spare: 6, value: ({ retention }) => percent(retention, 0) },
    { name: columns.facts, ...right, spare: 2, value: ({ facts }) => whole(facts) },
    { name: columns.bits, ...right, spare: 8, value: ({ bits }) => (bits === null ? '–' : whole(bits)) },
    {
      name: columns.lossChange,
      ...right,
      spare: 1,
      value: ({ cost }) => (cost === null ? '–' : signed(cost.generalRise.mean, 2)),
    },
  ];
}

function cellTable({ cells, datasets }: Analysis, width: number): string {
  if (cells.length === 0) return '';
  const measures = new Map(datasets.map(({ dataset, measure }) => [dataset, measure]));
  return terminalTable(columnsOf(measures), cells, width, terminalWords().noRoom);
}

function columnsOf(measures: ReadonlyMap<string, Measure>): readonly TerminalColumn<Cell>[] {
  const read = (cell: Cell) => {
    const measure = measures.get(cell.dataset) ?? 'accuracy';
    return { measure, estimate: estimateOf(cell, measure) };
  };
  const { columns } = terminalWords();
  return [
    { name: columns.dataset, value: ({ dataset }) => visibleLine(dataset) },
    { name: columns.book, value: ({ book }) => bookName(book), spare: 4 },
    { name: columns.level, value: levelText },
    { name: columns.rank, ...right, value: ({ rank }) => (rank === 0 ? terminalWords().base : rank) },
    { name: columns.items, ...right, value: ({ rank, items }) => (rank === 0 ? '–' : whole(items)) },
    { name: columns.trr, ...right, spare: 3, value: ({ trr }) => percent(trr) },
    { name: columns.kept, ...right, spare: 6, value: ({ retention }) => percent(retention, 0) },
    { name: columns.score, ...right, spare: 1, value: ({ score }) => amount(score.mean, 'score') },
    { name: columns.correct, ...right, value: ({ accuracy }) => amount(accuracy.mean, 'accuracy') },
    {
      name: columns.interval,
      ...right,
      spare: 2,
      value: (cell) => intervalText(read(cell).estimate, read(cell).measure),
    },
    { name: columns.n, ...right, spare: 5, value: (cell) => whole(read(cell).estimate.n) },
    { name: columns.unscored, ...right, spare: 7, value: ({ unscored }) => whole(unscored) },
  ];
}

function levelText({ level, book, truncated }: Cell): string {
  const words = terminalWords();
  const name = level === 'none' ? (book === 'closed' ? words.closed : '–') : shortLevel(level);
  return truncated > 0 ? words.cut(name) : name;
}

function intervalText({ low, high }: MeanEstimate, measure: Measure): string {
  return Number.isNaN(low) ? '–' : numberWords().interval(amount(low, measure), amount(high, measure));
}

/** Breaks a sentence at blanks; following lines are indented two more. */
function wrapped(sentence: string, width: number, indent: string): string {
  return foldedLine(`${indent}${visibleLine(sentence)}`, width, `${indent}  `);
}
