/** Questions about the world: a frame times an attribute's phrase, some pairs of which are kept for testing only. */
import type { Random } from '../../core/random.js';
import type { Question } from '../../core/records.js';
import { FRAMES, OWN_FRAMES, type Attribute } from './language.js';
import { bitsOf, type Fact } from './subjects.js';

/** Whether a frame with a phrase is kept for testing: two in twelve pairs of every attribute, each frame and each phrase known from others. */
function keptForTesting(frame: number, phrase: number, attribute: Attribute): boolean {
  const offset = attribute.key.length;
  return (frame + 3 * phrase + offset) % 6 === 0;
}

/** Wordings of one attribute: those to train on, and those to test with. */
function wordings(frames: readonly string[], attribute: Attribute): { train: string[]; test: string[] } {
  const all = frames.flatMap((frame, f) =>
    attribute.phrases.map((phrase, p) => ({
      text: frame.replace('{P}', phrase),
      test: keptForTesting(f, p, attribute),
    })),
  );
  return {
    train: all.filter((each) => !each.test).map((each) => each.text),
    test: all.filter((each) => each.test).map((each) => each.text),
  };
}

function question(frames: readonly string[], fact: Fact, subject: string, type: string, random: Random): Question {
  const { train, test } = wordings(frames, fact.attribute);
  return {
    id: fact.attribute.key,
    prompt: random.pick(train).replace('{S}', subject),
    testPrompt: random.pick(test).replace('{S}', subject),
    answers: [fact.value],
    type,
    bits: bitsOf(fact.attribute),
    subject,
  };
}

/** A question about a named subject. */
export function factQuestion(fact: Fact, subject: string, random: Random): Question {
  return question(FRAMES, fact, subject, fact.attribute.key, random);
}

/** A question that users ask about themselves. */
export function ownQuestion(fact: Fact, subject: string, type: string, random: Random): Question {
  return question(OWN_FRAMES, fact, subject, type, random);
}
