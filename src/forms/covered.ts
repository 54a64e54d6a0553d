/** Which questions of an exam ask for something that was asked for in training too. */
import { answerFact } from '../audit/facts.js';
import { phraseOf, type Phrase } from '../text/word-text.js';
import type { ExamItem } from './exam-wordings.js';
import { asksFacts, type FormSample } from './form.js';

/** Questions (`item/question`) with an accepted answer that a trained question of the same item has, compared as audit and judges do. */
export function coveredQuestions(samples: readonly FormSample[], items: readonly ExamItem[]): ReadonlySet<string> {
  const trained = new Set(
    samples.filter(({ form }) => asksFacts(form)).map(({ item, answer }) => `${item}\n${keyOf(phraseOf(answer))}`),
  );
  return new Set(
    items.flatMap(({ id, questions }) =>
      questions
        .filter(({ answers }) => answerFact(answers).wordings.some((each) => trained.has(`${id}\n${keyOf(each)}`)))
        .map((question) => `${id}/${question.id}`),
    ),
  );
}

const keyOf = ({ joined, signs }: Phrase): string => signs ?? joined;
