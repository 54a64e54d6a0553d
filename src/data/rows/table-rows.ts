/** Rows of tables and JSON lines: one answer a record, its parts in columns of usual names or of those that were given. */
import { isObject } from '../../core/json.js';
import type { Book } from '../../core/records.js';
import type { Fields, FoundAnswer, RowColumns, RowContext, RowForm, RowPart } from './row-form.js';
import { isNothing, numberOf, tellField, textOf, verdictOf } from './row-values.js';

/** Usual names of each part, those of our own rows first. */
const USUAL: Readonly<Record<RowPart, readonly string[]>> = {
  item: ['item', 'item_id', 'doc', 'doc_id', 'document', 'document_id', 'case_id', 'id', 'question_id'],
  question: ['question', 'question_id', 'question_index', 'q'],
  score: ['score', 'grade', 'rating'],
  correct: ['correct', 'is_correct', 'right', 'acc', 'accuracy', 'exact_match', 'passed', 'pass', 'label'],
  level: ['level', 'condition', 'compression', 'method'],
  rank: ['rank', 'r', 'lora_rank'],
  seed: ['seed'],
  run: ['run', 'run_id'],
  model: ['model', 'system'],
  dataset: ['dataset', 'data_set', 'benchmark', 'task'],
  book: ['book'],
  items: ['items', 'n_items', 'amount'],
  judge: ['judge', 'scorer', 'grader'],
  trr: ['trr', 'token_reduction'],
  retention: ['retention'],
  bits: ['bits'],
  abstention: ['abstention'],
  type: ['type', 'question_type', 'category'],
  prompt: ['prompt', 'question_text'],
  reference: ['reference', 'gold', 'target', 'ground_truth'],
  answer: ['answer', 'prediction', 'response', 'output', 'hypothesis'],
};

/** Where no columns are given. */
const NO_COLUMNS: RowColumns = {};

/** Any record with a column for items and one for a score or for right and wrong. */
export const tableRows: RowForm = {
  name: 'table',
  matches: (record) => missingParts(record, NO_COLUMNS).length === 0,
  read: (record, context) => {
    const read = new FieldReader(record, context);
    const answer = answerOf(read);
    return answer !== undefined && read.isSound ? [answer] : [];
  },
};

/** Parts that no column holds although nothing can be analysed without them. */
export function missingParts(record: Fields, columns: RowColumns): string[] {
  const { item, score, correct } = columnsOf(record, columns);
  return [...(item === undefined ? ['item'] : []), ...((score ?? correct) === undefined ? ['score (or correct)'] : [])];
}

/** Columns by the parts that they hold. */
type FoundColumns = Readonly<Partial<Record<RowPart, string>>>;

const PARTS = Object.keys(USUAL) as readonly RowPart[];

/** What was found last: the records of a file mostly have the same fields. */
let last:
  { readonly fields: readonly string[]; readonly columns: RowColumns; readonly found: FoundColumns } | undefined;

/** The column that holds each part: as given, else by its usual names; `question_id` is the question where another column is the item. */
function columnsOf(record: Fields, columns: RowColumns): FoundColumns {
  const fields = Object.keys(record);
  if (last?.columns === columns && isSame(last.fields, fields)) return last.found;
  const found = Object.fromEntries(PARTS.map((part) => [part, columnOf(record, part, columns)]));
  last = { fields, columns, found };
  return found;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

function columnOf(record: Fields, part: RowPart, columns: RowColumns): string | undefined {
  const given = columns[part];
  if (given !== undefined) return Object.hasOwn(record, given) ? given : undefined;
  const taken = new Set<string | undefined>(Object.values(columns));
  const item = part === 'item' ? undefined : (columns.item ?? USUAL.item.find((name) => Object.hasOwn(record, name)));
  return USUAL[part].find((name) => Object.hasOwn(record, name) && !taken.has(name) && name !== item);
}

function answerOf(read: FieldReader): FoundAnswer | undefined {
  const item = read.text('item');
  if (item === undefined) return read.missing('item', 'name the item or document that the answer belongs to');
  const [score, correct] = [read.number('score'), read.verdict('correct')];
  if (read.status() === 'unscored') return foundAnswer(read, { item, score: null, correct: null });
  if (
    score === undefined &&
    correct === undefined &&
    read.column('score') === undefined &&
    read.column('correct') === undefined
  )
    return read.missing('score', 'give a score, or whether the answer is right');
  return foundAnswer(read, {
    item,
    score: read.column('score') === undefined ? undefined : (score ?? null),
    correct: read.column('correct') === undefined ? undefined : (correct ?? null),
  });
}

/** Written out, for objects that are put together by name are slow to make and to read where there are many. */
function foundAnswer(
  read: FieldReader,
  { item, score, correct }: Pick<FoundAnswer, 'item' | 'score' | 'correct'>,
): FoundAnswer {
  return {
    item,
    question: read.text('question') ?? '',
    score,
    correct,
    level: read.text('level'),
    run: read.text('run'),
    model: read.text('model'),
    dataset: read.text('dataset'),
    judge: read.text('judge'),
    rank: read.whole('rank'),
    seed: read.whole('seed'),
    items: read.whole('items'),
    book: read.book(),
    trr: read.number('trr'),
    retention: read.number('retention'),
    bits: read.number('bits'),
    abstention: read.verdict('abstention'),
    type: read.text('type'),
    prompt: read.text('prompt'),
    reference: read.text('reference'),
    answer: read.text('answer'),
    reason: read.own('reason'),
  };
}

function wholeOf(value: unknown): number | undefined {
  const number = numberOf(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function bookOf(value: unknown): Book | undefined {
  return value === 'open' || value === 'closed' || value === 'text' ? value : undefined;
}

/** Reads a record's fields by their parts, telling what is of another kind. */
class FieldReader {
  isSound = true;
  readonly #columns: FoundColumns;

  constructor(
    readonly record: Fields,
    readonly context: RowContext,
  ) {
    this.#columns = columnsOf(record, context.columns);
  }

  column(part: RowPart): string | undefined {
    return this.#columns[part];
  }

  text(part: RowPart): string | undefined {
    return this.#read(part, textOf, 'write text or a number here');
  }

  number(part: RowPart): number | undefined {
    return this.#read(part, numberOf, 'write a number here, or leave the field empty');
  }

  whole(part: RowPart): number | undefined {
    return this.#read(part, wholeOf, 'write a whole number of 0 or more here');
  }

  verdict(part: RowPart): boolean | undefined {
    return this.#read(part, verdictOf, 'write true or false here (or 1 and 0, yes and no, pass and fail)');
  }

  book(): Book | undefined {
    return this.#read('book', bookOf, 'write open, closed or text here');
  }

  /** A field of our own rows that no column stands for. */
  own(field: string): string | undefined {
    return Object.hasOwn(this.record, field) ? textOf(this.record[field]) : undefined;
  }

  status(): string | undefined {
    return this.own('status');
  }

  missing(part: RowPart, fix: string): undefined {
    this.isSound = false;
    const column = this.column(part) ?? this.context.columns[part] ?? part;
    tellField(this.context, column, isObject(this.record) ? this.record[column] : undefined, fix);
    return undefined;
  }

  #read<T>(part: RowPart, as: (value: unknown) => T | undefined, fix: string): T | undefined {
    const column = this.column(part);
    const value = column === undefined ? undefined : this.record[column];
    if (column === undefined || isNothing(value)) return undefined;
    const read = as(value);
    if (read === undefined) {
      this.isSound = false;
      tellField(this.context, column, value, fix);
    }
    return read;
  }
}
