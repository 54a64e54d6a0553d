/** What is said of judging that failed. */
import { unscoredLines } from '../../analysis/unscored.js';
import { counted } from '../../analysis/wording.js';
import type { StudySummary } from '../../study/runner.js';

/** What is said of answers that stayed unscored, and how they are asked about again. */
export function judgingLines(
  { unscored, silent }: Pick<StudySummary, 'unscored' | 'silent'>,
  folder: string,
): string[] {
  if (unscored.length === 0) return [];
  return [
    ...unscoredLines(unscored),
    ...silent.map(({ judge, runs }) => `${judge} scored nothing in ${counted(runs, 'run')}`),
    `unscored answers are judged again by the next study run, or by: lightmem study judge ${folder} --unscored`,
  ];
}
