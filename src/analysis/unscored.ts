/** Why answers are unscored, and which judges scored nothing: what is said of judging that failed. */
import { distinct, groupBy } from '../core/collections.js';
import type { Row } from '../core/records.js';
import { cautionWords } from '../words/verdict.js';
import { counted } from './wording.js';

type Judged = Pick<Row, 'judge' | 'status' | 'reason'>;

/** Answers that one judge left unscored for one reason. */
export interface Unscored {
  readonly judge: string;
  readonly reason: string;
  readonly answers: number;
}

/** Why rows are unscored, by judge and reason, the most frequent first. */
export function unscoredReasons(rows: readonly Judged[]): Unscored[] {
  const failed = rows.filter(({ status }) => status === 'unscored');
  return [...groupBy(failed, ({ judge, reason }) => JSON.stringify([judge, reason])).values()]
    .flatMap((alike) => {
      const [first] = alike;
      return first === undefined ? [] : [{ judge: first.judge, reason: first.reason, answers: alike.length }];
    })
    .sort((a, b) => b.answers - a.answers);
}

/** Judges that scored none of the rows that they were given. */
export function silentJudges(rows: readonly Judged[]): string[] {
  const scored = new Set(rows.filter(({ status }) => status === 'scored').map(({ judge }) => judge));
  return distinct(rows.map(({ judge }) => judge)).filter((judge) => !scored.has(judge));
}

/** Reasons told at most. */
const MOST_REASONS = 5;

/** The reasons as lines: `llm (qwen-plus): 12 answers unscored: network: connect ECONNREFUSED 127.0.0.1:8000`. */
export function unscoredLines(reasons: readonly Unscored[]): string[] {
  const words = cautionWords();
  const told = reasons.slice(0, MOST_REASONS);
  const others = reasons.slice(MOST_REASONS);
  const more = others.reduce((sum, { answers }) => sum + answers, 0);
  return [
    ...told.map(({ judge, reason, answers }) => words.unscoredLine(judge, counted(answers, 'answer'), reason)),
    ...(more > 0 ? [words.moreUnscored(counted(more, 'answer'), counted(others.length, 'other reason'))] : []),
  ];
}
