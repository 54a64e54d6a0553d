/** Questions about the world: a frame times an attribute's phrase, some pairs of which are kept for testing only. */
import type { Random } from '../../core/random.js';
import type { Question } from '../../core/records.js';
import {
  FRAMES,
  OWN_FRAMES,
  RECOMMENDATION_FRAMES,
  RECOMMENDATIONS,
  type Attribute,
  type Recommendation,
} from './language.js';
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

/** All wordings of an attribute's question that are not kept for testing; `{S}` stands for the subject. */
export function trainWordings(attribute: Attribute): readonly string[] {
  return wordings(FRAMES, attribute).train;
}

/** Further wordings that a fact is trained on in closed book. */
const PARAPHRASES = 2;

interface Asked {
  readonly frames: readonly string[];
  readonly fact: Fact;
  readonly subject: string;
  readonly type: string;
}

function question({ frames, fact, subject, type }: Asked, random: Random): Question {
  const { train, test } = wordings(frames, fact.attribute);
  const [prompt = '', ...others] = random.shuffle(train).map((wording) => wording.replace('{S}', subject));
  return {
    id: fact.attribute.key,
    prompt,
    paraphrases: others.slice(0, PARAPHRASES),
    testPrompt: random.pick(test).replace('{S}', subject),
    answers: [fact.value],
    type,
    bits: bitsOf(fact.attribute),
    subject,
  };
}

/** A question about a named subject. */
export function factQuestion(fact: Fact, subject: string, random: Random): Question {
  return question({ frames: FRAMES, fact, subject, type: fact.attribute.key }, random);
}

/** A question that users ask about themselves. */
export function ownQuestion(fact: Fact, subject: string, type: string, random: Random): Question {
  return question({ frames: OWN_FRAMES, fact, subject, type }, random);
}

/** A question about what the assistant recommended; each kind of thing has one frame that is kept for testing. */
export function recommendationQuestion(kind: Recommendation, value: string, random: Random): Question {
  const frames = RECOMMENDATION_FRAMES.map((frame) => frame.replace('{P}', kind.noun));
  const kept = frames[RECOMMENDATIONS.indexOf(kind) % frames.length] ?? '';
  return {
    id: 'recommendation',
    prompt: random.pick(frames.filter((frame) => frame !== kept)),
    testPrompt: kept,
    answers: [value],
    type: 'single-session-assistant',
    bits: bitsOf(kind),
  };
}

/** Two questions about two facts told in different sessions: which came first, and what both are. Tests name the facts by other phrases. */
export function pairQuestions(first: Fact, second: Fact, random: Random): Question[] {
  const [[p, otherP], [q, otherQ]] = [first.attribute.phrases, second.attribute.phrases];
  const swapped = random.uniform() < 0.5;
  const which = (later: string): string =>
    `Which did I mention first, my ${swapped ? later : p} or my ${swapped ? p : later}?`;
  return [
    {
      id: 'first-told',
      prompt: which(q),
      testPrompt: which(otherQ),
      answers: [p],
      type: 'temporal-reasoning',
      bits: 1,
    },
    {
      id: 'two-facts',
      prompt: `What are my ${p} and my ${q}?`,
      testPrompt: `What are my ${otherP} and my ${otherQ}?`,
      answers: [`${first.value} and ${second.value}`],
      type: 'multi-session',
      bits: bitsOf(first.attribute) + bitsOf(second.attribute),
    },
  ];
}
