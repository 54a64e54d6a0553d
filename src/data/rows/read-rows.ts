/** Judged answers of files that lightmem did not write, as its rows: tables, JSON lines, and logs of other tools, told apart by their form. */
import { basename, extname } from 'node:path';
import { UserError } from '../../core/errors.js';
import { isObject } from '../../core/json.js';
import { isLevel, LEVEL_RULE, levelName } from '../../core/levels.js';
import { didYouMean } from '../../core/nearest.js';
import type { Row } from '../../core/records.js';
import { detectSource, readRecords } from '../containers/source.js';
import { wrappingField } from '../containers/wrapped.js';
import type { SourceRecord } from '../containers/source-record.js';
import { problemsError, ProblemLog, type Note, type Place } from '../problems.js';
import { kindOf } from '../schema.js';
import { inspectLog } from './inspect-log.js';
import { lmEvalSamples } from './lm-eval.js';
import { longMemEvalResults } from './longmemeval-results.js';
import { promptfooResults } from './promptfoo.js';
import type { Fields, FoundAnswer, RowColumns, RowForm, RowPart } from './row-form.js';
import { missingParts, tableRows } from './table-rows.js';

/** Forms in the order in which they are recognised. */
const FORMS: readonly RowForm[] = [lmEvalSamples, inspectLog, promptfooResults, longMemEvalResults, tableRows];

/** What is said of all answers of a file where its records do not say it. */
export type RowDefaults = Readonly<
  Partial<Pick<Row, 'run' | 'dataset' | 'book' | 'level' | 'rank' | 'items' | 'seed' | 'judge'>>
>;

export interface RowOptions {
  /** Columns by the parts they hold; default: usual names. */
  readonly columns?: RowColumns;
  readonly defaults?: RowDefaults;
  /** The least and the greatest score there can be; default 1 and 5. */
  readonly scale?: readonly [number, number];
  readonly encoding?: string;
}

export interface ReadRows {
  readonly rows: readonly Row[];
  /** The form that was recognised. */
  readonly form: string;
  readonly notes: readonly Note[];
}

/** All answers of a file. Throws UserErrors naming file, line and field of everything that cannot be read. */
export async function readForeignRows(path: string, options: RowOptions = {}): Promise<ReadRows> {
  refuseArchive(path);
  const log = new ProblemLog();
  const source = await detectSource(path, path, options.encoding);
  const reader = new RowReader(path, options, log);
  for await (const record of flat(readRecords(source, log))) reader.push(record);
  if (log.count > 0) throw problemsError(path, log.problems, log.count);
  return reader.result();
}

function refuseArchive(path: string): void {
  if (extname(path) === '.eval')
    throw new UserError(
      `${path}: is a log of inspect_ai in its binary form: write it as JSON, e.g. inspect log dump ${path} > log.json`,
    );
}

/** Records that an object wraps one by one, unless that object is of a form itself. */
async function* flat(records: AsyncIterable<SourceRecord>): AsyncGenerator<SourceRecord> {
  for await (const record of records) {
    const { value, place } = record;
    const field = isObject(value) ? wrappingField(value) : undefined;
    if (!isObject(value) || field === undefined || FORMS.some((form) => form.matches(value))) yield record;
    else
      for (const [i, inner] of (value[field] as unknown[]).entries())
        yield { value: inner, place: { ...place, within: `${field}[${i}]` } };
  }
}

/** Makes rows of records, all of the first one's form. */
class RowReader {
  readonly #rows: Row[] = [];
  readonly #places = new SeenPlaces();
  readonly #columns: RowColumns;
  #form: RowForm | undefined;

  constructor(
    readonly path: string,
    readonly options: RowOptions,
    readonly log: ProblemLog,
  ) {
    this.#columns = options.columns ?? {};
  }

