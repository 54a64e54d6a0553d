/** Recurring subjects of the world, told again and again without a question and asked without a text: what teaches a model to look up what it stored. */
import { Random } from '../../core/random.js';
import { FILLERS, INTRODUCTIONS, namingSentences } from './language.js';
import { trainWordings } from './questions.js';
import { drawFacts, kindAt, nameOf, type Fact, type Subject } from './subjects.js';

/** How the recurring subjects are told and asked. */
export const RECALL = {
  /** Subjects, each with six facts. */
  subjects: 240,
  /** One subject in so many is told and never asked: whether it can be asked all the same is what the stage is for. */
  unasked: 8,
  /** Share of rows that tell. */
  told: 0.5,
  /** Share of questions that are a gap in a sentence. */
  gaps: 0.2,
} as const;

/** One row: a text to learn whole, or questions with their answers. */
export type RecallRow =
  | { readonly subject: number; readonly kind: 'told'; readonly text: string }
  | { readonly subject: number; readonly kind: 'asked'; readonly questions: readonly RecallQuestion[] };

export interface RecallQuestion {
  readonly prompt: string;
  readonly answer: string;
}

const FACTS = 6;

/** A subject whose facts never change. */
export function recurringSubject(seed: number, number: number): Subject {
  const { kind, n } = kindAt(number);
  const facts = drawFacts(kind, FACTS, new Random(seed, 'recurring subject', number));
  return { kind, name: nameOf({ kind, partition: 'pretraining', seed, pool: 'main' }, n), facts };
}

/** The row at an index: the same seed and index always give the same one. */
export function recallRow(seed: number, index: number): RecallRow {
  const random = new Random(seed, 'recall', index);
  const number = random.below(RECALL.subjects);
  const subject = recurringSubject(seed, number);
  const isAsked = number % RECALL.unasked !== RECALL.unasked - 1 && random.uniform() >= RECALL.told;
  if (!isAsked) return { subject: number, kind: 'told', text: toldText(subject, random) };
  const questions = random.shuffle(subject.facts).map((fact) => questionOf(subject.name, fact, random));
  return { subject: number, kind: 'asked', questions };
}

const fill = (pattern: string, subject: string, value: string): string => {
  const text = pattern.replace('{S}', subject).replace('{V}', value);
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const verbose = (name: string, { attribute, value }: Fact, random: Random): string =>
  fill(random.pick(attribute.sentences), name, value);

const terse = (name: string, { attribute, value }: Fact): string => fill(`{S} ${attribute.clause}.`, name, value);

/** By one of the words that questions name the attribute by. */
const named = (name: string, { attribute, value }: Fact, random: Random): string =>
  fill(random.pick(namingSentences(attribute)), name, value);

/** Tells a subject as articles at one of the levels do, its facts in another order each time. */
function toldText({ kind, name, facts }: Subject, random: Random): string {
  const shuffled = random.shuffle(facts);
  const way = random.uniform();
  if (way < 0.35) {
    const fillers = random.shuffle(FILLERS).slice(0, random.below(3));
    const sentences = [...shuffled.map((fact) => verbose(name, fact, random)), ...fillers];
    const introduction = random.uniform() < 0.5 ? [random.pick(INTRODUCTIONS[kind]).replace('{S}', name)] : [];
    return [...introduction, ...random.shuffle(sentences)].join(' ');
  }
  if (way < 0.8) return shuffled.map((fact) => random.pick([terse, named, named])(name, fact, random)).join(' ');
  if (way < 0.95) {
    const few = shuffled.slice(0, 2 + random.below(2));
    return `${name} ${few.map(({ attribute, value }) => attribute.clause.replace('{V}', value)).join(' and ')}.`;
  }
  const relations = shuffled.map(({ attribute, value }) => ({
    subject: name,
    relation: attribute.phrases[0],
    object: value,
  }));
  return JSON.stringify({ entities: [{ name, type: kind }], relations, events: [] }, null, 1);
}

function questionOf(name: string, fact: Fact, random: Random): RecallQuestion {
  const { attribute, value } = fact;
  if (random.uniform() >= RECALL.gaps)
    return { prompt: random.pick(trainWordings(attribute)).replace('{S}', name), answer: value };
  const gapped = { attribute, value: '____' };
  const sentence = random.uniform() < 0.5 ? terse(name, gapped) : verbose(name, gapped, random);
  return { prompt: `Fill the gap: ${sentence}`, answer: value };
}
