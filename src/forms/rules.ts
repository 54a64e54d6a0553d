/** Questions and rewrites without a model: what rules find in a text, asked for in frames that the exam does not use; texts of the synthetic world in its own language. */
import { distinctBy } from '../core/collections.js';
import { partsOfItem, type Part } from '../exam/part.js';
import { ruleFacts, type GapFact, type RuleFact, type ValueFact } from '../exam/rule-facts.js';
import { normalForm, phraseOf, WordText } from '../text/word-text.js';
import { phraseGaps, subjectQuestion, turnedQuestions } from './english-questions.js';
import { filled, framesFor, type Frames } from './frames.js';
import type { Source } from './form.js';
import { extractionOf, isVerbal, type Extraction, type Relation } from './relations.js';
import { contentWords, GAP } from './restore.js';
import { ruleRewrites } from './rule-rewrites.js';
import { worldDrafts, worldRewrites } from './world-writer.js';
import type { Asking, FormWriter, StudyDraft } from './writer.js';

/** Raised when rules write otherwise. */
const VERSION = 1;

/** Writes by rules: at once, and the same each time. */
export const ruleFormWriter: FormWriter = {
  name: 'rules',
  identity: { rules: VERSION },
  concurrency: 1,
  fromTextAlone: true,
  study: (source) => Promise.resolve({ drafts: worldDrafts(source) ?? ruleDrafts(source), unread: 0, failed: 0 }),
  rewrite: (source, request) =>
    Promise.resolve({ texts: worldRewrites(source, request) ?? ruleRewrites(source, request), failed: 0 }),
  estimate: () => null,
};

/** Questions about what rules find in a text. */
export function ruleDrafts(source: Source): StudyDraft[] {
  const extraction = extractionOf(source.text);
  const part = wholePart(extraction === null ? source : { ...source, text: extraction.sentences.join('\n\n') });
  const topic = source.topic === '' ? (part?.topic ?? '') : source.topic;
  const asker = new Asker(framesFor(source.text), topic);
  const found = part === undefined ? [] : distinctGaps(ruleFacts({ ...part, topic }, (text) => asker.phrases(text)));
  return [...relationsOf(extraction), ...found].flatMap((fact, index, all) =>
    asker.drafts(fact, `${index + 1}`, all[index - 1]),
  );
}

/** A text as one part; undefined where it has no words. */
export function wholePart({ text }: Pick<Source, 'text'>): Part | undefined {
  const item = { id: '', dataset: '', questions: [], texts: { original: { text, method: '', provenance: {} } } };
  return partsOfItem(item, Infinity, () => 1)[0];
}

/** Without what a sentence is asked for already, as a name with other words around it is not. */
function distinctGaps(facts: readonly RuleFact[]): RuleFact[] {
  return distinctBy(facts, (fact) =>
    fact.shape === 'value' ? fact : `${sentenceOf(fact, fact.answer)}\n${normalForm(fact.answer)}`,
  );
}

type AskedFact = RuleFact | VerbalFact;

/** What a subject does or is, by a verb. */
interface VerbalFact extends Relation {
  readonly shape: 'verbal';
}

function relationsOf(extraction: Extraction | null): AskedFact[] {
  return (extraction?.relations ?? []).map((each) =>
    isVerbal(each.relation)
      ? { shape: 'verbal', ...each }
      : { shape: 'value', key: each.relation, of: each.subject, answer: each.object },
  );
}

/** Frames around a gap that are used before others. */
const USUAL = 4;

type Draft = Omit<StudyDraft, 'fact'>;

/** Puts questions about facts of one text. */
class Asker {
  readonly #isEnglish: boolean;

  constructor(
    readonly frames: Frames,
    readonly topic: string,
  ) {
    this.#isEnglish = frames === framesFor('');
  }

  /** Further words of a sentence that can be asked for. */
  phrases(sentence: string): GapFact[] {
    if (!this.#isEnglish) return [];
    return phraseGaps(sentence).map((gap) => ({ shape: 'gap', ...gap }));
  }

  drafts(fact: AskedFact, id: string, last: AskedFact | undefined): StudyDraft[] {
    return this.#draftsOf(fact, last).map((draft) => ({ fact: id, ...draft }));
  }

  #draftsOf(fact: AskedFact, last: AskedFact | undefined): Draft[] {
    if (fact.shape === 'verbal') return verbalDrafts(fact);
    return fact.shape === 'value' ? this.#valueDrafts(fact) : this.#gapDrafts(fact, last);
  }

