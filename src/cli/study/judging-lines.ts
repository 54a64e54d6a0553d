/** What is said of judging that failed. */
import { unscoredLines } from '../../analysis/unscored.js';
import { counted } from '../../analysis/wording.js';
import { terminalWords } from '../../words/tables.js';
import type { StudySummary } from '../../study/runner.js';

/** What is said of answers that stayed unscored, and how they are asked about again. */
export function judgingLines(
  { unscored, silent }: Pick<StudySummary, 'unscored' | 'silent'>,
  folder: string,
): string[] {
  if (unscored.length === 0) return [];
  const words = terminalWords();
  return [
    ...unscoredLines(unscored),
    ...silent.map(({ judge, runs }) => words.scoredNothing(judge, counted(runs, 'run'))),
    words.judgedAgain(`lightmem study judge ${folder} --unscored`),
  ];
}
