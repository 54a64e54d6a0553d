/**
 * Questions without a model: rows of tables and `key: value` lines become questions, names, numbers and dates in sentences
 * become gaps. Their second wording is another frame around the same words, not a rewording by someone who understands them.
 */
import { languageOf } from '../text/language.js';
import type { Part } from './part.js';
import { ruleFacts, type RuleFact } from './rule-facts.js';
import type { Draft, ExamWriter } from './writer.js';

/** How questions are put in a language; `about` is empty or names the topic. */
interface Frames {
  readonly about: (topic: string) => string;
  readonly value: (about: string, key: string, of: string) => readonly [prompt: string, test: string];
  readonly gap: (about: string, sentence: string) => readonly [prompt: string, test: string];
}

const ENGLISH: Frames = {
  about: (topic) => ` (${topic})`,
  value: (about, key, of) =>
    of === ''
      ? [`What is given as the ${key}?${about}`, `Name the ${key}.${about}`]
      : [`What is given as the ${key} of ${of}?${about}`, `Of ${of}, name the ${key}.${about}`],
  gap: (about, sentence) => [
    `Fill the gap${about}: ${sentence}`,
    `Which words belong where the dots are?${about} ${sentence.replace(GAP, '…')}`,
  ],
};

/** For languages without frames of their own: signs alone. */
const SIGNS: Frames = {
  about: (topic) => ` (${topic})`,
  value: (about, key, of) => [
    `${of === '' ? '' : `${of}: `}${key} = ?${about}`,
    `? = ${key}${of === '' ? '' : `, ${of}`}${about}`,
  ],
  gap: (about, sentence) => [`${sentence}${about}`, `${about} ${sentence.replace(GAP, '…')}`.trim()],
};

const GAP = '____';
/** Writes by rules: at once, and the same each time. */
export const ruleWriter: ExamWriter = {
  name: 'rules',
  concurrency: 1,
  write: (part, count) => Promise.resolve({ drafts: spread(draftsOf(part), 2 * count), unread: 0 }),
  reword: (prompts) => Promise.resolve(prompts.map(framed)),
  estimate: () => null,
};

/** A question in another frame. */
function framed(prompt: string): string {
  const sentence = /^complete the sentence:\s*(.+)$/i.exec(prompt)?.[1];
  if (sentence !== undefined) return `How does this go on? ${sentence} …`;
  return languageOf(prompt) === 'en' ||
    /^(who|what|when|where|which|how|why|is|are|was|were|do|does|did|can)\b/i.test(prompt)
    ? `Please answer briefly. ${prompt}`
    : `? ${prompt}`;
}

function draftsOf(part: Part): Draft[] {
  const frames = languageOf(part.text) === 'en' ? ENGLISH : SIGNS;
  const about = part.topic === '' ? '' : frames.about(part.topic);
  return ruleFacts(part).map((fact) => draftOf(fact, frames, about));
}

function draftOf(fact: RuleFact, frames: Frames, about: string): Draft {
  const isValue = fact.shape === 'value';
  const [prompt, testPrompt] = isValue
    ? frames.value(about, fact.key, fact.of)
    : frames.gap(about, fact.before + GAP + fact.behind);
  return { prompt, testPrompt, answer: fact.answer, type: isValue ? 'value' : fact.kind };
}

/** Drafts taken evenly from all over the part, so that a long table does not stand for the whole. */
function spread(drafts: readonly Draft[], most: number): Draft[] {
  if (drafts.length <= most) return [...drafts];
  return Array.from({ length: most }, (_, i) => drafts[Math.floor((i * drafts.length) / most)]).filter(
    (draft) => draft !== undefined,
  );
}