  push({ value, place }: SourceRecord): void {
    if (!isObject(value)) {
      const what = `is ${kindOf(value)}`;
      this.log.add({ ...place, field: '', what, fix: 'write an object with named fields', scope: 'item' });
      return;
    }
    this.#form ??= formOf(value, this.options, this.path);
    const context = { columns: this.#columns, place, log: this.log };
    for (const answer of this.#form.read(value, context)) this.#add(answer, place);
  }

  result(): ReadRows {
    if (this.#rows.length === 0) throw new UserError(`${this.path}: holds no answer: give a file with at least one`);
    return { rows: this.#rows, form: this.#form?.name ?? '', notes: this.log.notes };
  }

  #add(answer: FoundAnswer, place: Place): void {
    const { defaults = {}, scale = [1, 5] } = this.options;
    const problem = this.#problemOf(answer, scale);
    if (problem !== undefined) {
      this.log.add({ ...place, ...problem, scope: 'item' });
      return;
    }
    const row = rowOf(this.#form === tableRows ? rescaled(answer, scale) : answer, defaults, this.path);
    if (this.#places.isTwice(row)) this.log.note(TWICE, place);
    this.#rows.push(row);
  }

  /** What of an answer cannot be a row; logs of tools have scores of their own, which their form has read. */
  #problemOf(
    { score, level: own }: FoundAnswer,
    [least, most]: readonly [number, number],
  ): { readonly field: string; readonly what: string; readonly fix: string } | undefined {
    const { columns, defaults } = this.options;
    if (typeof score === 'number' && this.#form === tableRows && !(score >= least && score <= most)) {
      const fix = `use numbers from ${least} to ${most}, or say what the scale is, e.g. scale 0,1`;
      return { field: columns?.score ?? 'score', what: `is ${score}`, fix };
    }
    const level = defaults?.level ?? own ?? 'original';
    if (level === 'none' || isLevel(levelName(level))) return undefined;
    const what = `is no level's name (${JSON.stringify(level.slice(0, 40))})`;
    return { field: columns?.level ?? 'level', what, fix: LEVEL_RULE };
  }
}

const TWICE = 'an item and question stands again for the same run, level, rank and seed; the mean of all counts';

/** The score on our scale from 1 to 5. */
function rescaled(answer: FoundAnswer, [least, most]: readonly [number, number]): FoundAnswer {
  const { score } = answer;
  return typeof score === 'number' ? { ...answer, score: 1 + (4 * (score - least)) / (most - least) } : answer;
}

/** Questions that were asked in a place of the grid, by their places. */
class SeenPlaces {
  readonly #places = new Map<string, Set<string>>();
  #last: { readonly row: Row; readonly questions: Set<string> } | undefined;

  /** Whether a row like this one was here before. */
  isTwice(row: Row): boolean {
    const questions = this.#questionsOf(row);
    const before = questions.size;
    questions.add(JSON.stringify([row.item, row.question]));
    return questions.size === before;
  }

  /** Rows of one place mostly follow one another. */
  #questionsOf(row: Row): Set<string> {
    if (this.#last !== undefined && PLACE.every((part) => this.#last?.row[part] === row[part]))
      return this.#last.questions;
    const key = JSON.stringify(PLACE.map((part) => row[part]));
    const questions = this.#places.get(key) ?? new Set();
    this.#places.set(key, questions);
    this.#last = { row, questions };
    return questions;
  }
}

/** What tells one place of the grid from another. */
const PLACE = ['run', 'dataset', 'book', 'level', 'rank', 'items', 'seed', 'judge'] as const;

function formOf(record: Fields, { columns = {} }: RowOptions, path: string): RowForm {
  for (const [part, column] of Object.entries(columns) as [RowPart, string][]) {
    const form = FORMS.find((each) => each !== tableRows && each.matches(record));
    if (form === undefined && !Object.hasOwn(record, column))
      throw new UserError(
        `${path}: no column "${column}" for ${part}${didYouMean(column, Object.keys(record).slice(0, 20))}`,
      );
  }
  const form = FORMS.find((each) => each.matches(record));
  if (form !== undefined) return form;
  const missing = missingParts(record, columns);
  if (missing.length === 0) return tableRows;
  const fields = Object.keys(record).slice(0, 12).join(', ');
  throw new UserError(
    `${path}: no column is known to hold ${missing.join(' and ')} (there are ${fields}): say where it is, e.g. columns ${missing[0] === 'item' ? 'item=NAME' : 'score=NAME, or correct=NAME'}`,
  );
}

/** Right from four of five points on, as our judges have it. */
const CORRECT_FROM = 4;

function rowOf(answer: FoundAnswer, defaults: RowDefaults, path: string): Row {
  const score = answer.score ?? (answer.correct === true ? 5 : answer.correct === false ? 1 : null);
  const correct = answer.correct ?? (score === null ? null : score >= CORRECT_FROM);
  const level = defaults.level ?? answer.level ?? 'original';
  const rank = defaults.rank ?? answer.rank ?? 0;
  const seed = defaults.seed ?? answer.seed ?? 0;
  const dataset = defaults.dataset ?? answer.dataset ?? basename(path, extname(path));
  return {
    run: defaults.run ?? answer.run ?? [answer.model ?? dataset, level, `r${rank}`, `s${seed}`].join('-'),
    dataset,
    book: defaults.book ?? answer.book ?? (level === 'none' ? 'closed' : 'open'),
    level: level === 'none' ? level : levelName(level),
    rank,
    scale: 0,
    items: defaults.items ?? answer.items ?? 0,
    seed,
    item: answer.item,
    question: answer.question,
    type: answer.type ?? 'question',
    judge: defaults.judge ?? answer.judge ?? 'given',
    status: score === null ? 'unscored' : 'scored',
    score,
    correct: score === null ? null : correct,
    abstention: answer.abstention ?? false,
    contextTruncated: false,
    trr: answer.trr ?? null,
    retention: answer.retention ?? null,
    bits: answer.bits ?? null,
    prompt: answer.prompt ?? '',
    reference: answer.reference ?? '',
    answer: answer.answer ?? '',
    finish: null,
    reason: answer.reason ?? '',
    reworded: null,
    form: null,
    exposures: null,
    control: null,
    group: null,
  };
}
