/** A data set's questions put to a model: one answer record a question, whoever answers. */
import type { Level } from '../core/levels.js';
import type { AnswerRecord, Item, Question } from '../core/records.js';
import { askedPrompt, askedSamples } from '../core/samples.js';
import type { Outcome, QuestioningOptions, Respondent } from './respondent.js';

/** Answers to all questions of the items, the text at a level shown with each (`none`: without a text), in the items' order. */
export async function answerItems(
  respondent: Respondent,
  items: readonly Item[],
  level: Level | 'none',
  options: QuestioningOptions,
): Promise<AnswerRecord[]> {
  const outcomes = await respondent.ask(askedSamples(items, level), options);
  const questions = items.flatMap((item) => item.questions.map((question) => ({ item, question })));
  return questions.map(({ item, question }, i) =>
    recordOf(item, question, outcomes[i] ?? { status: 'failed', reason: 'not asked' }),
  );
}

function recordOf(item: Item, question: Question, outcome: Outcome): AnswerRecord {
  const answered = outcome.status === 'answered' ? outcome : undefined;
  return {
    item: item.id,
    question: question.id,
    type: question.type,
    prompt: askedPrompt(question),
    reference: question.answers[0] ?? '',
    answers: question.answers,
    subject: question.subject ?? null,
    answer: answered?.text ?? null,
    finish: answered?.finish ?? null,
    failure: outcome.status === 'failed' ? outcome.reason : null,
    abstention: question.abstention === true,
    contextTruncated: answered?.contextTruncated ?? false,
    bits: question.bits ?? null,
    reworded: question.testPrompt !== undefined,
  };
}
