/** Questions and rewrites of the synthetic world's texts, in the world's own language; what questions keep for testing is never written. */
import { trainWordings } from '../data/world/questions.js';
import type { Random } from '../core/random.js';
import type { Source } from './form.js';
import { GAP } from './restore.js';
import { variants } from './rule-rewrites.js';
import { patternsOf, tell, worldFacts, type WorldFact, worldSentences, type WorldSentence } from './world-facts.js';
import type { FormWriter, RewriteRequest, StudyDraft } from './writer.js';

/** Raised when the world is asked or told otherwise. */
const VERSION = 2;

/** Writes about texts of the world, and nothing about others. */
export const worldFormWriter: FormWriter = {
  name: 'world',
  identity: { world: VERSION },
  concurrency: 1,
  fromTextAlone: true,
  study: (source) => Promise.resolve({ drafts: worldDrafts(source) ?? [], unread: 0, failed: 0 }),
  rewrite: (source, request) => Promise.resolve({ texts: worldRewrites(source, request) ?? [], failed: 0 }),
  estimate: () => null,
};

/** Questions about all facts of a text, whomever they are about; null where the text is not of the world. */
export function worldDrafts({ text }: Source): StudyDraft[] | null {
  const sentences = worldSentences(text);
  return sentences === null ? null : worldFacts(sentences).flatMap(draftsOf);
}

/** Further frames, for facts of which the exam has taken too many wordings; none of them is kept for testing. */
const SPARE_FRAMES = ['Which {P} does {S} have?', '{S} has which {P}?'];

function draftsOf({ name, attribute, value, pattern }: WorldFact): StudyDraft[] {
  const fact = `${name}/${attribute.key}`;
  const forward = (wording: string, spare = false): StudyDraft => ({
    ...{ fact, asking: 'forward', prompt: wording.replace('{S}', name), answer: value, spare },
  });
  return [
    ...trainWordings(attribute).map((wording) => forward(wording)),
    ...SPARE_FRAMES.flatMap((frame) => attribute.phrases.map((phrase) => forward(frame.replace('{P}', phrase), true))),
    { fact, asking: 'reversed', prompt: `Whose ${attribute.phrases[0]} is ${value}?`, answer: name },
    { fact, asking: 'cloze', prompt: `Fill the gap: ${tell(pattern, name, GAP)}`, answer: value },
  ];
}

/** The text told anew: each fact by any of its sentences, all in another order; null where the text is not of the world. */
export function worldRewrites(source: Source, request: RewriteRequest): string[] | null {
  const sentences = worldSentences(source.text);
  if (sentences === null) return null;
  return variants(source, request, (random) =>
    random.shuffle(sentences.flatMap((each) => told(each, random))).join(' '),
  );
}

function told({ text, facts }: WorldSentence, random: Random): string[] {
  if (facts.length === 0) return [text];
  return facts.map(({ name, attribute, value }) => tell(random.pick(patternsOf(attribute)), name, value));
}
