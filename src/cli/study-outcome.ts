/** What a study came to, on standard output: its verdict, how many runs, where report and adapter lie. */
import { relative } from 'node:path';
import { cellsJson, knowledgeJson } from '../report/cells-json.js';
import { terminalSummary } from '../report/terminal.js';
import { writeReport, type WrittenReport } from '../study/report.js';
import type { StudySummary } from '../study/runner.js';
import { readStudy } from '../study/stored-study.js';
import { visibleText } from '../text/visible.js';
import { inLanguage, type Language } from '../words/language.js';
import { numberWords } from '../words/numbers.js';
import { terminalWords } from '../words/tables.js';
import { judgingLines } from './study/judging-lines.js';
import { colors, terminalWidth } from './terminal.js';

interface OutcomeOptions {
  readonly json: boolean;
  /** Of the verdict; default the study's. */
  readonly language?: Language;
}

/** Writes the report of a study in its folder, and prints its verdict. */
export function printOutcome(folder: string, summary: StudySummary, { json, language }: OutcomeOptions): void {
  const report = writeReport(readStudy(folder), language === undefined ? {} : { language });
  process.stdout.write(json ? `${outcomeJson(folder, report, summary)}\n` : outcomeText(folder, report, summary));
}

function outcomeJson(folder: string, { path, analysis }: WrittenReport, summary: StudySummary): string {
  const { carriedOut, reused, failed, unscored, silent, work } = summary;
  const { recommendation } = analysis;
  return JSON.stringify({
    ...{ folder, report: path, carriedOut, reused, failed, unscored, silent, work, recommendation },
    ...{ cells: cellsJson(analysis), adapters: knowledgeJson(analysis) },
  });
}

function outcomeText(folder: string, report: WrittenReport, summary: StudySummary): string {
  const { data, analysis } = report;
  const { carriedOut, reused, failed } = summary;
  const verdict = terminalSummary(data, { analysis, width: terminalWidth(), colour: colors.isColorSupported });
  const lines = inLanguage(data.language ?? 'en', () => [
    terminalWords().runs(carriedOut, reused, failed),
    ...judgingLines(summary, shown(folder)),
    ...placeLines(report),
  ]);
  return `\n${verdict}\n${lines.map((line) => `${visibleText(line)}\n`).join('')}`;
}

/** Where the report lies, and the adapter that is recommended. */
function placeLines({ path, analysis: { recommendation } }: WrittenReport): string[] {
  const words = terminalWords();
  const { level, rank, adapterPath } = recommendation;
  const report = `${words.reportOfStudy}${shown(path)}`;
  if (adapterPath === null) return [report];
  const what = words.recommended(level === 'none' ? null : level, String(rank));
  return [report, `${words.adapterOfStudy}${numberWords().beside(shown(adapterPath), what)}`];
}

/** A path as short as it can be typed from here. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}
