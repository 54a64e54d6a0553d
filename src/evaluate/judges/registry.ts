/** The judges there are, by the names that commands and configurations use. */
import { UserError } from '../../core/errors.js';
import type { ChatMessage, ChatModel } from '../../llm/chat-model.js';
import type { Judge, JudgeInput } from './contract.js';
import { exactJudge } from './exact.js';
import { lexicalJudge } from './lexical.js';
import { llmJudge, llmPrompt } from './llm.js';
import { yesNoJudge, yesNoPrompt } from './yes-no.js';

export interface JudgeOptions {
  /** The model that judges; needed by `llm` and `yes-no`. */
  readonly model?: ChatModel;
  /** Index of the judgement where answers are judged several times; default 0. */
  readonly repeat?: number;
}

const OFFLINE: Readonly<Record<string, () => Judge>> = { exact: exactJudge, lexical: lexicalJudge };
const ASKING: Readonly<Record<string, (options: { model: ChatModel; repeat?: number }) => Judge>> = {
  llm: llmJudge,
  'yes-no': yesNoJudge,
};

/** Names of all judges. */
export const JUDGES: readonly string[] = [...Object.keys(OFFLINE), ...Object.keys(ASKING)];

/** What a judge puts to its model, and about how many tokens its reply takes. */
export interface JudgePrompt {
  readonly prompt: (input: JudgeInput, call: string) => readonly ChatMessage[];
  readonly replyTokens: number;
}

const PROMPTS: Readonly<Record<string, JudgePrompt>> = {
  llm: { prompt: llmPrompt, replyTokens: 50 },
  'yes-no': { prompt: yesNoPrompt, replyTokens: 3 },
};

/** How a judge of this name asks; null where it asks no model. */
export function judgePrompt(name: string): JudgePrompt | null {
  return Object.hasOwn(PROMPTS, name) ? (PROMPTS[name] ?? null) : null;
}

/** Whether a judge of this name asks a language model. */
export function needsModel(name: string): boolean {
  return Object.hasOwn(ASKING, name);
}

/** A judge from its name; throws UserError naming the judges there are, or where its model is missing. */
export function judgeByName(name: string, { model, repeat = 0 }: JudgeOptions = {}): Judge {
  const offline = Object.hasOwn(OFFLINE, name) ? OFFLINE[name] : undefined;
  if (offline !== undefined) return offline();
  const asking = Object.hasOwn(ASKING, name) ? ASKING[name] : undefined;
  if (asking === undefined) throw new UserError(`unknown judge "${name}": use one of ${JUDGES.join(', ')}`);
  if (model === undefined)
    throw new UserError(
      `judge "${name}" asks a language model: name the model, or use lexical or exact, which need none`,
    );
  return asking({ model, repeat });
}
