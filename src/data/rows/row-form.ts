/** The contract of a form of judged answers: whether a record is of it, and the answers it holds. */
import type { Book } from '../../core/records.js';
import type { CheckContext } from '../schema.js';

/** Parts of a row that a column may hold, or that may be set for all of a file. */
export const ROW_PARTS = [
  'item',
  'question',
  'score',
  'correct',
  'level',
  'rank',
  'seed',
  'run',
  'model',
  'dataset',
  'book',
  'items',
  'judge',
  'trr',
  'retention',
  'bits',
  'abstention',
  'type',
  'prompt',
  'reference',
  'answer',
] as const;

export type RowPart = (typeof ROW_PARTS)[number];

/** Columns (or fields) by the parts they hold. */
export type RowColumns = Readonly<Partial<Record<RowPart, string>>>;

/** What a record says of an answer; what it does not say, absent or undefined, is known from elsewhere, or not known. */
export interface FoundAnswer {
  readonly item: string;
  readonly question: string;
  /** On the file's own scale; null where a judge failed. Absent where only right or wrong is known. */
  readonly score?: number | null | undefined;
  /** Null where it is not known. */
  readonly correct?: boolean | null | undefined;
  readonly level?: string | undefined;
  readonly rank?: number | undefined;
  readonly seed?: number | undefined;
  /** One training's answers; default: those of one model, level, rank and seed. */
  readonly run?: string | undefined;
  readonly model?: string | undefined;
  readonly dataset?: string | undefined;
  readonly book?: Book | undefined;
  readonly items?: number | undefined;
  readonly judge?: string | undefined;
  readonly trr?: number | null | undefined;
  readonly retention?: number | null | undefined;
  readonly bits?: number | null | undefined;
  readonly abstention?: boolean | undefined;
  readonly type?: string | undefined;
  readonly prompt?: string | undefined;
  readonly reference?: string | undefined;
  readonly answer?: string | undefined;
  readonly reason?: string | undefined;
}

export interface RowContext extends CheckContext {
  readonly columns: RowColumns;
}

export type Fields = Readonly<Record<string, unknown>>;

/** One form: each lives in a file of its own. */
export interface RowForm {
  readonly name: string;
  /** Whether a record looks like this form. */
  matches(record: Fields): boolean;
  /** The record's answers; those that are broken are told to the log and left out. */
  read(record: Fields, context: RowContext): readonly FoundAnswer[];
}
