/** `lightmem report`: makes a study's report page again from what its folder holds, finished or not. */
import type { Command } from 'commander';
import { terminalSummary } from '../report/terminal.js';
import { readStudy } from '../study/study-folder.js';
import { writeReport } from './study-report.js';
import { visibleText } from '../text/visible.js';
import { colors } from './terminal.js';

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('report')
    .description("write a study's report page and rows, and print its verdict")
    .argument('<folder>', "the study's folder")
    .option('--json', 'the verdict as one JSON document')
    .action(run);
}

function run(folder: string, { json }: { json?: boolean }): void {
  const { path, data, analysis } = writeReport(readStudy(folder));
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ report: path, recommendation: analysis.recommendation })}\n`);
    return;
  }
  const width = Math.min(120, process.stdout.columns ?? 100);
  process.stdout.write(terminalSummary(data, { analysis, width, colour: colors.isColorSupported }));
  process.stdout.write(`Report: ${visibleText(path)}\n`);
}
