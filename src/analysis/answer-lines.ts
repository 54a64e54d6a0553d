/** A cell's answers as lines of numbers, questions numbered alike in all cells of one data set and book: what comparisons are paired on. */
import type { Row } from '../core/records.js';
import { valueOf, type Measure } from './measure.js';

/** Values by question; NaN where a question has no scored answer. */
export type Line = Float64Array;

/** The scored answers of one cell to questions that have an answer. */
export interface AnswerLines {
  /** Number of items, and the item of each question: the same for all cells of one data set and book. */
  readonly items: number;
  readonly itemOf: Int32Array;
  /** One line a run, by each measure. */
  readonly score: readonly Line[];
  readonly accuracy: readonly Line[];
}

/** The lines of several groups of rows, of one data set and book; `runs` names each group's runs in order. */
export function answerLines(
  groups: readonly { readonly rows: readonly Row[]; readonly runs: readonly string[] }[],
): AnswerLines[] {
  const numbered = groups.map(({ rows, runs }) => ({ rows, runs, questions: new Int32Array(rows.length) }));
  const numbers = new QuestionNumbers();
  for (const { rows, questions } of numbered) {
    for (let i = 0; i < rows.length; i++) questions[i] = numbers.of(rows[i] as Row);
  }
  const shared = { items: numbers.items, itemOf: Int32Array.from(numbers.itemOf) };
  return numbered.map((group) => ({
    ...shared,
    score: runLines(group, shared.itemOf.length, 'score'),
    accuracy: runLines(group, shared.itemOf.length, 'accuracy'),
  }));
}

/** The mean over a cell's runs of each question, over the runs that have it. */
export function meanLine(answers: AnswerLines, measure: Measure): Line {
  const lines = answers[measure];
  const [only] = lines;
  if (only !== undefined && lines.length === 1) return only;
  return answers.itemOf.reduce((mean, _, question) => {
    let [sum, n] = [0, 0];
    for (const line of lines) {
      const value = line[question] as number;
      if (Number.isNaN(value)) continue;
      sum += value;
      n++;
    }
    mean[question] = sum / n;
    return mean;
  }, new Float64Array(answers.itemOf.length));
}

class QuestionNumbers {
  readonly #known = new Map<string, { readonly item: number; readonly questions: Map<string, number> }>();
  readonly itemOf: number[] = [];

  get items(): number {
    return this.#known.size;
  }

  of({ item, question }: Row): number {
    let own = this.#known.get(item);
    if (own === undefined) this.#known.set(item, (own = { item: this.#known.size, questions: new Map() }));
    let number = own.questions.get(question);
    if (number === undefined) {
      own.questions.set(question, (number = this.itemOf.length));
      this.itemOf.push(own.item);
    }
    return number;
  }
}

interface NumberedRows {
  readonly rows: readonly Row[];
  readonly runs: readonly string[];
  readonly questions: Int32Array;
}

/** A question that one run answered twice counts as the mean of the two. */
function runLines({ rows, runs, questions }: NumberedRows, width: number, measure: Measure): Line[] {
  const lines = new Map(runs.map((run) => [run, { sums: new Float64Array(width), counts: new Uint16Array(width) }]));
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Row;
    const value = row.abstention ? null : valueOf(row, measure);
    const own = lines.get(row.run);
    if (value === null || own === undefined) continue;
    const question = questions[i] as number;
    own.sums[question] = (own.sums[question] as number) + value;
    own.counts[question] = (own.counts[question] as number) + 1;
  }
  return [...lines.values()].map(({ sums, counts }) => sums.map((sum, question) => sum / (counts[question] as number)));
}
