/** Learns raw text: every token of prompt and answer but the first, which has none before it. */
import { UserError } from '../../core/errors.js';
import type { Objective } from './objective.js';

/** For samples that are texts, whichever of prompt and answer holds them. */
export const text: Objective = {
  name: 'text',
  labels: 'hard',
  learnt: ({ id, prompt, answer }) => {
    const tokens = [...prompt, ...answer];
    if (tokens.length < 2)
      throw new UserError(`sample ${id}: ${tokens.length} token teaches nothing: give it two or more`);
    return { id, prompt: tokens.slice(0, 1), answer: tokens.slice(1) };
  },
};
