/** Forms: what an adapter is shown of a text that it is to learn, each made from the text of one level alone. */

/**
 * `raw`: the text as it is. `rewrite`: the same in another order or other words. `restore`: a masked text and the whole one.
 * `study`: questions and short answers. `distil`: the same questions, learnt from the base that reads the text. `replay`: the
 * base's own samples, which are made elsewhere.
 */
export const FORM_NAMES = ['raw', 'rewrite', 'restore', 'study', 'distil', 'replay'] as const;
export type FormName = (typeof FORM_NAMES)[number];

/** Whether a form asks for single facts, and is not the text told whole. */
export const asksFacts = (form: FormName): boolean => form === 'study' || form === 'distil';

/** The forms that are made of texts. */
export type TextForm = Exclude<FormName, 'replay'>;

/** A text that is learnt: an item's at one level. */
export interface Source {
  readonly item: string;
  readonly text: string;
  /** What it is about, as questions may name it; empty where unknown. */
  readonly topic: string;
}

/** One sample to train on. */
export interface FormSample {
  /** `item/form/number`, numbers from 1. */
  readonly id: string;
  readonly item: string;
  readonly form: FormName;
  /** Null of a text that is learnt whole, from its first token on. */
  readonly prompt: string | null;
  readonly answer: string;
}
