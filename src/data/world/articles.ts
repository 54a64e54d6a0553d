/** Articles of the world, and the same facts rendered at every level by rule: the written oracle of compression. */
import { Random } from '../../core/random.js';
import type { Level } from '../../core/levels.js';
import type { Item, LevelText } from '../../core/records.js';
import { FILLERS, INTRODUCTIONS } from './language.js';
import { factQuestion } from './questions.js';
import { drawFacts, kindAt, nameOf, otherName, type Fact, type Partition, type Subject } from './subjects.js';

export interface ArticleOptions {
  readonly seed: number;
  readonly partition: Partition;
  /** Facts of the main subject, default 6. */
  readonly facts?: number;
  /** Sentences that carry no fact, default 5. */
  readonly fillers?: number;
  /** Facts about one other subject of the same kind, on attributes that the main subject's facts leave over; default 3. */
  readonly distractors?: number;
  /** Levels to render, default the seven of the study. */
  readonly levels?: readonly Level[];
}

interface Parts {
  readonly subject: Subject;
  readonly other: Subject;
  readonly introduction: string;
  /** Sentences of the main facts, in the facts' order. */
  readonly sentences: readonly string[];
  readonly otherSentences: readonly string[];
  readonly fillers: readonly string[];
  readonly random: Random;
}

const say = (template: string, subject: string, value: string): string =>
  template.replace('{S}', subject).replace('{V}', value);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function sentence(subject: Subject, fact: Fact, random: Random): string {
  return capital(say(random.pick(fact.attribute.sentences), subject.name, fact.value));
}

function terse(subject: Subject, fact: Fact): string {
  return `${subject.name} ${fact.attribute.clause.replace('{V}', fact.value)}.`;
}

function partsOf(index: number, options: ArticleOptions): Parts {
  const random = new Random(options.seed, 'article', options.partition, index);
  const { kind, n } = kindAt(index);
  const facts = drawFacts(kind, options.facts ?? 6, random);
  const subject = { kind, name: nameOf({ ...options, kind, pool: 'main' }, n), facts };
  // What is told of the other subject is of kinds that are not asked of the main one, and of other values.
  const isUnasked = (attribute: Fact['attribute']): boolean => !facts.some((fact) => fact.attribute === attribute);
  const others = drawFacts(kind, options.distractors ?? 3, random, isUnasked).map((fact) => ({
    ...fact,
    value: random.pick(fact.attribute.values.filter((value) => !facts.some((each) => each.value === value))),
  }));
  const other = { kind, name: otherName(kind, options.partition, options.seed, random), facts: others };
  return {
    subject,
    other,
    introduction: random.pick(INTRODUCTIONS[kind]).replace('{S}', subject.name),
    sentences: facts.map((fact) => sentence(subject, fact, random)),
    otherSentences: others.map((fact) => sentence(other, fact, random)),
    fillers: random.shuffle(FILLERS).slice(0, options.fillers ?? 5),
    random,
  };
}

/** How many of the main facts each level keeps, of `all`. */
const KEPT: { readonly [L in 'summ_l3' | 'summ_l4' | 'summ_l5']: (all: number) => number } = {
  summ_l3: (all) => Math.ceil(0.6 * all),
  summ_l4: (all) => Math.ceil(all / 3),
  summ_l5: () => 1,
};

function extraction({ subject, other }: Parts): string {
  const told = [subject, other].filter(({ facts }) => facts.length > 0);
  const relations = told.flatMap((each) =>
    each.facts.map((fact) => ({ subject: each.name, relation: fact.attribute.phrases[0], object: fact.value })),
  );
  const entities = told.map((each) => ({ name: each.name, type: each.kind }));
  return JSON.stringify({ entities, relations, events: [] }, null, 1);
}

/** Facts that survive most are the first: every level keeps a beginning of the same list. */
const RENDERERS: Readonly<Record<Level, (parts: Parts) => string>> = {
  original: (parts) =>
    [parts.introduction, ...parts.random.shuffle([...parts.sentences, ...parts.otherSentences, ...parts.fillers])].join(
      ' ',
    ),
  summ_l1: (parts) =>
    [
      parts.introduction,
      ...parts.random.shuffle([...parts.sentences, ...parts.otherSentences.slice(0, 1), ...parts.fillers.slice(0, 2)]),
    ].join(' '),
  summ_l2: (parts) => parts.random.shuffle(parts.sentences).join(' '),
  summ_l3: ({ subject, random }) =>
    random
      .shuffle(subject.facts.slice(0, KEPT.summ_l3(subject.facts.length)).map((fact) => terse(subject, fact)))
      .join(' '),
  summ_l4: ({ subject }) => {
    const kept = subject.facts.slice(0, KEPT.summ_l4(subject.facts.length));
    return `${subject.name} ${kept.map((fact) => fact.attribute.clause.replace('{V}', fact.value)).join(' and ')}.`;
  },
  summ_l5: ({ subject }) =>
    subject.facts
      .slice(0, 1)
      .map((fact) => `${subject.name}: ${fact.value}`)
      .join(''),
  ext: extraction,
  hybrid: ({ subject }) => subject.facts.map((fact) => terse(subject, fact)).join(' '),
};

/** A rendered level with its origin. */
export function oracle(text: string): LevelText {
  return { text, method: 'oracle', provenance: { oracle: 'lightmem-world', version: 1 } };
}

/** The article at an index: the same options and index always give the same item. */
export function article(index: number, options: ArticleOptions, levels: readonly Level[]): Item {
  const parts = partsOf(index, options);
  const questionRandom = new Random(options.seed, 'questions', options.partition, index);
  const questions = parts.subject.facts.map((fact) => factQuestion(fact, parts.subject.name, questionRandom));
  const texts = Object.fromEntries(
    levels.flatMap((level) => {
      const render = RENDERERS[level];
      const random = new Random(options.seed, 'level', level, options.partition, index);
      return render ? [[level, oracle(render({ ...parts, random }))] as const] : [];
    }),
  );
  return { id: `${options.partition}-article-${options.seed}-${index}`, dataset: 'world-articles', texts, questions };
}
