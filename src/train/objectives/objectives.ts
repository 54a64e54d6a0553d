/** The objectives there are, by the names that settings use. */
import { UserError } from '../../core/errors.js';
import { answers } from './answers.js';
import { distil } from './distil.js';
import type { Objective } from './objective.js';
import { text } from './text.js';
import { textAndAnswers } from './text-and-answers.js';

/** In the order in which they are named to users. */
export const OBJECTIVES: readonly [Objective, ...Objective[]] = [answers, text, distil, textAndAnswers()];

const [FIRST, ...OTHERS] = OBJECTIVES;

/** Their names. */
export const OBJECTIVE_NAMES: readonly [string, ...string[]] = [FIRST.name, ...OTHERS.map(({ name }) => name)];

/** The objective of a name, default `answers`. Throws UserError where there is none. */
export function objectiveNamed(name = answers.name): Objective {
  const found = OBJECTIVES.find((each) => each.name === name);
  if (found) return found;
  throw new UserError(`unknown objective "${name}": use one of ${OBJECTIVE_NAMES.join(', ')}`);
}
