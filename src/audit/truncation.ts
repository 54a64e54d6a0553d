/** Truncation: what the context limit would cut from each sample, told before anything is trained. */
import type { Item, LevelText, Question } from '../core/records.js';
import type { Truncation } from './audit-report.js';
import { answerFact } from './facts.js';
import { isKept } from './retention.js';
import { WordText } from '../text/word-text.js';

/** A sample as the prompt renderer would put it to the model. */
export interface FittedSample {
  /** Tokens of the whole sample before shortening, answer included: the sum of its parts, at most a few off. */
  readonly uncutTokens: number;
  /** The part of the text that is left. */
  readonly context: string;
  readonly shortened: boolean;
  readonly hasWholeQuestion: boolean;
  readonly hasWholeAnswer: boolean;
  /** Whether question and answer fit at all. */
  readonly fits: boolean;
}

/** Fits samples of one text into the context limit, exactly as training and evaluation do. */
export interface SampleFitter {
  readonly maxLength: number;
  fit(context: string, contextTokens: number, question: Question): FittedSample;
}

/** Counts over the samples of one level. */
export class TruncationCount {
  #samples = 0;
  #shortened = 0;
  #lostEvidence = 0;
  #lostQuestion = 0;
  #lostAnswer = 0;
  #impossible = 0;
  #longest = 0;

  /** Adds all samples of an item's text; gives each sample's tokens. */
  add(item: Item, text: LevelText, tokens: number, fitter: SampleFitter): number[] {
    let whole: WordText | undefined;
    return item.questions.map((question) => {
      const sample = fitter.fit(text.text, tokens, question);
      this.#samples++;
      this.#longest = Math.max(this.#longest, sample.uncutTokens);
      if (!sample.fits) this.#impossible++;
      if (sample.fits && !sample.hasWholeQuestion) this.#lostQuestion++;
      if (sample.fits && !sample.hasWholeAnswer) this.#lostAnswer++;
      if (sample.shortened) {
        this.#shortened++;
        whole ??= new WordText(text.text);
        if (losesEvidence(question, text, whole, sample.context)) this.#lostEvidence++;
      }
      return sample.uncutTokens;
    });
  }

  result(): Truncation {
    return {
      samples: this.#samples,
      shortened: this.#shortened,
      lostEvidence: this.#lostEvidence,
      lostQuestion: this.#lostQuestion,
      lostAnswer: this.#lostAnswer,
      impossible: this.#impossible,
      longest: this.#longest,
    };
  }
}

/** Whether the marked evidence, or else the answer's words, stand in the whole text and not in what is left of it. */
function losesEvidence(question: Question, text: LevelText, whole: WordText, left: string): boolean {
  const marked = evidenceOf(text);
  if (marked.length > 0) return marked.some(([start, end]) => !left.includes(text.text.slice(start, end)));
  if (question.abstention === true) return false;
  const fact = answerFact(question.answers);
  return isKept(fact, whole) && !isKept(fact, new WordText(left));
}

/** Places of the text that its data set marks as evidence. */
function evidenceOf({ provenance }: LevelText): [number, number][] {
  const marked = provenance['evidence'];
  if (!Array.isArray(marked)) return [];
  return marked.filter(
    (place): place is [number, number] =>
      Array.isArray(place) && typeof place[0] === 'number' && typeof place[1] === 'number',
  );
}
