/** Dialogue histories of the world: dated sessions in which a user tells things, changes some, and is recommended others. */
import { Random } from '../../core/random.js';
import type { Question } from '../../core/records.js';
import { ACKNOWLEDGEMENTS, RECOMMENDATIONS, SMALL_TALK, type Recommendation } from './language.js';
import { ownQuestion, pairQuestions, recommendationQuestion } from './questions.js';
import { drawFacts, nameOf, type Fact, type Partition } from './subjects.js';

export interface DialogueOptions {
  readonly seed: number;
  readonly partition: Partition;
  /** Things the user tells, default 5. */
  readonly facts?: number;
  /** Exchanges of small talk, default 4. */
  readonly smallTalk?: number;
  /** Sessions, 2 to 4; default: drawn. */
  readonly sessions?: number;
}

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** Whether it is talk about nothing that is asked. */
  readonly small: boolean;
  /** Ids of the questions that this turn is evidence for. */
  readonly evidence: readonly string[];
}

export interface Session {
  readonly id: string;
  readonly date: string;
  readonly turns: readonly Turn[];
}

export interface Dialogue {
  readonly id: string;
  readonly user: string;
  readonly sessions: readonly Session[];
  readonly questions: readonly Question[];
  readonly questionDate: string;
  /** What the sessions tell that counts in the end, as told: of an update only the new value. */
  readonly account: readonly Told[];
}

/** One thing told: a fact of the user, or what the assistant recommended. */
export interface Told {
  readonly sentence: string;
  readonly relation: string;
  readonly subject: string;
  readonly value: string;
  /** 0 for what a shorter text keeps longest; every number once. */
  readonly importance: number;
}

const spokenOnly = (attribute: Fact['attribute']): boolean => attribute.spoken !== undefined;

