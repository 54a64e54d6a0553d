/** Retention: which of an item's facts are still found in a text. */
import type { Level } from '../core/levels.js';
import type { Item, Question } from '../core/records.js';
import { answerFact, type Fact } from './facts.js';
import { WordText } from '../text/word-text.js';

/** Share of the item's answers still found in its text at a level, 0 to 1; null without such a text or without answers to find. */
export function retention(item: Item, level: Level): number | null {
  const text = item.texts[level]?.text;
  const facts = answersOf(item);
  if (text === undefined || facts.length === 0) return null;
  const words = new WordText(text);
  return facts.filter((fact) => isKept(fact, words)).length / facts.length;
}

/** Whether any wording of a fact stands in the text. */
export function isKept(fact: Fact, text: WordText): boolean {
  return fact.wordings.some((wording) => text.has(wording));
}

/** The item's answers as facts, one per question in order; questions whose right answer is that the text does not say have none. */
export function answersOf(item: Item): Fact[] {
  return askedQuestions(item).map((question) => answerFact(ownAnswers(question, item)));
}

/** The questions whose answer the text should hold. */
export function askedQuestions(item: Item): Question[] {
  return item.questions.filter((question) => question.abstention !== true);
}

/** A question's own answers: those of other questions with the same wording count as right in judging, but are facts of their own. */
function ownAnswers(question: Question, item: Item): string[] {
  const twins = item.questions.filter((other) => other !== question && other.prompt === question.prompt);
  const others = new Set(twins.map((twin) => twin.answers[0]));
  return question.answers.filter((answer, index) => index === 0 || !others.has(answer));
}
