/** `lightmem analyse`: the verdict, figures and report of answers that were judged elsewhere. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import { nearest } from '../core/nearest.js';
import type { Row } from '../core/records.js';
import { readForeignRows, type RowDefaults, type RowOptions } from '../data/rows/read-rows.js';
import { ROW_PARTS, type RowColumns, type RowPart } from '../data/rows/row-form.js';
import { cellsJson, knowledgeJson } from '../report/cells-json.js';
import { terminalSummary } from '../report/terminal.js';
import { writeReportOfRows } from '../study/report.js';
import { visibleText } from '../text/visible.js';
import { addReadingOptions, readingOf, reportLine, type ReadingOptions } from './reading-options.js';
import { colors, terminalWidth } from './terminal.js';

interface Options extends ReadingOptions {
  readonly columns?: readonly string[];
  readonly set?: readonly string[];
  readonly scale?: string;
  readonly encoding?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  const command = program
    .command('analyse')
    .argument('<rows...>', 'files of judged answers, or LEVEL=FILE where a file is of one level')
    .option('--columns <part=name...>', `where a record keeps its parts: ${ROW_PARTS.join(', ')}; default: usual names`)
    .option('--set <part=value...>', `what all answers have: ${SETTABLE.join(', ')}, e.g. rank=8`)
    .option('--scale <min,max>', 'the least and the greatest score there can be', '1,5')
    .option('--encoding <name>', 'encoding of text files; default: utf-8, or by their mark')
    .option('--out <file>', 'where the page goes; default: beside the first file, as .html')
    .option('--json', 'the verdict as one JSON document')
    .action(run);
  addReadingOptions(command);
}

const SETTABLE = ['run', 'dataset', 'book', 'level', 'rank', 'items', 'seed', 'judge'] as const;

async function run(places: readonly string[], options: Options): Promise<void> {
  const reading = readingOf(options);
  const given = places.map(levelAndFile);
  const parts: (readonly Row[])[] = [];
  for (const { file, level } of given) parts.push(await rowsOf(file, level, options));
  const rows = parts.flat();
  const { path, data, analysis } = writeReportOfRows(rows, {
    files: given.map(({ file }) => file),
    command: ['lightmem analyse', ...process.argv.slice(3)].join(' '),
    ...reading,
    ...(options.out !== undefined && { out: options.out }),
  });
  if (options.json === true) {
    const { recommendation } = analysis;
    process.stdout.write(
      `${JSON.stringify({ report: path, recommendation, cells: cellsJson(analysis), adapters: knowledgeJson(analysis) })}\n`,
    );
    return;
  }
  process.stdout.write(terminalSummary(data, { analysis, width: terminalWidth(), colour: colors.isColorSupported }));
  process.stdout.write(`${reportLine(path, data)}\n`);
}

/** `L2=rows.jsonl`, unless a file has that very name. */
function levelAndFile(place: string): { file: string; level?: string } {
  const at = place.indexOf('=');
  if (isFile(place) || at < 1) {
    if (isFile(place)) return { file: place };
    throw new UserError(`no such file: ${place}: check the path`);
  }
  const [level, file] = [place.slice(0, at), place.slice(at + 1)];
  if (!isFile(file)) throw new UserError(`no such file: ${file}: check the path`);
  return { file, level };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function rowsOf(file: string, level: string | undefined, options: Options): Promise<readonly Row[]> {
  const defaults = { ...defaultsOf(options.set ?? []), ...(level !== undefined && { level }) };
  const { rows, form, notes } = await readForeignRows(file, {
    columns: columnsOf(options.columns ?? []),
    defaults,
    scale: scaleOf(options.scale ?? '1,5'),
    ...(options.encoding !== undefined && { encoding: options.encoding }),
  } satisfies RowOptions);
  process.stderr.write(`${visibleText(file)}: ${rows.length} answers, read as ${form}\n`);
  for (const { what, count, first } of notes)
    process.stderr.write(
      `note: ${visibleText(what)}${count > 1 ? ` (${count} times)` : ''}, first at ${visibleText(first)}\n`,
    );
  return rows;
}

function columnsOf(pairs: readonly string[]): RowColumns {
  return Object.fromEntries(pairs.map((pair) => pairOf('columns', pair, ROW_PARTS)));
}

function defaultsOf(pairs: readonly string[]): RowDefaults {
  const given = pairs.map((pair) => pairOf('set', pair, SETTABLE));
  return Object.fromEntries(given.map(([part, value]) => [part, valueOf(part, value)]));
}

function valueOf(part: string, value: string): string | number {
  if (part === 'book' && !['open', 'closed', 'text'].includes(value))
    throw new UserError(`invalid --set book=${value}: use open, closed or text`);
  if (part !== 'rank' && part !== 'items' && part !== 'seed') return value;
  const number = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(number)) return number;
  throw new UserError(`invalid --set ${part}=${value}: use a whole number of 0 or more`);
}

function pairOf<P extends RowPart>(option: string, pair: string, parts: readonly P[]): [P, string] {
  const at = pair.indexOf('=');
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  if (at < 1 || value === '')
    throw new UserError(`invalid --${option} "${pair}": write PART=NAME, e.g. ${parts[0] ?? ''}=NAME`);
  const part = parts.find((each) => each === name);
  if (part !== undefined) return [part, value];
  const meant = nearest(name, parts);
  throw new UserError(
    `invalid --${option} "${pair}": ${meant === undefined ? `use one of ${parts.join(', ')}` : `did you mean ${meant}=${value}?`}`,
  );
}

function scaleOf(text: string): readonly [number, number] {
  const [least = NaN, most = NaN, ...more] = text.split(',').map((each) => (each.trim() === '' ? NaN : Number(each)));
  if (more.length === 0 && Number.isFinite(least) && Number.isFinite(most) && least < most) return [least, most];
  throw new UserError(`invalid --scale "${text}": use the least and the greatest score, e.g. 0,1`);
}
