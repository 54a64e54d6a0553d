/** What the exam asks, so that nothing of it is trained: wordings that are the same, contain one, or share most of their runs of words. */
import type { Item, Question } from '../core/records.js';
import type { Word } from '../text/word.js';
import { wordsOf } from '../text/words.js';

/** An item's questions, as the exam asks them. */
export type ExamItem = Pick<Item, 'id' | 'questions'>;

/** Words of a run that is compared. */
const RUN = 5;
/** Share of runs in common from which two wordings are one. */
const ALIKE = 0.6;
/** Fewest words of an exam's wording that may not stand within a longer one. */
const FEWEST_CONTAINED = 4;

/** All wordings of an exam: prompts, paraphrases and those kept for testing, of all items. */
export class ExamWordings {
  readonly #whole = new Set<string>();
  /** Runs of each wording, and wordings by run. */
  readonly #runs: ReadonlySet<string>[] = [];
  readonly #byRun = new Map<string, number[]>();
  /** Wordings by their first words, for those that stand within others. */
  readonly #byOpening = new Map<string, string[]>();

  constructor(items: readonly ExamItem[]) {
    for (const { questions } of items)
      for (const question of questions) wordingsOf(question).forEach((each) => this.#add(each));
  }

  /** Whether a wording, given by its compared words, is one of the exam's. */
  has(words: readonly string[]): boolean {
    return this.#whole.has(words.join(' ')) || this.#holdsOne(words) || this.#isAlike(words);
  }

  #add(wording: string): void {
    const words = comparedWords(wordsOf(wording));
    const whole = words.join(' ');
    if (whole === '' || this.#whole.has(whole)) return;
    this.#whole.add(whole);
    const index = this.#runs.push(runsOf(words)) - 1;
    for (const run of this.#runs[index] ?? []) this.#byRun.set(run, [...(this.#byRun.get(run) ?? []), index]);
    if (words.length < FEWEST_CONTAINED) return;
    const opening = words.slice(0, FEWEST_CONTAINED).join(' ');
    this.#byOpening.set(opening, [...(this.#byOpening.get(opening) ?? []), whole]);
  }

  #holdsOne(words: readonly string[]): boolean {
    return words.some((_, at) => {
      const within = this.#byOpening.get(words.slice(at, at + FEWEST_CONTAINED).join(' '));
      const rest = `${words.slice(at).join(' ')} `;
      return within?.some((whole) => rest.startsWith(`${whole} `)) ?? false;
    });
  }

  #isAlike(words: readonly string[]): boolean {
    const own = runsOf(words);
    const shared = new Map<number, number>();
    for (const run of own)
      for (const index of this.#byRun.get(run) ?? []) shared.set(index, (shared.get(index) ?? 0) + 1);
    return [...shared].some(([index, count]) => count / (own.size + (this.#runs[index]?.size ?? 0) - count) >= ALIKE);
  }
}

function wordingsOf({ prompt, paraphrases = [], testPrompt }: Question): string[] {
  return [prompt, ...paraphrases, ...(testPrompt === undefined ? [] : [testPrompt])];
}

/** A wording's words as they are compared, without articles; all of them where there are no others. */
export function comparedWords(words: readonly Word[]): string[] {
  const content = words.filter(({ kind }) => kind !== 'article');
  return (content.length > 0 ? content : words).map(({ norm }) => norm);
}

/** Runs of five words; of fewer words, the whole. */
function runsOf(words: readonly string[]): ReadonlySet<string> {
  if (words.length === 0) return new Set();
  const starts = Math.max(1, words.length - RUN + 1);
  return new Set(Array.from({ length: starts }, (_, at) => words.slice(at, at + RUN).join(' ')));
}
