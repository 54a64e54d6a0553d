/** The records that pass between rooms: items with their questions in, samples to train on, one flat row per judged answer out. */
import type { JsonObject } from './json.js';
import type { Level } from './levels.js';
import type { Question } from './question.js';

export type { Question };

/** How a run asks: with the context in the prompt, without it, or without it after training on the text itself. */
export type Book = 'open' | 'closed' | 'text';

/**
 * What an answer about a trained text is compared with: the base without any text (the floor), the base that reads the text (the
 * ceiling), an adapter of other documents (what the form alone gives).
 */
export const TEXT_CONTROLS = ['without text', 'with text', 'other documents'] as const;
export type TextControl = (typeof TEXT_CONTROLS)[number];

/**
 * What an adapter that was trained on texts had of a question: asked for by a trained question (`covered`), not by one though its
 * item was (`uncovered`), an item's of which only the text was trained (`untaught`), or one that was never trained (`unseen`).
 */
export const TEXT_GROUPS = ['covered', 'uncovered', 'untaught', 'unseen'] as const;
export type TextGroup = (typeof TEXT_GROUPS)[number];

/** A text at one level, and where it came from. */
export interface LevelText {
  readonly text: string;
  /** Name of the compression method: `recorded`, `oracle`, `summarize`, `extract`, `hybrid`, `select`, `prune` … */
  readonly method: string;
  /** What made it: model, prompt version, parameters, date, source file … `description` says in a few words what the text is. */
  readonly provenance: JsonObject;
}

/** Texts by level; any level may be missing. */
export interface LevelTexts {
  readonly [level: string]: LevelText;
}

/** One source document with its texts at every level and its questions. */
export interface Item {
  readonly id: string;
  /** The data set's name, e.g. `wikiupdate`, `longmemeval`, `world-articles`. */
  readonly dataset: string;
  readonly texts: LevelTexts;
  readonly questions: readonly Question[];
}

/** One (context, question, answer) built from an item at one level. */
export interface Sample {
  /** `item/question` (and the level, where it matters, is the run's). */
  readonly id: string;
  readonly item: string;
  readonly question: string;
  /** The level's text; undefined in a closed-book sample. */
  readonly context?: string;
  readonly prompt: string;
  readonly answer: string;
}

/** What a judge said of one answer; a failed judgement is `unscored`, never zero. */
export type Verdict =
  | {
      readonly status: 'scored';
      /** 1 to 5. */ readonly score: number;
      readonly correct: boolean;
      readonly reason: string;
    }
  | { readonly status: 'unscored'; readonly reason: string };

/** One question put to a model and what came of it: all that a judge may know, so that it can be judged by itself. */
export interface AnswerRecord {
  readonly item: string;
  readonly question: string;
  readonly type: string;
  /** The wording that was put to the model. */
  readonly prompt: string;
  readonly reference: string;
  /** Every accepted answer, the reference among them. */
  readonly answers: readonly string[];
  /** What the question is about; null where unknown. */
  readonly subject: string | null;
  /** What the model said; null where it gave no answer. */
  readonly answer: string | null;
  /** Why generation stopped; null where there is no answer. */
  readonly finish: 'stop' | 'length' | null;
  /** Why there is no answer; null where there is one. */
  readonly failure: string | null;
  /** Whether the right answer is that the text does not say. */
  readonly abstention: boolean;
  /** Whether the context was shortened to fit the model's context length. */
  readonly contextTruncated: boolean;
  readonly bits: number | null;
  /** Whether the wording was kept for testing and so never trained on; absent where that is not known. */
  readonly reworded?: boolean;
}

/** Where in a grid an answer belongs. */
export interface GridPlace {
  /** Who answered: a run's folder, or a name for answers made elsewhere. */
  readonly run: string;
  readonly dataset: string;
  readonly book: Book;
  /** `none` for a closed-book run, which has no level. */
  readonly level: Level | 'none';
  /** LoRA rank; 0 is the untuned base model. */
  readonly rank: number;
  /** lora_alpha / rank (or / sqrt(rank)); 0 for the base. */
  readonly scale: number;
  /** Number of items trained on; 0 for the base. */
  readonly items: number;
  readonly seed: number;
  /** What was made of texts to train on, where they were trained on; else absent, as are the next two. */
  readonly form?: string;
  /** How often each fact was seen. */
  readonly exposures?: number;
  /** What it is compared with; absent for what is compared. */
  readonly control?: TextControl;
}

/** One flat row per judged answer: all that analysis and report read. */
export interface Row extends Omit<GridPlace, 'form' | 'exposures' | 'control'> {
  readonly item: string;
  readonly question: string;
  readonly type: string;
  readonly judge: string;
  readonly status: 'scored' | 'unscored';
  /** 1 to 5, or null when unscored. */
  readonly score: number | null;
  readonly correct: boolean | null;
  readonly abstention: boolean;
  readonly contextTruncated: boolean;
  /** Token reduction rate of this item's text at this level; null in closed book. */
  readonly trr: number | null;
  /** Share of this item's answers still found in its text at this level; null in closed book. */
  readonly retention: number | null;
  readonly bits: number | null;
  readonly prompt: string;
  readonly reference: string;
  /** Empty where the model gave none. */
  readonly answer: string;
  /** Why generation stopped; null where there is no answer, or it is not known. */
  readonly finish: 'stop' | 'length' | null;
  /** What the judge said of it, or why it is unscored. */
  readonly reason: string;
  /** Whether it was asked in a wording kept for testing; null where that is not known. */
  readonly reworded: boolean | null;
  /** Null, as are the next three, where no text was trained on. */
  readonly form: string | null;
  readonly exposures: number | null;
  readonly control: TextControl | null;
  /** Null of a control. */
  readonly group: TextGroup | null;
}
