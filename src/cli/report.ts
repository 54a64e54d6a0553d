/** `lightmem report`: makes a report page from a study's folder, finished or not, or from files of rows. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import { cellsJson, knowledgeJson } from '../report/cells-json.js';
import { terminalSummary } from '../report/terminal.js';
import { writeReport, writeRowsReport, type PageOptions, type WrittenReport } from '../study/report.js';
import { readStudy } from '../study/stored-study.js';
import { addReadingOptions, readingOf, reportLine, type ReadingOptions } from './reading-options.js';
import { colors, terminalWidth } from './terminal.js';

interface Options extends ReadingOptions {
  readonly out?: string;
  readonly json?: boolean;
  readonly questions?: string;
}

/** Adds the command. */
export function register(program: Command): void {
  const command = program
    .command('report')
    .argument('<place...>', "the study's folder, or files of rows as JSON lines")
    .option('--out <file>', 'where the page of rows goes; default: beside the first file, as .html')
    .option('--questions <count>', 'questions whose answers the page holds; default: as many as a browser bears')
    .option('--json', 'the verdict as one JSON document')
    .action(run);
  addReadingOptions(command);
}

function run(places: readonly string[], options: Options): void {
  const { path, data, analysis } = written(places, options);
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ report: path, recommendation: analysis.recommendation, cells: cellsJson(analysis), adapters: knowledgeJson(analysis) })}\n`,
    );
    return;
  }
  const width = terminalWidth();
  process.stdout.write(terminalSummary(data, { analysis, width, colour: colors.isColorSupported }));
  process.stdout.write(`${reportLine(path, data)}\n`);
}

function written(places: readonly string[], options: Options): WrittenReport {
  const { out } = options;
  const reading = { ...readingOf(options), ...pageSize(options) };
  const [first = ''] = places;
  if (statSync(first, { throwIfNoEntry: false })?.isFile() === true) return writeRowsReport(places, out, reading);
  if (places.length > 1) throw new UserError(`${first} is a study's folder: give it alone, or files of rows`);
  if (out !== undefined) throw new UserError("--out is for files of rows: a study's page lies in its folder");
  return writeReport(readStudy(first), reading);
}

function pageSize({ questions }: Options): Pick<PageOptions, 'mostQuestions'> {
  if (questions === undefined) return {};
  const count = Number(questions);
  if (/^\d+$/.test(questions) && Number.isSafeInteger(count)) return { mostQuestions: count };
  throw new UserError(`invalid --questions "${questions}": use a whole number from 0 on, e.g. 40`);
}
