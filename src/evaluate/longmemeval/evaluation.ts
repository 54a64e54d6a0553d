/** Judging LongMemEval hypotheses with any judge, into results in the benchmark's own form. */
import type { Judge, JudgeInput } from '../judges/judge.js';
import { judgeAll, type JudgingOptions } from '../judging.js';
import { isAbstention, type EvaluationResult, type Hypothesis, type Reference } from './records.js';

/** What a judge reads of a LongMemEval question and its hypothesis. */
export function longMemEvalInput(
  { question, question_type: type, answer: reference, question_id }: Reference,
  answer: string,
): JudgeInput {
  return { question, type, reference, answers: [reference], answer, abstention: isAbstention(question_id) };
}

/** Results for the hypotheses the judge could score; a label is whether the verdict counts as correct. Hypotheses of unknown questions are left out. */
export async function evaluateHypotheses(
  judge: Judge,
  hypotheses: readonly Hypothesis[],
  references: readonly Reference[],
  options: JudgingOptions = {},
): Promise<{ results: EvaluationResult[]; unscored: number }> {
  const questions = new Map(references.map((reference) => [reference.question_id, reference]));
  const known = hypotheses.flatMap((hypothesis) => {
    const reference = questions.get(hypothesis.question_id);
    return reference === undefined ? [] : [{ hypothesis, input: longMemEvalInput(reference, hypothesis.hypothesis) }];
  });
  const verdicts = await judgeAll(
    judge,
    known.map(({ input }) => input),
    options,
  );
  const results = known.flatMap(({ hypothesis }, i): EvaluationResult[] => {
    const verdict = verdicts[i];
    if (verdict?.status !== 'scored') return [];
    return [{ ...hypothesis, autoeval_label: { model: judge.name, label: verdict.correct } }];
  });
  return { results, unscored: known.length - results.length };
}
