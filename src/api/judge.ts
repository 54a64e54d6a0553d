/** The verb `judge`: verdicts on answer records, as rows. */
import type { AnswerRecord, GridPlace, Row } from '../core/records.js';
import { judgeAnswers, type JudgingOptions } from '../evaluate/judge-answers.js';
import { unscored, type Judge } from '../evaluate/judges/contract.js';
import { openJudge, type JudgeChoice } from '../evaluate/judges/open-judge.js';
import { rowOf } from '../evaluate/rows.js';

export interface JudgeOptions extends JudgingOptions {
  /** Where the answers belong in a grid, as far as it matters; default one run `answers` of a data set `answers`, closed book. */
  readonly place?: Partial<GridPlace>;
}

const PLACE: GridPlace = {
  ...{ run: 'answers', dataset: 'answers', book: 'closed', level: 'none' },
  ...{ rank: 0, scale: 0, items: 0, seed: 0 },
};

/**
 * Judges answers: by a judge's name (`lexical` and `exact` need no model), a choice with model and endpoint, or a judge of your own.
 * One row an answer, in their order; what cannot be judged is unscored. Throws UserError where judge, endpoint or key is missing.
 */
export async function judge(
  records: readonly AnswerRecord[],
  by: string | JudgeChoice | Judge,
  { place = {}, ...options }: JudgeOptions = {},
): Promise<Row[]> {
  const opened = openedJudge(by);
  const verdicts = await judgeAnswers(opened.judge, records, { concurrency: opened.concurrency, ...options });
  return records.map((record, i) => {
    const verdict = verdicts[i] ?? unscored('not judged');
    return rowOf({ place: { ...PLACE, ...place }, judge: opened.label, record, verdict });
  });
}

function openedJudge(by: string | JudgeChoice | Judge) {
  if (typeof by === 'string') return openJudge({ name: by });
  return 'judge' in by ? { judge: by, label: by.name, concurrency: 1 } : openJudge(by);
}
