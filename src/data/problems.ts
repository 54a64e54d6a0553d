/** What is wrong with a data file: every problem with its place and its mending, collected so that all are told at once. */
import { UserErrors } from '../core/errors.js';

/** Where a record stands. */
export interface Place {
  readonly file: string;
  /** Line on which the record starts, from 1; absent in binary files. */
  readonly line?: number;
  /** Number of the record in its file, from 1. */
  readonly record?: number;
  /** Path of the record within the object that wraps it, e.g. `data[0].paragraphs[2]`. */
  readonly within?: string;
}

/** What a problem takes with it when it is skipped: the whole file, one item, or one question. */
export type ProblemScope = 'file' | 'item' | 'question';

export interface Problem extends Place {
  /** Path of the field, e.g. `ground_truth_triplets[3].target`; empty when the record as a whole is meant. */
  readonly field: string;
  readonly what: string;
  readonly fix: string;
  readonly scope: ProblemScope;
}

/** Something noticed that stops nothing, with how often and where first. */
export interface Note {
  readonly what: string;
  readonly count: number;
  readonly first: string;
}

/** `file:line: field: what: fix`, the form of every problem shown. */
export function problemText(problem: Problem): string {
  const field = problem.field === '' ? '' : `${problem.field}: `;
  return `${placeText(problem)}: ${field}${problem.what}: ${problem.fix}`;
}

/** `file:line`, with the record's number where the first line holds several, or its path where an object wraps it; `file: record n` where there are no lines. */
export function placeText(place: Place): string {
  if (place.within !== undefined)
    return `${place.file}${place.line === undefined ? '' : `:${place.line}`}: ${place.within}`;
  if (sharesLine(place)) return `${place.file}:${place.line}: record ${place.record}`;
  if (place.line !== undefined) return `${place.file}:${place.line}`;
  return place.record === undefined ? place.file : `${place.file}: record ${place.record}`;
}

/** Whether a record stands on the first line behind others, as in JSON written without line breaks. */
export function sharesLine({ line, record = 1, within }: Place): boolean {
  return within !== undefined || (line === 1 && record > 1);
}

/** Problems listed in full; further ones are counted. */
const LISTED = 50;

/** Collects problems and notes while a file is read. */
export class ProblemLog {
  readonly #problems: Problem[] = [];
  readonly #notes = new Map<string, { count: number; first: string }>();
  readonly #counts: Record<ProblemScope, number> = { file: 0, item: 0, question: 0 };
  #skippedItems = 0;
  #lastBroken = '';

  add(problem: Problem): void {
    this.#counts[problem.scope]++;
    if (problem.scope === 'item') this.#countItem(problem);
    if (this.#problems.length < LISTED) this.#problems.push(problem);
  }

  /** Records a thing worth knowing that is no mistake; equal texts are counted together. */
  note(what: string, place: Place, field = ''): void {
    const seen = this.#notes.get(what);
    if (seen) seen.count++;
    else this.#notes.set(what, { count: 1, first: `${placeText(place)}${field === '' ? '' : `: ${field}`}` });
  }

  get count(): number {
    return this.#counts.file + this.#counts.item + this.#counts.question;
  }

  /** Number of records that have a problem of their own (not of one question). */
  get skippedItems(): number {
    return this.#skippedItems;
  }

  /** Number of problems of one scope. */
  countOf(scope: ProblemScope): number {
    return this.#counts[scope];
  }

  /** Problems of one record come one after the other, so the last one's place tells whether this is a new record. */
  #countItem(problem: Problem): void {
    const place = `${problem.file}:${problem.record ?? problem.line ?? ''}`;
    if (place !== this.#lastBroken) this.#skippedItems++;
    this.#lastBroken = place;
  }

  /** The first problems, at most 50. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  get notes(): readonly Note[] {
    return [...this.#notes].map(([what, { count, first }]) => ({ what, count, first }));
  }
}

/** One error that tells all problems of a file. */
export function problemsError(file: string, problems: readonly Problem[], count: number): UserErrors {
  const lines = problems.map(problemText);
  if (count > problems.length) lines.push(`and ${count - problems.length} more`);
  return new UserErrors(`${file}: ${count} problem${count === 1 ? '' : 's'} in the data`, lines);
}
