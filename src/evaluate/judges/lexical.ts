/** The lexical judge: scores an answer 1 to 5 from its words alone, by a table of rules; no network, the same verdict every time. */
import { scored, type Judge, type JudgeInput } from '../judge.js';
import type { Verdict } from '../../core/records.js';
import { normalise, words } from './text.js';

/** Judges by words; the best verdict over all accepted answers counts. */
export function lexicalJudge(): Judge {
  return {
    name: 'lexical',
    identity: { judge: 'lexical', version: 1 },
    judge: (input) => Promise.resolve(lexicalVerdict(input)),
  };
}

/** The verdict of the lexical rules. */
export function lexicalVerdict({ question, subject = '', reference, answers, answer }: JudgeInput): Verdict {
  const known = new Set(words(`${question} ${subject}`));
  const said = new Set(words(answer));
  const scores = [reference, ...answers].map((accepted) => {
    if (normalise(accepted) === normalise(answer)) return 5;
    const wanted = [...new Set(words(accepted))].filter((word) => !known.has(word));
    const found = wanted.filter((word) => said.has(word)).length;
    return wanted.length === 0 ? 3 : 1 + Math.round((4 * found) / wanted.length);
  });
  return scored(Math.max(...scores), 'share of the reference found');
}
