/** An evaluation: a data set's questions put to a model and judged; what brought no answer or no verdict is unscored. */
import type { Item, Question, Verdict } from '../core/records.js';
import { unscored, type Judge, type JudgeInput } from './judges/judge.js';
import { judgeAll, type JudgingOptions } from './judging.js';
import type { Judged } from './metrics.js';
import type { Outcome } from './questioned.js';

/** A question with what became of it. */
export interface Asked {
  readonly item: Item;
  readonly question: Question;
  readonly outcome: Outcome;
}

/** A question with its verdict. */
export interface Evaluated extends Asked {
  readonly verdict: Verdict;
}

/** Outcomes beside their questions, both in the items' order. */
export function askedOf(items: readonly Item[], outcomes: readonly Outcome[]): Asked[] {
  const questions = items.flatMap((item) => item.questions.map((question) => ({ item, question })));
  return questions.map((each, i) => ({ ...each, outcome: outcomes[i] ?? { status: 'failed', reason: 'not asked' } }));
}

/** Verdicts on all that was answered, in the order given. */
export async function judgeAsked(
  judge: Judge,
  asked: readonly Asked[],
  options: JudgingOptions = {},
): Promise<Evaluated[]> {
  const answered = asked.flatMap(({ question, outcome }) =>
    outcome.status === 'answered' ? inputOf(question, outcome.text) : [],
  );
  const verdicts = await judgeAll(judge, answered, options);
  let next = 0;
  return asked.map((each) => ({
    ...each,
    verdict:
      each.outcome.status === 'answered'
        ? (verdicts[next++] ?? unscored('not judged'))
        : unscored(`not answered: ${each.outcome.reason}`),
  }));
}

function inputOf(question: Question, answer: string): JudgeInput {
  const { prompt, testPrompt, type, answers, abstention = false, subject } = question;
  const about = { question: testPrompt ?? prompt, type, reference: answers[0] ?? '', answers, answer, abstention };
  return { ...about, ...(subject !== undefined && { subject }) };
}

/** What metrics read of an evaluation. */
export function judgedOf(evaluated: readonly Evaluated[]): Judged[] {
  return evaluated.map(({ item, question, verdict }) => ({
    ...{ item: item.id, question: question.id, verdict },
    abstention: question.abstention === true,
  }));
}

/** One evaluated question as a JSON line: item, question, prompt, reference, answer (null where none came), verdict. */
export function evaluatedLine({ item, question, outcome, verdict }: Evaluated): string {
  const answered = outcome.status === 'answered' ? outcome : undefined;
  const record = {
    item: item.id,
    question: question.id,
    type: question.type,
    prompt: question.testPrompt ?? question.prompt,
    reference: question.answers[0] ?? '',
    answer: answered?.text ?? null,
    finish: answered?.finish ?? null,
    verdict,
    contextTruncated: answered?.contextTruncated ?? false,
  };
  return `${JSON.stringify(record)}\n`;
}
