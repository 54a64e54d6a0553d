/** The verb `ask`: items' questions put to a model, local or behind an endpoint, into records that can be judged. */
import type { Level } from '../core/levels.js';
import type { AnswerRecord, Item } from '../core/records.js';
import type { GenerateSettings } from '../core/settings.js';
import { answerItems } from '../evaluate/answer-items.js';
import type { AnswerLog } from '../evaluate/answer-log.js';
import type { Respondent } from '../evaluate/respondent.js';

export interface AskOptions extends Partial<GenerateSettings> {
  /** The text shown with each question; `none` shows none (closed book). Default `original`. */
  readonly level?: Level | 'none';
  /** Answers given before, and where new ones are kept. */
  readonly log?: AnswerLog;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** One record a question, in the items' order; answers are greedy and at most 48 tokens long unless told otherwise. */
export async function ask(
  items: readonly Item[],
  respondent: Respondent,
  options: AskOptions = {},
): Promise<AnswerRecord[]> {
  const { level = 'original', maxNewTokens = 48, temperature = 0, seed = 0, stop = [], ...others } = options;
  return answerItems(respondent, items, level, { settings: { maxNewTokens, temperature, seed, stop }, ...others });
}
