/** The exact judge: an answer is right when it is an accepted answer word for word, and wrong otherwise. */
import { scored, type Judge } from './contract.js';
import { normalForm } from '../../text/word-text.js';
import { WORDS_VERSION } from '../../text/words.js';

/** Scores 5 where the answer equals any accepted one but for case, punctuation and articles, else 1. For answers known word for word. */
export function exactJudge(): Judge {
  return {
    name: 'exact',
    identity: { judge: 'exact', version: 2, words: WORDS_VERSION },
    judge({ answers, reference, answer }) {
      const given = normalForm(answer);
      const match =
        given === '' ? undefined : [reference, ...answers].find((accepted) => normalForm(accepted) === given);
      return Promise.resolve(
        match === undefined ? scored(1, 'differs from every accepted answer') : scored(5, `is "${match}"`),
      );
    },
  };
}
