/** Items to samples: what a run trains on, and what it asks. */
import type { Level } from '../core/levels.js';
import type { Item, Question, Sample } from '../core/records.js';

/** One sample per question, in the wording to train on, with the reference as its answer. */
export function trainingSamples(items: readonly Item[], level: Level | 'none'): Sample[] {
  return samplesOf(items, level, ({ prompt }) => prompt);
}

/** One sample per question, in the wording kept for testing where there is one. */
export function askedSamples(items: readonly Item[], level: Level | 'none'): Sample[] {
  return samplesOf(items, level, askedPrompt);
}

/** The wording put to the model in evaluation. */
export function askedPrompt({ prompt, testPrompt }: Question): string {
  return testPrompt ?? prompt;
}

function samplesOf(items: readonly Item[], level: Level | 'none', wording: (question: Question) => string): Sample[] {
  return items.flatMap((item) => {
    const context = level === 'none' ? undefined : item.texts[level]?.text;
    return item.questions.map((question) => ({
      id: `${item.id}/${question.id}`,
      item: item.id,
      question: question.id,
      ...(context !== undefined && { context }),
      prompt: wording(question),
      answer: question.answers[0] ?? '',
    }));
  });
}
