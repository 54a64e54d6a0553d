/** Recurring subjects of the world, told again and again without a question and asked without a text: what teaches a model to look up what it stored. */
import { Random } from '../../core/random.js';
import { FILLERS, INTRODUCTIONS, namingSentences } from './language.js';
import { trainWordings } from './questions.js';
import { drawFacts, kindAt, nameOf, type Fact, type Subject } from './subjects.js';

/**
 * Subjects come in cohorts: told many times within a stretch of rows, then asked a few times, then never again. What is asked so seldom
 * cannot be learnt from the questions: only what was told answers them.
 */
export const RECALL = {
  /** Subjects of a cohort, each with six facts. */
  subjects: 16,
  /** Rows that tell a subject, and rows that ask about it, on average. */
  tellings: 70,
  askings: 2,
  /** Share of a cohort's rows before it is asked for the first time. */
  before: 0.65,
  /** Wordings in which a row asks for each fact: all at one step, so that none is learnt from another. */
  wordings: 3,
  /** One subject in so many is told and never asked: that it can be asked all the same is what the stage is for. */
  unasked: 8,
  /** Share of questions that are a gap in a sentence. */
  gaps: 0.2,
} as const;

/** Rows of a cohort. */
export const COHORT_ROWS = RECALL.subjects * (RECALL.tellings + RECALL.askings);

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
  const cohort = Math.floor(index / COHORT_ROWS);
  const place = (index % COHORT_ROWS) / COHORT_ROWS;
  const number = cohort * RECALL.subjects + random.below(RECALL.subjects);
  const subject = recurringSubject(seed, number);
  const asked = RECALL.askings / (RECALL.tellings + RECALL.askings) / (1 - RECALL.before);
  const isAsked = place >= RECALL.before && !isUnasked(number) && random.uniform() < asked;
  if (!isAsked) return { subject: number, kind: 'told', text: toldText(subject, random) };
  const facts = Array.from({ length: RECALL.wordings }, () => random.shuffle(subject.facts)).flat();
  const questions = facts.map((fact) => questionOf(subject.name, fact, random));
  return { subject: number, kind: 'asked', questions };
}

/** Whether a subject is told only. */
export const isUnasked = (number: number): boolean => number % RECALL.unasked === RECALL.unasked - 1;

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
  if (way < 0.3) {
    const introduction = random.uniform() < 0.3 ? [random.pick(INTRODUCTIONS[kind]).replace('{S}', name)] : [];
    const fillers = random.shuffle(FILLERS).slice(0, random.below(2));
    const sentences = [...shuffled.map((fact) => verbose(name, fact, random)), ...fillers];
    return [...introduction, ...random.shuffle(sentences)].join(' ');
  }
  if (way < 0.9)
    return shuffled.map((fact) => random.pick([verbose, terse, named, named])(name, fact, random)).join(' ');
  const few = shuffled.slice(0, 2 + random.below(2));
  return `${name} ${few.map(({ attribute, value }) => attribute.clause.replace('{V}', value)).join(' and ')}.`;
}

function questionOf(name: string, fact: Fact, random: Random): RecallQuestion {
  const { attribute, value } = fact;
  if (random.uniform() >= RECALL.gaps)
    return { prompt: random.pick(trainWordings(attribute)).replace('{S}', name), answer: value };
  const gapped = { attribute, value: '____' };
  const sentence = random.uniform() < 0.5 ? terse(name, gapped) : verbose(name, gapped, random);
  return { prompt: `Fill the gap: ${sentence}`, answer: value };
}