  /** The topic in brackets, where a question does not name it anyway. */
  #about(said: string): string {
    const [open, close] = this.frames.brackets;
    const isNamed = this.topic === '' || new WordText(said).has(phraseOf(this.topic));
    return isNamed ? '' : `${open}${this.topic}${close}`;
  }

  #valueDrafts({ key, of, answer }: ValueFact): Draft[] {
    const about = this.#about(of);
    const holder = of === '' ? this.topic : of;
    const whose = of === '' ? this.topic : of + about;
    const places = { key, answer, gap: GAP, about, ...(whose !== '' && { whose }) };
    // What a topic says of itself in brackets is said by frames that name whose it is.
    const frames = this.frames.value.filter((frame) => !frame.includes('{about}') || (of === '' && about !== ''));
    return [
      ...asked('forward', whose === '' ? bare(this.frames.value) : frames, places, answer),
      ...asked('cloze', [this.frames.valueCloze], places, answer),
      ...(holder === ''
        ? []
        : asked('reversed', [this.frames.valueReversed], { ...places, about: of === '' ? '' : about }, holder)),
    ];
  }

  #gapDrafts(fact: GapFact, last: AskedFact | undefined): Draft[] {
    const sentence = sentenceOf(fact, GAP);
    const whole = sentenceOf(fact, fact.answer);
    const places = { ...gapPlaces(fact), kind: this.frames.kinds[fact.kind], about: this.#about(sentence) };
    const turned = this.#isEnglish ? turnedQuestions(fact) : [];
    const isNew = last?.shape !== 'gap' || sentenceOf(last, last.answer) !== whole;
    return [
      ...asked('forward', this.#gapFrames(fact.kind), places, fact.answer).map((draft, index) => ({
        ...draft,
        spare: index >= USUAL,
      })),
      ...turned.map((prompt): Draft => ({ asking: 'forward', prompt: prompt + places.about, answer: fact.answer })),
      ...asked('cloze', [this.frames.gapCloze], places, fact.answer),
      ...(isNew ? this.#reversed(whole) : []),
    ];
  }

  #gapFrames(kind: GapFact['kind']): readonly string[] {
    return kind === 'phrase' ? this.frames.phrase : this.frames.gap;
  }

  /** Asks for the topic of a sentence that names it. */
  #reversed(whole: string): Draft[] {
    if (this.topic === '' || !whole.includes(this.topic)) return [];
    const turned = this.#isEnglish ? subjectQuestion(whole, this.topic) : undefined;
    if (turned !== undefined) return [{ asking: 'reversed', prompt: turned, answer: this.topic }];
    return asked('reversed', [this.frames.gapReversed], { sentence: whole.replaceAll(this.topic, GAP) }, this.topic);
  }
}

const sentenceOf = ({ before, behind }: GapFact, between: string): string => before + between + behind;

/** Frames for a value of nothing that is named. */
function bare(frames: readonly string[]): string[] {
  return frames.filter((frame) => frame.includes('{about}'));
}

function asked(
  asking: Asking,
  frames: readonly string[],
  places: Readonly<Record<string, string | undefined>>,
  answer: string,
): Draft[] {
  return frames.flatMap((frame) => {
    const prompt = filled(frame, places);
    return prompt === undefined ? [] : { asking, prompt, answer };
  });
}

/** Words around a gap that a window shows, and fewest on one side that ask for what follows or precedes. */
const [NEAR, FEWEST] = [5, 3];
/** Most content words of a sentence's beginning that is to be gone on with. */
const MOST_BEFORE = 12;
/** Most content words of a sentence that is shown whole. */
const MOST_SHOWN = 16;
const MOST_KEYWORDS = 8;

function gapPlaces({ before, behind }: GapFact): Readonly<Record<string, string | undefined>> {
  const [left, right] = [contentWords(before), contentWords(behind)];
  const start = left.at(-NEAR)?.start ?? 0;
  const end = right[NEAR - 1]?.end ?? behind.length;
  const window = `${start > 0 ? '… ' : ''}${before.slice(start)}${GAP}${behind.slice(0, end)}${end < behind.length ? ' …' : ''}`;
  const near = [
    ...left.slice(-MOST_KEYWORDS / 2).map((word) => before.slice(word.start, word.end)),
    ...right.slice(0, MOST_KEYWORDS / 2).map((word) => behind.slice(word.start, word.end)),
  ];
  return {
    window,
    sentence: left.length + right.length > MOST_SHOWN ? window : before + GAP + behind,
    near: left.length >= FEWEST ? before.slice(left.at(-FEWEST)?.start).trim() : undefined,
    before: left.length > 0 && left.length <= MOST_BEFORE ? before.trim() : undefined,
    behind: right.length >= FEWEST ? behind.slice(0, end).replace(/^[\s,;:.]+|[\s,;:.]+$/g, '') : undefined,
    words: near.length >= FEWEST ? near.join(', ') : undefined,
  };
}

function verbalDrafts({ subject, relation, object }: VerbalFact): Draft[] {
  const said = `${subject} ${relation}`;
  const wordings = [
    `${said} what?`,
    `${said} whom or what?`,
    `How does it go on: ${said} …`,
    `What is to be put behind “${said}”?`,
    `About ${subject}: ${relation} what?`,
    `Tell me what belongs here: ${said} …`,
  ];
  return [
    ...wordings.map((prompt): Draft => ({ asking: 'forward', prompt, answer: object })),
    { asking: 'cloze', prompt: `Put in what is missing: ${said} ${GAP}.`, answer: object },
    { asking: 'reversed', prompt: `Who or what ${relation} ${object}?`, answer: subject },
  ];
}
