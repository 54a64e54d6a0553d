/** How a run stands and what it scored, in a few words: for tables and for people who look at one run. */
import type { Row } from '../../core/records.js';
import type { StoredRun } from '../../study/run-store.js';
import { runSummary } from '../../study/run-summary.js';
import { durationText } from '../../text/duration.js';

export type RunScores = ReturnType<typeof scoresOf>;

/** Means over what was scored; null where nothing was. */
export function scoresOf(rows: readonly Row[]) {
  const scored = rows.filter(({ status }) => status === 'scored');
  const mean = (value: (row: Row) => number): number | null =>
    scored.length === 0 ? null : scored.reduce((sum, row) => sum + value(row), 0) / scored.length;
  return {
    answers: rows.length,
    unscored: rows.length - scored.length,
    meanScore: mean(({ score }) => score ?? 0),
    correct: mean(({ correct }) => Number(correct)),
  };
}

/** Answers, and how many of them no judge scored; empty where there are none. */
export function answersText({ answers, unscored }: RunScores): string {
  if (answers === 0) return '';
  return unscored === 0 ? String(answers) : `${answers} (${unscored} unscored)`;
}

/** How it stands; of one under way, what it does and how much of that is done. */
export function statusText(run: StoredRun): string {
  if (run.status !== 'running' || run.report === null) return run.status;
  return `running: ${run.report.stage} ${Math.floor(100 * run.report.share)} %`;
}

/** The time it took; empty of one that is not done. */
export function timeText(run: StoredRun): string {
  const { seconds } = runSummary(run);
  return seconds === null ? '' : durationText(seconds);
}
