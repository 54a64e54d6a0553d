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

/** What a record says of an answer; what it does not say is known from elsewhere, or not known. */
export interface FoundAnswer {
  readonly item: string;
  readonly question: string;
  /** On the file's own scale; null where a judge failed. Absent where only right or wrong is known. */
  readonly score?: number | null;
  /** Null where it is not known. */
  readonly correct?: boolean | null;
  readonly level?: string;
  readonly rank?: number;
  readonly seed?: number;
  /** One training's answers; default: those of one model, level, rank and seed. */
  readonly run?: string;
  readonly model?: string;
  readonly dataset?: string;
  readonly book?: Book;
  readonly items?: number;
  readonly judge?: string;
  readonly trr?: number | null;
  readonly retention?: number | null;
  readonly bits?: number | null;
  readonly abstention?: boolean;
  readonly type?: string;
  readonly prompt?: string;
  readonly reference?: string;
  readonly answer?: string;
  readonly reason?: string;
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
