/** What of the written questions is trained: answers that stand in the text, nothing that the level lost, nothing of the exam. */
import { groupBy } from '../core/collections.js';
import { Random } from '../core/random.js';
import { answerFact, factsOf, type Fact } from '../audit/facts.js';
import { isKept } from '../audit/retention.js';
import { languageOf } from '../text/language.js';
import { joinedSentences, sentencesOf } from '../text/sentences.js';
import { normalForm, phraseOf, WordText } from '../text/word-text.js';
import { wordsOf } from '../text/words.js';
import { comparedWords, type ExamItem, type ExamWordings } from './exam-wordings.js';
import type { Source } from './form.js';
import type { Asking, StudyDraft } from './writer.js';

/** Why something that was written is not trained. */
export const FORM_DROP_REASONS = [
  'not in the text',
  'adds to the text',
  'lost by the level',
  'asked in the exam',
  'a question',
  'given away',
  'too long',
  'several answers',
  'alike',
] as const;
export type FormDropReason = (typeof FORM_DROP_REASONS)[number];

/** How much was dropped for each reason. */
export class Dropped {
  readonly #counts = new Map<FormDropReason, number>();

  add(reason: FormDropReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  toJson(): Readonly<Record<FormDropReason, number>> {
    const entries = FORM_DROP_REASONS.map((reason) => [reason, this.#counts.get(reason) ?? 0]);
    return Object.fromEntries(entries) as Record<FormDropReason, number>;
  }
}

/** A source with what was written about it. */
export interface Drafted {
  readonly source: Source;
  readonly drafts: readonly StudyDraft[];
}

const MOST_ANSWER_WORDS = 15;

/** What a source's text holds, and what of its exam it has lost. */
export class Held {
  readonly #text: WordText;
  /** The text and what it is about. */
  readonly #named: WordText;
  readonly #lost: readonly Fact[];
  readonly #language: string;

  constructor({ item, text, topic }: Source, exams: readonly ExamItem[]) {
    this.#text = new WordText(text);
    this.#language = languageOf(text) ?? 'en';
    this.#named = new WordText(`${text}\n${topic}`);
    const questions = exams.filter(({ id }) => id === item).flatMap((exam) => exam.questions);
    this.#lost = questions
      .filter(({ abstention }) => abstention !== true)
      .map(({ answers }) => answerFact(answers))
      .filter((fact) => !isKept(fact, this.#named));
  }

  /** Whether an answer stands in the text. */
  answers(answer: string): boolean {
    return wordsOf(answer).length > 0 && isKept(answerFact([answer]), this.#text);
  }

  /** Why a wording says more than the text and what it is about; undefined where it does not. */
  excessOf(wording: string): FormDropReason | undefined {
    const said = new WordText(wording);
    if (this.#lost.some((fact) => isKept(fact, said))) return 'lost by the level';
    const added = factsOf(openedLow(wording, this.#language)).filter((fact) => this.#isTold(fact));
    return added.every((fact) => isKept(fact, this.#named)) ? undefined : 'adds to the text';
  }

  /** Whether a fact is one for sure: German writes all nouns as it writes names. */
  #isTold({ kind, label }: Fact): boolean {
    return kind !== 'entities' || this.#language !== 'de' || /^\p{Lu}\S* \p{Lu}/u.test(label);
  }
}

/** English words that open a question or a sentence, and are no name there. */
const OPENERS =
  /^(tell|name|state|give|complete|continue|fill|list|identify|describe|say|recall|please|how|why|whose|whom|do|does|did|can|could|is|are|was|were|has|have|had|regarding|concerning|to|out|near|upon)\b/i;

/** A wording without the capital of the word that opens it, where that is no name. */
function openedLow(wording: string, language: string): string {
  return wording.replace(language === 'en' ? OPENERS : /^[^\p{L}]*\p{L}+/u, (word) => word.toLowerCase());
}

/** What a rewrite by a model is checked against. */
export interface RewriteCheck {
  readonly text: string;
  readonly held: Held;
  readonly exam: ExamWordings;
}

/** A rewrite without the sentences that say more than the text, or ask; none where nothing is left. Each is counted. */
export function heldBy(rewrite: string, check: RewriteCheck, dropped: Dropped): string[] {
  const kept = sentencesOf(rewrite).filter((sentence) => {
    const reason = sentenceFault(sentence.trim(), check);
    if (reason !== undefined) dropped.add(reason);
    return reason === undefined;
  });
  const text = joinedSentences(kept);
  return /[\p{L}\p{N}]/u.test(text) ? [text] : [];
}

function sentenceFault(sentence: string, { text, held, exam }: RewriteCheck): FormDropReason | undefined {
  if (exam.has(comparedWords(wordsOf(sentence)))) return 'asked in the exam';
  if (/[?？]["'”’)」』]*$/u.test(sentence) && !text.includes(sentence)) return 'a question';
  return held.excessOf(sentence);
}

export interface CheckSettings {
  /** Whether what is checked can hold nothing but what the text says. */
  readonly fromTextAlone: boolean;
  readonly wordings: number;
  readonly reverse: boolean;
  readonly seed: number;
  readonly exams: readonly ExamItem[];
  readonly exam: ExamWordings;
}

/** A draft with its words as they are compared. */
interface Read {
  readonly draft: StudyDraft;
  readonly prompt: WordText;
  readonly words: readonly string[];
  /** Prompt and answer in the forms in which equal ones are equal. */
  readonly key: string;
  readonly answerKey: string;
}

function readDraft(draft: StudyDraft): Read {
  const prompt = new WordText(draft.prompt);
  const words = comparedWords(prompt.words);
  return { draft, prompt, words, key: words.join(' '), answerKey: normalForm(draft.answer) };
}

/** Checks what was written about all sources: a question that has other answers elsewhere is not asked. */
export class StudyCheck {
  readonly #read: ReadonlyMap<Source, readonly Read[]>;
  readonly #answers = new Map<string, Set<string>>();

  constructor(
    all: readonly Drafted[],
    readonly settings: CheckSettings,
  ) {
    this.#read = new Map(all.map(({ source, drafts }) => [source, drafts.map(readDraft)]));
    for (const { key, answerKey } of [...this.#read.values()].flat())
      this.#answers.set(key, (this.#answers.get(key) ?? new Set()).add(answerKey));
  }

  /** The drafts of a source that are trained, fact by fact; what is not for a reason is counted in `dropped`. */
  kept(source: Source, dropped: Dropped): StudyDraft[] {
    const held = new Held(source, this.settings.exams);
    const asked = new Set<string>();
    const sound = (this.#read.get(source) ?? []).filter((each) => {
      if (each.draft.asking === 'reversed' && !this.settings.reverse) return false;
      const reason = this.#faultOf(each, held) ?? (asked.has(each.key) ? 'alike' : undefined);
      if (reason === undefined) asked.add(each.key);
      else dropped.add(reason);
      return reason === undefined;
    });
    const drafts = sound.map(({ draft }) => draft);
    return [...groupBy(drafts, ({ fact }) => fact)].flatMap(([fact, wordings]) =>
      this.#chosen(wordings, new Random(this.settings.seed, 'study', source.item, fact)),
    );
  }

  #faultOf({ draft, prompt, words, key }: Read, held: Held): FormDropReason | undefined {
    if (wordsOf(draft.answer).length > MOST_ANSWER_WORDS) return 'too long';
    if (!held.answers(draft.answer)) return 'not in the text';
    const isOfText = this.settings.fromTextAlone || draft.ofText === true;
    const excess = isOfText ? undefined : held.excessOf(draft.prompt);
    if (excess !== undefined) return excess;
    if (prompt.has(phraseOf(draft.answer))) return 'given away';
    if (this.settings.exam.has(words)) return 'asked in the exam';
    return (this.#answers.get(key)?.size ?? 0) > 1 ? 'several answers' : undefined;
  }

  /** As many wordings as are wanted, one reversed, one with a gap. */
  #chosen(wordings: readonly StudyDraft[], random: Random): StudyDraft[] {
    const of = (asking: Asking, most: number): StudyDraft[] => {
      const [usual, spare] = [false, true].map((isSpare) =>
        random.shuffle(wordings.filter((draft) => draft.asking === asking && (draft.spare ?? false) === isSpare)),
      );
      return [...(usual ?? []), ...(spare ?? [])].slice(0, most);
    };
    return [...of('forward', this.settings.wordings), ...of('reversed', 1), ...of('cloze', 1)];
  }
}
