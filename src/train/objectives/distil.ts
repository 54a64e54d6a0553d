/**
 * Learns what a teacher would say (Hinton et al., 2015): answer tokens against the teacher's most probable ones, weighted by their
 * probabilities: the forward Kullback–Leibler divergence but for the teacher's own entropy.
 */
import { at } from '../../compiler/ir.js';
import { UserError } from '../../core/errors.js';
import type { Labels } from '../../models/graph/packing.js';
import type { Objective } from './objective.js';

/** What is wrong with a teacher's labels; undefined where nothing is. */
function problemOf(teacher: readonly Labels[], answer: readonly number[]): string | undefined {
  if (teacher.length !== answer.length)
    return `labels of ${teacher.length} tokens for ${answer.length} answer tokens: give the teacher's labels of each`;
  const index = teacher.findIndex(({ tokens, weights }) => tokens.length === 0 || tokens.length !== weights.length);
  if (index < 0) return undefined;
  const { tokens, weights } = at(teacher, index);
  return `the teacher's labels of answer token ${index + 1} are ${tokens.length} tokens and ${weights.length} weights: give as many weights as tokens, one or more`;
}

/** For samples with a `teacher`. */
export const distil: Objective = {
  name: 'distil',
  labels: 'soft',
  learnt: ({ id, prompt, answer, teacher = [] }) => {
    const problem = problemOf(teacher, answer);
    if (problem !== undefined) throw new UserError(`sample ${id}: ${problem}`);
    return { id, prompt, answer, labels: teacher };
  },
};
