/** The curriculum of pretraining: from two facts and nothing else to whole articles and dialogues at every level. */
import { Random } from '../../core/random.js';
import { STUDY_LEVELS, type Level } from '../../core/levels.js';
import type { Item, Question } from '../../core/records.js';
import { worldItem, type WorldOptions } from './generate.js';

export interface Mix {
  /** Share of the stage's items, all shares adding up to 1. */
  readonly share: number;
  readonly kind: WorldOptions['kind'];
  readonly levels: readonly Level[];
  readonly facts?: number;
  readonly fillers?: number;
  readonly distractors?: number;
}

const articles = (facts: number, fillers: number, distractors: number): readonly Mix[] => [
  { share: 1, kind: 'articles', levels: ['original'], facts, fillers, distractors },
];

const COMPRESSED: readonly Level[] = ['summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'ext'];

/** Stages in order; a later stage is harder than the one before. */
export const CURRICULUM: readonly (readonly Mix[])[] = [
  articles(2, 0, 0),
  articles(4, 0, 0),
  articles(6, 0, 0),
  articles(6, 3, 0),
  articles(6, 5, 1),
  articles(6, 5, 3),
  [
    { share: 0.5, kind: 'articles', levels: ['original'] },
    { share: 0.25, kind: 'articles', levels: COMPRESSED },
    { share: 0.15, kind: 'dialogues', levels: ['original', 'summ_l1'] },
    { share: 0.1, kind: 'dialogues', levels: STUDY_LEVELS },
  ],
];

function pick(mixes: readonly Mix[], random: Random): Mix {
  let left = random.uniform();
  return mixes.find((mix) => (left -= mix.share) < 0) ?? (mixes[0] as Mix);
}

/** The questions that a text can answer: those whose answers it tells, and those whose answer is that it does not. */
function answerable(questions: readonly Question[], text: string): Question[] {
  const tells = (answer: string): boolean =>
    answer.split(' and ').every((value) => ` ${text.replace(/[^\p{L}\p{N}]+/gu, ' ')} `.includes(` ${value} `));
  const isTold = (question: Question): boolean => question.answers.some(tells);
  // What was told first is known where both facts are, which another question asks for.
  const both = questions.some((question) => question.id === 'two-facts' && isTold(question));
  return questions.filter((question) =>
    question.id === 'first-told' ? both : question.abstention === true || isTold(question),
  );
}

/** The item at an index of a stage, with the one level it is read at, and only questions that this level can answer. */
export function pretrainingItem(stage: number, seed: number, index: number): { item: Item; level: Level } {
  const random = new Random(seed, 'curriculum', stage, index);
  const mix = pick(CURRICULUM[stage] ?? [], random);
  const level = random.pick(mix.levels);
  const { kind, facts, fillers, distractors } = mix;
  const options = {
    seed,
    partition: 'pretraining' as const,
    kind,
    levels: [level],
    ...(facts === undefined ? {} : { facts }),
    ...(fillers === undefined ? {} : { fillers }),
    ...(distractors === undefined ? {} : { distractors }),
  };
  const item = worldItem(options, index);
  const text = item.texts[level]?.text ?? '';
  const kept = answerable(item.questions, text);
  return { item: { ...item, questions: kept.length > 0 ? kept : item.questions.slice(0, 1) }, level };
}
