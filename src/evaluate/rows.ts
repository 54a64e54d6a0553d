/** Rows: a judged answer with its place in the grid, the one form that analysis and report read. */
import type { AnswerRecord, GridPlace, Row, TextGroup, Verdict } from '../core/records.js';

/** What an answer's text kept of its original; null where no text was shown. */
export interface Kept {
  readonly trr: number | null;
  readonly retention: number | null;
}

/** An answer that was judged. */
export interface JudgedAnswer {
  readonly place: GridPlace;
  /** What rows call the judge. */
  readonly judge: string;
  readonly record: AnswerRecord;
  readonly verdict: Verdict;
  /** Default unknown. */
  readonly kept?: Kept;
  /** What a trained text had of the question. */
  readonly group?: TextGroup;
}

const UNKNOWN: Kept = { trr: null, retention: null };

/** One row of a judge's verdict on an answer. */
export function rowOf({ place, judge, record, verdict, kept = UNKNOWN, group }: JudgedAnswer): Row {
  const { item, question, type, abstention, contextTruncated, bits, prompt, reference, answer, finish } = record;
  return {
    run: place.run,
    dataset: place.dataset,
    ...{ item, question, type },
    ...{ book: place.book, level: place.level, rank: place.rank, scale: place.scale },
    ...{ items: place.items, seed: place.seed, judge },
    status: verdict.status,
    score: verdict.status === 'scored' ? verdict.score : null,
    correct: verdict.status === 'scored' ? verdict.correct : null,
    ...{ abstention, contextTruncated },
    ...{ trr: kept.trr, retention: kept.retention, bits },
    ...{ prompt, reference, answer: answer ?? '', finish, reason: verdict.reason },
    reworded: record.reworded ?? null,
    ...{ form: place.form ?? null, exposures: place.exposures ?? null, control: place.control ?? null },
    group: group ?? null,
  };
}
