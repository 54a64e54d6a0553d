/** Items to samples: what a run trains on, and what it asks. */
import type { Level } from './levels.js';
import type { Item, Question, Sample } from './records.js';

/** One sample per question, in the wording to train on, with the reference as its answer; without a text also one per paraphrase. */
export function trainingSamples(items: readonly Item[], level: Level | 'none'): Sample[] {
  const most = level === 'none' ? Math.max(0, ...items.flatMap(({ questions }) => questions.map(paraphrasesOf))) : 0;
  const again = Array.from({ length: most }, (_, i) =>
    samplesOf(withParaphrase(items, i), level, ({ paraphrases }) => paraphrases?.[i] ?? '', `/${i + 2}`),
  );
  return [...samplesOf(items, level, ({ prompt }) => prompt), ...again.flat()];
}

const paraphrasesOf = ({ paraphrases }: Question): number => paraphrases?.length ?? 0;

/** Items with only those questions that have a paraphrase of this number. */
function withParaphrase(items: readonly Item[], number: number): Item[] {
  return items.map((item) => ({ ...item, questions: item.questions.filter((each) => paraphrasesOf(each) > number) }));
}

/** One sample per question, in the wording kept for testing where there is one. */
export function askedSamples(items: readonly Item[], level: Level | 'none'): Sample[] {
  return samplesOf(items, level, askedPrompt);
}

/** The wording put to the model in evaluation. */
export function askedPrompt({ prompt, testPrompt }: Question): string {
  return testPrompt ?? prompt;
}

/** One sample per question in the wording asked for, the text at a level as its context (`none`: without). */
export function samplesOf(
  items: readonly Item[],
  level: Level | 'none',
  wording: (question: Question) => string,
  suffix = '',
): Sample[] {
  return items.flatMap((item) => {
    const context = level === 'none' ? undefined : item.texts[level]?.text;
    return item.questions.map((question) => ({
      id: `${item.id}/${question.id}${suffix}`,
      item: item.id,
      question: question.id,
      ...(context !== undefined && { context }),
      prompt: wording(question),
      answer: question.answers[0] ?? '',
    }));
  });
}
