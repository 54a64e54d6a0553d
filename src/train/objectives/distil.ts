/**
 * Learns what a teacher would say (Hinton et al., 2015): answer tokens against the teacher's most probable ones, weighted by their
 * probabilities: the forward Kullback–Leibler divergence but for the teacher's own entropy. Samples without a teacher learn their answers.
 */
import { at } from '../../compiler/ir.js';
import { UserError } from '../../core/errors.js';
import type { Labels } from '../../models/graph/packing.js';
import type { Objective } from './objective.js';

/** Whether weights are probabilities, or shares of them: none below zero, not all zero. */
function areShares(weights: readonly number[]): boolean {
  return weights.every((weight) => weight >= 0 && weight < Infinity) && weights.some((weight) => weight > 0);
}

/** What is wrong with a teacher's labels; undefined where nothing is. */
function problemOf(teacher: readonly Labels[], answer: readonly number[]): string | undefined {
  if (teacher.length !== answer.length)
    return `labels of ${teacher.length} tokens for ${answer.length} answer tokens: give the teacher's labels of each`;
  const unequal = teacher.findIndex(({ tokens, weights }) => tokens.length === 0 || tokens.length !== weights.length);
  if (unequal >= 0) {
    const { tokens, weights } = at(teacher, unequal);
    return `the teacher's labels of answer token ${unequal + 1} are ${tokens.length} tokens and ${weights.length} weights: give as many weights as tokens, one or more`;
  }
  const odd = teacher.findIndex(({ weights }) => !areShares(weights));
  if (odd < 0) return undefined;
  return `the weights of the teacher's labels of answer token ${odd + 1} are ${at(teacher, odd).weights.join(', ')}: give numbers from 0 on, one of them larger`;
}

/** Soft labels for samples with a `teacher`; for those without, the answer's own tokens at weight 1, as `answers` learns them. */
export const distil: Objective = {
  name: 'distil',
  labels: 'soft',
  learnt: ({ id, prompt, answer, teacher }) => {
    if (teacher === undefined) return { id, prompt, answer };
    const problem = problemOf(teacher, answer);
    if (problem !== undefined) throw new UserError(`sample ${id}: ${problem}`);
    return { id, prompt, answer, labels: teacher };
  },
};
