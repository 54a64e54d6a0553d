/** Judging LongMemEval hypotheses with any judge, into results in the benchmark's own form. */
import type { AnswerRecord } from '../../core/records.js';
import { judgeAnswers, type JudgingOptions } from '../judge-answers.js';
import type { Judge } from '../judges/contract.js';
import { isAbstention, type EvaluationResult, type Hypothesis, type Reference } from './records.js';

/** A LongMemEval question with its hypothesis, as an answer to judge. */
function answerOf(
  { question, question_type: type, answer: reference, question_id }: Reference,
  answer: string,
): AnswerRecord {
  return {
    ...{ item: question_id, question: question_id, type, prompt: question, reference, answers: [reference] },
    ...{ subject: null, answer, finish: null, failure: null, abstention: isAbstention(question_id) },
    ...{ contextTruncated: false, bits: null },
  };
}

export interface HypothesesEvaluation {
  readonly results: EvaluationResult[];
  readonly unscored: number;
  /** Why, one an answer. */
  readonly reasons: readonly { readonly judge: string; readonly status: 'unscored'; readonly reason: string }[];
}

/** Results for the hypotheses the judge could score; a label is whether the verdict counts as correct. Hypotheses of unknown questions are left out. */
export async function evaluateHypotheses(
  judge: Judge,
  hypotheses: readonly Hypothesis[],
  references: readonly Reference[],
  options: JudgingOptions = {},
): Promise<HypothesesEvaluation> {
  const questions = new Map(references.map((reference) => [reference.question_id, reference]));
  const known = hypotheses.flatMap((hypothesis) => {
    const reference = questions.get(hypothesis.question_id);
    return reference === undefined ? [] : [{ hypothesis, record: answerOf(reference, hypothesis.hypothesis) }];
  });
  const verdicts = await judgeAnswers(
    judge,
    known.map(({ record }) => record),
    options,
  );
  const results = known.flatMap(({ hypothesis }, i): EvaluationResult[] => {
    const verdict = verdicts[i];
    if (verdict?.status !== 'scored') return [];
    return [{ ...hypothesis, autoeval_label: { model: judge.name, label: verdict.correct } }];
  });
  const reasons = verdicts.flatMap((verdict) =>
    verdict.status === 'unscored' ? [{ judge: judge.name, status: verdict.status, reason: verdict.reason }] : [],
  );
  return { results, unscored: known.length - results.length, reasons };
}
