/** Dialogue histories of the world: dated sessions in which a user tells things, changes some, and is recommended others. */
import { Random } from '../../core/random.js';
import type { Level } from '../../core/levels.js';
import type { Item, Question } from '../../core/records.js';
import { oracle } from './articles.js';
import { ACKNOWLEDGEMENTS, ATTRIBUTES, RECOMMENDATIONS, RECOMMENDATION_FRAMES, SMALL_TALK } from './language.js';
import { ownQuestion } from './questions.js';
import { bitsOf, drawFacts, nameOf, type Fact, type Partition } from './subjects.js';

export interface DialogueOptions {
  readonly seed: number;
  readonly partition: Partition;
  /** Things the user tells, default 5. */
  readonly facts?: number;
  /** Exchanges of small talk, default 4. */
  readonly smallTalk?: number;
  /** Sessions, default 3. */
  readonly sessions?: number;
}

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
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
  /** Sentences of a third-person account, the most important first; the second half of an update replaces the first. */
  readonly account: readonly string[];
}

const spokenOnly = (attribute: Fact['attribute']): boolean => attribute.spoken !== undefined;

const told = (fact: Fact, random: Random): string =>
  random.pick(fact.attribute.spoken ?? ['']).replace('{V}', fact.value);

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function dateText(day: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${day.getUTCFullYear()}/${two(day.getUTCMonth() + 1)}/${two(day.getUTCDate())}`;
  return `${date} (${WEEKDAYS[day.getUTCDay()]}) ${two(day.getUTCHours())}:${two(day.getUTCMinutes())}`;
}

type Exchange = readonly [Turn, Turn];

function exchange(
  user: string,
  assistant: string,
  userEvidence: readonly string[] = [],
  assistantEvidence: readonly string[] = [],
): Exchange {
  return [
    { role: 'user', content: user, evidence: userEvidence },
    { role: 'assistant', content: assistant, evidence: assistantEvidence },
  ];
}

interface Draft {
  readonly user: string;
  readonly facts: readonly Fact[];
  readonly updated: Fact;
  readonly old: string;
  readonly missing: Fact;
  readonly recommendation: { readonly kind: (typeof RECOMMENDATIONS)[number]; readonly value: string };
}

function draft(index: number, options: DialogueOptions, random: Random): Draft {
  const drawn = drawFacts('person', (options.facts ?? 5) + 1, random, spokenOnly);
  const facts = drawn.slice(0, -1);
  const missing = drawn.at(-1) as Fact;
  const updated = facts.at(-1) as Fact;
  const kind = random.pick(RECOMMENDATIONS);
  return {
    user: nameOf('person', options.partition, options.seed, index),
    facts,
    updated,
    old: random.pick(updated.attribute.values.filter((value) => value !== updated.value)),
    missing,
    recommendation: {
      kind,
      value: random.pick(kind.values.filter((value) => !facts.some((fact) => fact.value === value))),
    },
  };
}

/** Exchanges of each session: facts in order, the update in the last, the recommendation and small talk anywhere. */
function sessionsOf(index: number, options: DialogueOptions, plan: Draft, random: Random): Session[] {
  const count = options.sessions ?? 3;
  const slots: Exchange[][] = Array.from({ length: count }, () => []);
  const slot = (i: number): Exchange[] => slots[Math.min(count - 1, i)] ?? [];
  const thanks = (): string => random.pick(ACKNOWLEDGEMENTS);
  slot(0).push(exchange(`Hello, I am ${plan.user}.`, `Hello ${plan.user}, how can I help you?`));
  plan.facts.slice(0, -1).forEach((fact, i) => {
    const place = Math.floor((i * count) / Math.max(1, plan.facts.length - 1));
    slot(place).push(exchange(`By the way, ${told(fact, random)}.`, thanks(), [fact.attribute.key]));
  });
  const before: Fact = { ...plan.updated, value: plan.old };
  slot(0).push(exchange(`By the way, ${told(before, random)}.`, thanks()));
  const { kind, value } = plan.recommendation;
  slot(random.below(count)).push(exchange(kind.ask, kind.reply.replace('{V}', value), [], ['recommendation']));
  for (const [ask, reply] of random.shuffle(SMALL_TALK).slice(0, options.smallTalk ?? 4)) {
    const target = slot(random.below(count));
    target.splice(random.below(target.length + 1), 0, exchange(ask, reply));
  }
  slot(count - 1).push(
    exchange(`Something has changed: now ${told(plan.updated, random)}.`, thanks(), [plan.updated.attribute.key]),
  );
  const start = Date.UTC(2023, random.below(10), 1 + random.below(25), 8 + random.below(12), random.below(60));
  return slots.map((exchanges, i) => ({
    id: `${options.partition}-${options.seed}-${index}-s${i + 1}`,
    date: dateText(new Date(start + i * 86_400_000 * (2 + random.below(6)))),
    turns: exchanges.flat(),
  }));
}

function questionsOf(plan: Draft, random: Random): Question[] {
  const [first, second] = [plan.facts[0] as Fact, plan.facts[1] as Fact];
  const own = plan.facts.slice(0, -1).map((fact) => ownQuestion(fact, plan.user, 'single-session-user', random));
  const update = { ...ownQuestion(plan.updated, plan.user, 'knowledge-update', random) };
  const { kind, value } = plan.recommendation;
  const frames = random.shuffle(RECOMMENDATION_FRAMES).map((frame) => frame.replace('{P}', kind.noun));
  const recommended: Question = {
    id: 'recommendation',
    prompt: frames[0] ?? '',
    testPrompt: frames[0] ?? '',
    answers: [value],
    type: 'single-session-assistant',
    bits: bitsOf(kind),
  };
  const [p, q] = [first.attribute.phrases[0], second.attribute.phrases[0]];
  const swapped = random.uniform() < 0.5;
  const temporal: Question = {
    id: 'first-told',
    prompt: `Which did I mention first, my ${swapped ? q : p} or my ${swapped ? p : q}?`,
    answers: [p],
    type: 'temporal-reasoning',
    bits: 1,
  };
  const several: Question = {
    id: 'two-facts',
    prompt: `What are my ${p} and my ${q}?`,
    answers: [`${first.value} and ${second.value}`],
    type: 'multi-session',
    bits: bitsOf(first.attribute) + bitsOf(second.attribute),
  };
  const absent: Question = {
    ...ownQuestion(plan.missing, plan.user, 'single-session-user', random),
    id: 'untold',
    answers: ['You did not tell me.'],
    abstention: true,
    bits: 0,
  };
  return [...own, update, recommended, temporal, several, absent];
}

function accountOf(plan: Draft): string[] {
  const clause = (fact: Fact): string => `The user ${fact.attribute.clause.replace('{V}', fact.value)}.`;
  const recommendation = `The assistant recommended the ${plan.recommendation.kind.noun} ${plan.recommendation.value}.`;
  const [first, ...rest] = plan.facts.map(clause);
  return [first ?? '', ...rest, recommendation];
}

/** The dialogue at an index. */
export function dialogue(index: number, options: DialogueOptions): Dialogue {
  const random = new Random(options.seed, 'dialogue', options.partition, index);
  const plan = draft(index, options, random);
  const sessions = sessionsOf(index, options, plan, random);
  return {
    id: `${options.partition}-dialogue-${options.seed}-${index}`,
    user: plan.user,
    sessions,
    questions: questionsOf(plan, random),
    questionDate: sessions.at(-1)?.date ?? '',
    account: accountOf(plan),
  };
}

/** A history as text: each session's date, then its turns. */
export function transcript(sessions: readonly Session[]): string {
  return sessions
    .map((session, i) =>
      [
        `Session ${i + 1}, ${session.date.slice(0, 10)}`,
        ...session.turns.map((turn) => `${turn.role}: ${turn.content}`),
      ].join('\n'),
    )
    .join('\n');
}

const isTalk = (turn: Turn): boolean =>
  SMALL_TALK.some(([ask, reply]) => turn.content === ask || turn.content === reply);

const share = (all: readonly string[], part: number): readonly string[] =>
  all.slice(0, Math.max(1, Math.ceil(part * all.length)));

const RENDERERS: { readonly [L in Level]?: (dialogue: Dialogue) => string } = {
  original: ({ sessions }) => transcript(sessions),
  summ_l1: ({ sessions }) =>
    transcript(sessions.map((session) => ({ ...session, turns: session.turns.filter((turn) => !isTalk(turn)) }))),
  summ_l2: ({ user, account }) => [`The user is ${user}.`, ...account].join(' '),
  summ_l3: ({ user, account }) => [`The user is ${user}.`, ...share(account, 0.6)].join(' '),
  summ_l4: ({ account }) => share(account, 0.34).join(' '),
  summ_l5: ({ account }) => account.slice(0, 1).join(' '),
  ext: ({ user, account, sessions }) =>
    JSON.stringify(
      {
        entities: [{ name: user, type: 'user' }],
        relations: account,
        events: sessions.map((session) => ({ date: session.date, event: 'talk with the assistant' })),
      },
      null,
      1,
    ),
};

/** A dialogue as an item with its texts at the levels asked for. */
export function dialogueItem(index: number, options: DialogueOptions, levels: readonly Level[]): Item {
  const made = dialogue(index, options);
  const texts = Object.fromEntries(
    levels.flatMap((level) => (RENDERERS[level] ? [[level, oracle(RENDERERS[level](made))] as const] : [])),
  );
  return { id: made.id, dataset: 'world-dialogues', texts, questions: made.questions };
}

/** A dialogue's questions as records of LongMemEval's form, one a question. */
export function toLongMemEval(dialogues: readonly Dialogue[]): object[] {
  return dialogues.flatMap(({ id, sessions, questions, questionDate }) =>
    questions.map((question) => {
      const shown = sessions.map((session) =>
        session.turns.map(({ role, content, evidence }) => ({
          role,
          content,
          ...(evidence.includes(question.id) ? { has_answer: true } : {}),
        })),
      );
      const evident = sessions.filter((_, i) => shown[i]?.some((turn) => 'has_answer' in turn));
      return {
        question_id: `${id}-${question.id}${question.abstention ? '_abs' : ''}`,
        question_type: question.type,
        question: question.testPrompt ?? question.prompt,
        answer: question.answers[0],
        question_date: questionDate,
        haystack_session_ids: sessions.map((session) => session.id),
        haystack_dates: sessions.map((session) => session.date),
        haystack_sessions: shown,
        answer_session_ids: evident.map((session) => session.id),
      };
    }),
  );
}

/** Attributes that can occur in dialogues. */
export const SPOKEN_ATTRIBUTES = ATTRIBUTES.person.filter(spokenOnly);
