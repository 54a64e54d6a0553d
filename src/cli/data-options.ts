/** Options of every command that reads a data set: its form, its columns, what happens to problems, and progress. */
import { Option, type Command } from 'commander';
import { UserError } from '../core/errors.js';
import { isFamiliarLevel, levelName, parseLevel, type Level } from '../core/levels.js';
import { nearest } from '../core/nearest.js';
import { parseEncoding } from '../files/encoding.js';
import { COLUMN_PARTS, FORMATS, type ColumnMapping, type ColumnPart } from '../data/formats/format.js';
import { loadAll, parseFormat, type Loaded, type LoadOptions, type LoadReport } from '../data/load.js';
import { problemText } from '../data/problems.js';
import { Progress } from './progress.js';
import { visibleText } from '../text/visible.js';

export interface DataOptions {
  readonly format?: string;
  readonly dataset?: string;
  readonly column?: readonly string[];
  readonly encoding?: string;
  readonly onProblem: 'error' | 'skip';
  readonly limit?: string;
}

/** Adds the options to a command. */
export function addDataOptions(command: Command): Command {
  return command
    .option('--format <name>', `form of the records: ${FORMATS.join(', ')}; default: recognised`)
    .option('--dataset <name>', "the data set's name; default: the form's own, or the file's")
    .option('--column <part=name...>', `where plain records keep ${COLUMN_PARTS.join(', ')}, or the text at a level`)
    .option(
      '--encoding <name>',
      'encoding of text files, e.g. windows-1252, gbk, utf-16le; default: utf-8, or by their mark',
    )
    .addOption(
      new Option('--on-problem <policy>', 'broken records: error tells all and stops, skip leaves them out and counts')
        .choices(['error', 'skip'])
        .default('error'),
    )
    .option('--limit <n>', 'most items to read');
}

/** The options as the loader takes them; throws UserError for a value it cannot use. */
export function loadOptions(options: DataOptions): LoadOptions {
  return {
    ...(options.format !== undefined && { format: parseFormat(options.format) }),
    ...(options.dataset !== undefined && { dataset: options.dataset }),
    ...(options.column !== undefined && { columns: parseColumns(options.column) }),
    ...(options.encoding !== undefined && { encoding: parseEncoding(options.encoding) }),
    ...(options.limit !== undefined && { limit: parseCount('limit', options.limit) }),
    onProblem: options.onProblem,
  };
}

/** Other names of parts. */
const ALSO: Readonly<Record<string, string>> = { answers: 'answer', original: 'text' };

/** The level that a column is given to, `mine` or `level:mine`; what looks like a part misspelt must be the latter. Throws UserError. */
function columnLevel(key: string): Level {
  if (key.startsWith('level:')) return parseLevel(key.slice('level:'.length));
  const meant = isFamiliarLevel(levelName(key)) ? undefined : nearest(key, [...COLUMN_PARTS, ...Object.keys(ALSO)]);
  if (meant === undefined) return parseLevel(key);
  throw new UserError(`--column ${key}=…: did you mean ${meant}? for a level of that name write level:${key}=…`);
}

/** `text=body`, `answer=gold`, `summ_l2=short`, `level:mine=shorter` … */
function parseColumns(pairs: readonly string[]): ColumnMapping {
  const parts: Partial<Record<ColumnPart, string>> = {};
  const levels: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1 || at === pair.length - 1)
      throw new UserError(`invalid --column "${pair}": write PART=NAME, e.g. text=body`);
    const [key, name] = [pair.slice(0, at), pair.slice(at + 1)];
    const part = COLUMN_PARTS.find((known) => known === (ALSO[key] ?? key));
    if (part) parts[part] = name;
    else levels[columnLevel(key)] = name;
  }
  return { ...parts, ...(Object.keys(levels).length > 0 && { levels }) };
}

/** A positive integer; throws UserError naming the option. */
export function parseCount(option: string, value: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new UserError(`invalid --${option} "${value}": use a positive integer`);
}

/** Lines for standard error: what was noticed, and what was left out. */
export function reportLines(report: LoadReport): string[] {
  const notes = report.notes.map(
    ({ what, count, first }) => `note: ${what}${count > 1 ? ` (${count} times)` : ''}, first at ${first}`,
  );
  const problems = report.problems.map(problemText);
  const more = report.problemCount - report.problems.length;
  const skipped =
    report.problemCount === 0
      ? []
      : [
          `${report.problemCount} problems: ${report.skippedItems} items and ${report.skippedQuestions} questions left out`,
        ];
  return [...notes, ...problems, ...(more > 0 ? [`and ${more} more problems`] : []), ...skipped].map((line) =>
    visibleText(line),
  );
}

/** All items of a file as the options say, with progress unless `json` is asked for. Throws UserErrors as `loadAll` does. */
export async function loadWithProgress(
  file: string,
  options: DataOptions & { readonly json?: boolean },
): Promise<Loaded> {
  const progress = new ReadingProgress(options.json === true);
  try {
    return await loadAll(file, { ...loadOptions(options), onBytes: progress.onBytes });
  } finally {
    progress.end();
  }
}

/** Progress of a reading, in megabytes of the file. */
export class ReadingProgress {
  #progress: Progress | undefined;
  #megabytes = 0;

  constructor(readonly silent: boolean) {}

  /** To be told by the loader. */
  readonly onBytes = (read: number, total: number): void => {
    const { silent } = this;
    this.#progress ??= new Progress({ label: 'reading', total: Math.ceil(total / 1e6), unit: 'MB', silent });
    this.#megabytes = read / 1e6;
  };

  update(items: number): void {
    this.#progress?.update(this.#megabytes, `${items} items`);
  }

  end(): void {
    this.#progress?.end();
  }
}
