/** What of the written questions is trained: answers that stand in the text, nothing that the level lost, nothing of the exam. */
import { groupBy } from '../core/collections.js';
import { Random } from '../core/random.js';
import { answerFact, factsOf, type Fact } from '../audit/facts.js';
import { isKept } from '../audit/retention.js';
import { phraseOf, WordText } from '../text/word-text.js';
import { wordsOf } from '../text/words.js';
import { comparedWords, type ExamItem, ExamWordings } from './exam-wordings.js';
import type { Source } from './form.js';
import type { Asking, StudyDraft } from './writer.js';

/** Why something that was written is not trained. */
export const FORM_DROP_REASONS = [
  'not in the text',
  'adds to the text',
  'lost by the level',
  'asked in the exam',
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

  constructor({ item, text, topic }: Source, exams: readonly ExamItem[]) {
    this.#text = new WordText(text);
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
    return factsOf(openedLow(wording)).every((fact) => isKept(fact, this.#named)) ? undefined : 'adds to the text';
  }
}

/** Words that open a question, and are no name there. */
const OPENERS =
  /^(tell|name|state|give|complete|continue|fill|list|identify|describe|say|recall|please|how|why|whose|whom|do|does|did|can|could|is|are|was|were|has|have|had|regarding|concerning|to|out|near|upon)\b/i;

/** A wording without the capital of the word that opens it. */
function openedLow(wording: string): string {
  return wording.replace(OPENERS, (word) => word.toLowerCase());
}

export interface CheckSettings {
  readonly wordings: number;
  readonly reverse: boolean;
  readonly seed: number;
  readonly exams: readonly ExamItem[];
}

/** Checks what was written about all sources: a question that has other answers elsewhere is not asked. */
export class StudyCheck {
  readonly #wordings: ExamWordings;
  readonly #answers: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(
    all: readonly Drafted[],
    readonly settings: CheckSettings,
  ) {
    this.#wordings = new ExamWordings(settings.exams);
    this.#answers = answersByPrompt(all.flatMap(({ drafts }) => drafts));
  }

  /** The drafts of a source that are trained, fact by fact; what is not for a reason is counted in `dropped`. */
  kept({ source, drafts }: Drafted, dropped: Dropped): StudyDraft[] {
    const held = new Held(source, this.settings.exams);
    const prompts = new Set<string>();
    const sound = drafts.filter((draft) => {
      if (draft.asking === 'reversed' && !this.settings.reverse) return false;
      const reason = this.#faultOf(draft, held) ?? (prompts.has(keyOf(draft.prompt)) ? 'alike' : undefined);
      if (reason === undefined) prompts.add(keyOf(draft.prompt));
      else dropped.add(reason);
      return reason === undefined;
    });
    return [...groupBy(sound, ({ fact }) => fact)].flatMap(([fact, wordings]) =>
      this.#chosen(wordings, new Random(this.settings.seed, 'study', source.item, fact)),
    );
  }

  #faultOf({ prompt, answer }: StudyDraft, held: Held): FormDropReason | undefined {
    if (wordsOf(answer).length > MOST_ANSWER_WORDS) return 'too long';
    if (!held.answers(answer)) return 'not in the text';
    const excess = held.excessOf(prompt);
    if (excess !== undefined) return excess;
    if (new WordText(prompt).has(phraseOf(answer))) return 'given away';
    if (this.#wordings.has(prompt)) return 'asked in the exam';
    return (this.#answers.get(keyOf(prompt))?.size ?? 0) > 1 ? 'several answers' : undefined;
  }

  /** As many wordings as are wanted, one reversed, one with a gap. */
  #chosen(wordings: readonly StudyDraft[], random: Random): StudyDraft[] {
    const of = (asking: Asking, most: number): StudyDraft[] =>
      random.shuffle(wordings.filter((draft) => draft.asking === asking)).slice(0, most);
    return [...of('forward', this.settings.wordings), ...of('reversed', 1), ...of('cloze', 1)];
  }
}

function answersByPrompt(drafts: readonly StudyDraft[]): ReadonlyMap<string, ReadonlySet<string>> {
  const answers = new Map<string, Set<string>>();
  for (const { prompt, answer } of drafts) {
    const key = keyOf(prompt);
    answers.set(key, (answers.get(key) ?? new Set()).add(keyOf(answer)));
  }
  return answers;
}

const keyOf = (text: string): string => comparedWords(text).join(' ');
