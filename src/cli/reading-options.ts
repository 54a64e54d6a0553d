/** Options of commands that give verdicts: how rows are read, and what loss is allowed. */
import { Option, type Command } from 'commander';
import type { AnalysisOptions } from '../analysis/analyse.js';
import { UserError } from '../core/errors.js';
import type { PageOptions } from '../study/report.js';
import type { ReportData } from '../report/data.js';
import { visibleText } from '../text/visible.js';
import { inLanguage, LANGUAGES, type Language } from '../words/language.js';
import { terminalWords } from '../words/tables.js';

export interface ReadingOptions {
  readonly measure?: 'score' | 'correct';
  readonly tolerance?: string;
  readonly rule?: 'margin' | 'trr';
  readonly rankMargin?: string;
  readonly judge?: string;
  readonly lang?: Language;
}

/** Adds the options to a command. */
export function addReadingOptions(command: Command): void {
  command
    .addOption(
      new Option('--measure <name>', 'what is compared; default: what the verdicts are').choices(['score', 'correct']),
    )
    .option(
      '--tolerance <loss>',
      'largest loss of a level that is allowed; default 0.2 of a score from 1 to 5, 0.05 of the share correct',
    )
    .addOption(
      new Option('--rule <name>', 'how the rank is chosen: by a margin, or by the table from TRR').choices([
        'margin',
        'trr',
      ]),
    )
    .option(
      '--rank-margin <loss>',
      'largest loss of a smaller rank that is allowed; default 0.1, or 0.025 of the share correct',
    )
    .option('--judge <name>', 'the judge whose verdicts count, where there are several')
    .addOption(languageOption());
}

/** The language of verdict, page and summary. */
export function languageOption(): Option {
  return new Option(
    '--lang <language>',
    'language of the verdict, the page and the summary: English or Chinese',
  ).choices([...LANGUAGES]);
}

/** The options as a report takes them. Throws UserError for a value it cannot use. */
export function readingOf({
  measure,
  tolerance,
  rule,
  rankMargin,
  judge,
  lang,
}: ReadingOptions): Omit<PageOptions, 'mostQuestions'> {
  const reading: AnalysisOptions = {
    ...(measure !== undefined && { measure: measure === 'score' ? 'score' : 'accuracy' }),
    ...(tolerance !== undefined && { tolerance: lossOf('tolerance', tolerance) }),
    ...(rule !== undefined && { rule }),
    ...(rankMargin !== undefined && { rankMargin: lossOf('rank-margin', rankMargin) }),
  };
  return {
    reading,
    ...(judge !== undefined && { judge }),
    ...(lang !== undefined && { language: lang }),
  };
}

function lossOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 4) return value;
  throw new UserError(
    `invalid --${option} "${text}": use a number above 0, e.g. 0.2 of a score or 0.05 of the share correct`,
  );
}

/** Where the page lies, in its language. */
export function reportLine(path: string, { language = 'en' }: Pick<ReportData, 'language'>): string {
  return inLanguage(language, () => `${terminalWords().report}${visibleText(path)}`);
}
