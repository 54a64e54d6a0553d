/** Learns to answer: every token of the answer, the end of the turn included; nothing of the prompt. */
import type { Objective } from './objective.js';

/** The default. */
export const answers: Objective = {
  name: 'answers',
  labels: 'hard',
  learnt: ({ id, prompt, answer }) => ({ id, prompt, answer }),
};