const say = (fact: Fact, random: Random): string =>
  random.pick(fact.attribute.spoken ?? ['']).replace('{V}', fact.value);

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function dateText(day: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${day.getUTCFullYear()}/${two(day.getUTCMonth() + 1)}/${two(day.getUTCDate())}`;
  return `${date} (${WEEKDAYS[day.getUTCDay()]}) ${two(day.getUTCHours())}:${two(day.getUTCMinutes())}`;
}

interface Exchange {
  readonly user: string;
  readonly assistant: string;
  /** Ids of the questions that the user's, or the assistant's, words are evidence for. */
  readonly evidence?: { readonly user?: readonly string[]; readonly assistant?: readonly string[] };
  readonly small?: boolean;
}

function turnsOf({ user, assistant, evidence = {}, small = false }: Exchange): Turn[] {
  return [
    { role: 'user', content: user, small, evidence: evidence.user ?? [] },
    { role: 'assistant', content: assistant, small, evidence: evidence.assistant ?? [] },
  ];
}

/** What a history is made of, before it is put into words. */
interface Plan {
  readonly user: string;
  readonly sessions: number;
  /** Facts that are told once, in order. */
  readonly facts: readonly Fact[];
  /** The fact that is told at first with the old value, and at last with its own. */
  readonly updated: Fact;
  readonly oldValue: string;
  /** A fact that is never told. */
  readonly missing: Fact;
  readonly recommendation: { readonly kind: Recommendation; readonly value: string };
}

/** Facts that do not change in a life. */
const LASTING = new Set(['birthplace']);

function draft(index: number, options: DialogueOptions, random: Random): Plan {
  const drawn = drawFacts('person', (options.facts ?? 5) + 1, random, spokenOnly);
  const updated = drawn.findLast(({ attribute }) => !LASTING.has(attribute.key)) as Fact;
  const [missing, ...facts] = drawn.filter((fact) => fact !== updated) as [Fact, ...Fact[]];
  const kind = random.pick(RECOMMENDATIONS);
  const told = new Set([...facts, updated].map((fact) => fact.value));
  const fresh = (values: readonly string[]): string => {
    const value = random.pick(values.filter((each) => !told.has(each)));
    told.add(value);
    return value;
  };
  return {
    user: nameOf({ ...options, kind: 'person', pool: 'any' }, index),
    sessions: options.sessions ?? 2 + random.below(3),
    facts,
    updated,
    oldValue: fresh(updated.attribute.values),
    missing,
    recommendation: { kind, value: fresh(kind.values) },
  };
}

/** The two facts that are asked about together: of the first session and of the last that tells a new one. */
function pairOf({ facts }: Plan): readonly [Fact, Fact] {
  return [facts[0] as Fact, facts.at(-1) as Fact];
}

/** Exchanges of each session: facts in order, the update last, the recommendation and small talk anywhere. */
function exchangesOf(plan: Plan, smallTalk: number, random: Random): Exchange[][] {
  const thanks = (): string => random.pick(ACKNOWLEDGEMENTS);
  const tell = (fact: Fact, evidence: readonly string[], opening = 'By the way,'): Exchange => ({
    user: `${opening} ${say(fact, random)}.`,
    assistant: thanks(),
    evidence: { user: evidence },
  });
  const sessions: Exchange[][] = Array.from({ length: plan.sessions }, () => []);
  const at = (i: number): Exchange[] => sessions[Math.min(i, plan.sessions - 1)] ?? [];
  const pair = pairOf(plan);
  at(0).push({ user: `Hello, I am ${plan.user}.`, assistant: `Hello ${plan.user}, how can I help you?` });
  plan.facts.forEach((fact, i) => {
    const evidence = pair.includes(fact) ? ['first-told', 'two-facts'] : [];
    at(Math.floor((i * plan.sessions) / plan.facts.length)).push(tell(fact, [fact.attribute.key, ...evidence]));
  });
  at(0).push(tell({ ...plan.updated, value: plan.oldValue }, [plan.updated.attribute.key]));
  at(random.below(plan.sessions)).push(recommended(plan));
  for (const [user, assistant] of random.shuffle(SMALL_TALK).slice(0, smallTalk)) {
    const session = at(random.below(plan.sessions));
    session.splice(1 + random.below(session.length), 0, { user, assistant, small: true });
  }
  at(plan.sessions).push(tell(plan.updated, [plan.updated.attribute.key], 'Something has changed: now'));
  return sessions;
}

function recommended({ recommendation: { kind, value } }: Plan): Exchange {
  return {
    user: kind.ask,
    assistant: kind.reply.replace('{V}', value),
    evidence: { assistant: ['recommendation'] },
  };
}

const DAY_MS = 86_400_000;

/** Days from two to seven apart, and one more for the questions. */
function daysOf(count: number, random: Random): Date[] {
  let day = Date.UTC(2023, random.below(10), 1 + random.below(25), 8 + random.below(12), random.below(60));
  return Array.from({ length: count + 1 }, () => new Date((day += DAY_MS * (2 + random.below(6)))));
}

/** Attributes that say what someone likes. */
const PREFERENCES = new Set(['dish', 'colour']);

function questionsOf(plan: Plan, random: Random): Question[] {
  const { user, facts, updated, missing, recommendation } = plan;
  const typeOf = ({ attribute }: Fact): string =>
    PREFERENCES.has(attribute.key) ? 'single-session-preference' : 'single-session-user';
  return [
    ...facts.map((fact) => ownQuestion(fact, user, typeOf(fact), random)),
    ownQuestion(updated, user, 'knowledge-update', random),
    recommendationQuestion(recommendation.kind, recommendation.value, random),
    ...pairQuestions(...pairOf(plan), random),
    {
      ...ownQuestion(missing, user, 'single-session-user', random),
      id: 'untold',
      answers: ['You did not tell me.'],
      abstention: true,
      bits: 0,
    },
  ];
}

function accountOf({ user, facts, updated, recommendation: { kind, value } }: Plan, random: Random): Told[] {
  const of = ({ attribute, value }: Fact): Omit<Told, 'importance'> => ({
    sentence: `The user ${attribute.clause.replace('{V}', value)}.`,
    relation: attribute.phrases[0],
    subject: user,
    value,
  });
  const sentence = `The assistant recommended the ${kind.noun} ${value}.`;
  const told = [...[...facts, updated].map(of), { sentence, relation: kind.key, subject: 'assistant', value }];
  const order = random.shuffle(told.map((_, i) => i));
  return told.map((each, i) => ({ ...each, importance: order[i] ?? 0 }));
}

/** The dialogue at an index: the same options and index always give the same one. */
export function dialogue(index: number, options: DialogueOptions): Dialogue {
  const { seed, partition } = options;
  const random = new Random(seed, 'dialogue', partition, index);
  const plan = draft(index, options, random);
  const exchanges = exchangesOf(plan, options.smallTalk ?? 4, random);
  const days = daysOf(exchanges.length, random).map(dateText);
  return {
    id: `${partition}-dialogue-${seed}-${index}`,
    user: plan.user,
    sessions: exchanges.map((session, i) => ({
      id: `${partition}-${seed}-${index}-s${i + 1}`,
      date: days[i] ?? '',
      turns: session.flatMap(turnsOf),
    })),
    questions: questionsOf(plan, random),
    questionDate: days.at(-1) ?? '',
    account: accountOf(plan, random),
  };
}
