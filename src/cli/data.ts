/** `lightmem data`: what was understood of a data set, with samples, before anything is made of it. */
import type { Command } from 'commander';
import type { Item } from '../core/records.js';
import { loadItems, type LoadReport } from '../data/load.js';
import { DataSummaryBuilder, type DataSummary, type Lengths } from '../data/summary.js';
import {
  addDataOptions,
  loadOptions,
  parseCount,
  ReadingProgress,
  reportLines,
  type DataOptions,
} from './data-options.js';
import { foldedLine, terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { visibleText } from '../text/visible.js';
import { colors, terminalWidth } from './terminal.js';

interface Options extends DataOptions {
  readonly samples: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  addDataOptions(
    program
      .command('data')
      .argument('<file>', 'a JSON, JSONL, CSV, TSV or Parquet file, or a folder of .txt or .md files'),
  )
    .option('--samples <n>', 'items shown', '5')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(run);
}

const HELP = `
A folder holds NAME.txt (or .md) with NAME.questions.jsonl beside it, lines of {"question", "answer"}, and if you like NAME.summ_l2.txt …
A table with columns of other names: lightmem data notes.csv --column id=Title text=Body question=Q answer=Gold
Lines on what is wrong name file, line and field; exit code 2 tells that there are some, --on-problem skip leaves those records out.`;

async function run(file: string, options: Options): Promise<void> {
  const { summary, report } = await summarise(file, options);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ...report, ...summary })}\n`);
  else process.stdout.write(`${page(summary, report)}\n`);
  for (const line of reportLines(report)) process.stderr.write(`${line}\n`);
  if (options.onProblem === 'error' && report.problemCount > 0) process.exitCode = 2;
}

/** Reads it all; problems are gathered, so that the summary of the sound records can be shown beside them. */
async function summarise(file: string, options: Options): Promise<{ summary: DataSummary; report: LoadReport }> {
  const builder = new DataSummaryBuilder(parseCount('samples', options.samples));
  const progress = new ReadingProgress(options.json === true);
  const reports: LoadReport[] = [];
  const load = { ...loadOptions(options), onProblem: 'skip' as const, onBytes: progress.onBytes };
  let items = 0;
  try {
    for await (const item of loadItems(file, { ...load, onReport: (report) => reports.push(report) })) {
      builder.add(item);
      progress.update(++items);
    }
  } finally {
    progress.end();
  }
  const [report] = reports;
  if (!report) throw new Error('loading ended without a report');
  return { summary: builder.summary(), report };
}

function page(summary: DataSummary, report: LoadReport): string {
  const { format, container, dataset } = report;
  const title = `${colors.bold(visibleText(dataset))}: ${summary.items} items, ${summary.questions} questions (${format}, ${container})`;
  return [
    title,
    '',
    levelTable(summary),
    '',
    ...questionLines(summary).map((line) => foldedLine(line, terminalWidth(), '  ')),
    '',
    ...summary.samples.flatMap((item, index) => [colors.bold(`Sample ${index + 1}`), ...sampleLines(item), '']),
  ]
    .join('\n')
    .trimEnd();
}

type LevelSummary = DataSummary['levels'][number];

function levelTable({ levels }: DataSummary): string {
  const right = { align: 'right' } as const;
  const characters = (
    name: string,
    value: (lengths: Lengths) => number,
    spare: number,
  ): TerminalColumn<LevelSummary> => ({
    ...{ name, ...right, spare },
    value: (level) => value(level.characters).toFixed(0),
  });
  return terminalTable<LevelSummary>(
    [
      { name: 'level', value: ({ level }) => level },
      { name: 'texts', ...right, value: ({ texts }) => texts },
      characters('characters: min', ({ min }) => min, 2),
      characters('median', ({ median }) => median, 3),
      characters('mean', ({ mean }) => mean, 0),
      characters('95 %', ({ p95 }) => p95, 4),
      characters('max', ({ max }) => max, 1),
      { name: 'made by', value: ({ methods }) => madeBy(methods) },
    ],
    levels,
    terminalWidth(),
  );
}

function madeBy(methods: LevelSummary['methods']): string {
  return Object.entries(methods)
    .map(([name, count]) => `${visibleText(name)} (${count})`)
    .join(', ');
}

function questionLines(summary: DataSummary): string[] {
  const { questionsPerItem, answerCharacters, types, abstentions, withSeveralAnswers } = summary;
  const lines = [];
  if (questionsPerItem) lines.push(`questions per item: ${range(questionsPerItem)}`);
  if (answerCharacters) lines.push(`characters of an answer: ${range(answerCharacters)}`);
  const named = Object.entries(types).slice(0, 12);
  if (named.length > 0)
    lines.push(`types: ${named.map(([type, count]) => `${visibleText(type)} ${count}`).join(', ')}`);
  lines.push(`with several accepted answers: ${withSeveralAnswers}; answer is "not said": ${abstentions}`);
  if (summary.itemsWithoutQuestions > 0) lines.push(`items without questions: ${summary.itemsWithoutQuestions}`);
  if (summary.itemsWithoutText > 0) lines.push(`items without text: ${summary.itemsWithoutText}`);
  return lines;
}

function range({ min, median, mean, max }: Lengths): string {
  return `${min} to ${max}, median ${median.toFixed(0)}, mean ${mean.toFixed(1)}`;
}

const SHOWN_CHARACTERS = 240;
const SHOWN_QUESTIONS = 3;

function sampleLines(item: Item): string[] {
  const texts = Object.entries(item.texts).map(([level, { text }]) => `  ${level}: ${short(text)}`);
  const questions = item.questions.slice(0, SHOWN_QUESTIONS).map(({ prompt, answers }) => {
    return `  question: ${short(prompt)}\n    answer: ${answers.map(short).join(' | ')}`;
  });
  const more = item.questions.length - SHOWN_QUESTIONS;
  return [`  id: ${short(item.id)}`, ...texts, ...questions, ...(more > 0 ? [`  and ${more} more questions`] : [])];
}

/** The text's start on one line. */
function short(text: string): string {
  const line = visibleText(text).replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS - 1).join('')}…` : line;
}
