/** Who is questioned: a local model with or without an adapter, or a model behind an endpoint; one contract for both. */
import { join } from 'node:path';
import { mapConcurrently } from '../core/concurrency.js';
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import type { Json } from '../core/json.js';
import type { Device, GenerateSettings, Quantisation } from '../core/settings.js';
import { isReply, stopsWork, type ChatMessage, type ChatModel } from '../llm/chat-model.js';
import { fileIdentity } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import { roundedWeights } from '../models/formats/quantise.js';
import {
  DEFAULT_PROMPT_STYLE,
  promptLimit,
  promptMessages,
  PromptRenderer,
  type Askable,
  type PromptStyle,
  type TokenPrompt,
} from '../models/text/prompt.js';
import type { PeftChoice } from '../peft/settings.js';
import { withoutThoughts } from '../text/thoughts.js';
import type { AnswerLog } from './answer-log.js';
import { answerQuestions, type Answer } from './answer.js';
import { peftAnswers } from './peft-answers.js';

/** What became of a question: an answer, or why there is none. */
export type Outcome =
  | {
      readonly status: 'answered';
      readonly text: string;
      /** Tokens generated; 0 where the server did not say. */
      readonly tokens: number;
      readonly finish: 'stop' | 'length';
      /** Whether the context was shortened to fit; unknown, and false, behind an endpoint. */
      readonly contextTruncated: boolean;
    }
  | { readonly status: 'failed'; readonly reason: string };

export interface QuestioningOptions {
  readonly settings: GenerateSettings;
  /** Answers given before, and where new ones are kept. */
  readonly log?: AnswerLog;
  readonly onProgress?: (done: number, total: number) => void;
  /** Told how many questions were put to the model, those answered from the log left out. */
  readonly onAsked?: (questions: number) => void;
  readonly signal?: AbortSignal;
}

/** Whoever answers questions: a local model with or without an adapter, or a model behind an endpoint. */
export interface Respondent {
  /** For people. */
  readonly name: string;
  /** What becomes of each sample's question, in the samples' order. */
  ask(samples: readonly Askable[], options: QuestioningOptions): Promise<Outcome[]>;
}

export interface LocalOptions {
  /** A PEFT folder, or null for the base model. */
  readonly adapter: string | null;
  readonly style?: PromptStyle;
  readonly device?: Device;
  readonly threads?: number;
  /** Longest prompt with its answer in tokens; default all positions that the model has. */
  readonly maxLength?: number;
  /** Tokens kept free for the answer; default 48. */
  readonly answerRoom?: number;
  /** What the base's weights are rounded to, for an adapter that was trained on such a base; default none. */
  readonly quantisation?: Quantisation;
  /** Asks by PyTorch in a Python process, in place of lightmem's own engine. */
  readonly peft?: PeftChoice;
}

/** Items asked together. What is asked together is computed together, so a killed asking goes on at the same border. */
const ITEMS_TOGETHER = 64;

/** A local model. */
export function localModel(model: LoadedModel, options: LocalOptions): Respondent {
  return { name: model.name, ask: (samples, given) => new LocalAsking(model, options, given).ask(samples) };
}

class LocalAsking {
  readonly #identity: Json;
  readonly #asked: LoadedModel;

  constructor(
    readonly model: LoadedModel,
    readonly options: LocalOptions,
    readonly given: QuestioningOptions,
  ) {
    const { adapter, device = 'cpu', quantisation = 'none', peft } = options;
    this.#identity = {
      model: model.identity,
      adapter: adapter === null ? null : fileIdentity(join(adapter, 'adapter_model.safetensors')),
      ...(device !== 'cpu' && peft === undefined && { device }), // other devices round otherwise
      ...(peft !== undefined && { peft: { ...peft.settings } }),
      ...(quantisation !== 'none' && { quantisation }),
    };
    const isRounded = quantisation !== 'none' && peft === undefined;
    this.#asked = isRounded ? { ...model, weights: roundedWeights(model, quantisation) } : model;
  }

  async ask(samples: readonly Askable[]): Promise<Outcome[]> {
    const questions = this.#questions(samples);
    let done = 0;
    const outcomes: Outcome[] = [];
    for (const together of batchesOf(questions)) {
      this.given.signal?.throwIfAborted();
      outcomes.push(...(await this.#askTogether(together, (fresh) => this.#report(done + fresh, samples.length))));
      this.#report((done += together.length), samples.length);
    }
    return outcomes;
  }

  #questions(samples: readonly Askable[]): LocalQuestion[] {
    return localQuestions(samples, this.model, {
      ...this.options,
      settings: this.given.settings,
      identity: this.#identity,
    });
  }

  /** Answers what the log does not hold; all of it is kept when all of it is there. */
  async #askTogether(questions: readonly LocalQuestion[], onProgress: (fresh: number) => void): Promise<Outcome[]> {
    const { settings, log, signal, onAsked } = this.given;
    const { adapter, device = 'cpu', threads, peft, quantisation = 'none' } = this.options;
    const open = questions.filter(({ key }) => log?.get(key) === undefined);
    const options = {
      ...{ model: this.#asked, adapter, samples: open, settings, device },
      ...(threads !== undefined && { threads }),
      ...(signal !== undefined && { signal }),
      onProgress: (fresh: number) => onProgress(questions.length - open.length + fresh),
    };
    const answers = await (peft === undefined
      ? answerQuestions(options)
      : peftAnswers(options, { ...peft, quantisation }));
    const fresh = new Map(open.map(({ key }, i) => [key, answers[i] as Answer]));
    await log?.addAll([...fresh]);
    onAsked?.(fresh.size);
    return questions.map(({ key, contextTruncated }) => outcomeOf(fresh.get(key) ?? log?.get(key), contextTruncated));
  }

  #report(done: number, total: number): void {
    this.given.onProgress?.(done, total);
  }
}

/** A question as tokens. */
export interface LocalQuestion extends TokenPrompt {
  /** SHA-256 of all that its answer depends on. */
  readonly key: string;
}

/** How questions become tokens, and who answers them. */
export interface QuestionOptions extends Pick<LocalOptions, 'style' | 'maxLength' | 'answerRoom'> {
  readonly settings: GenerateSettings;
  /** All about the answerer that can change an answer. */
  readonly identity: Json;
}

/** Samples' questions in a model's template, no longer than there is room for. */
export function localQuestions(
  samples: readonly Askable[],
  model: LoadedModel,
  { style = DEFAULT_PROMPT_STYLE, maxLength, answerRoom, settings, identity }: QuestionOptions,
): LocalQuestion[] {
  const { maxPositions } = model.config;
  const limit = promptLimit({
    ...{ maxLength: maxLength ?? maxPositions, maxPositions, maxNewTokens: settings.maxNewTokens },
    ...(answerRoom !== undefined && { answerRoom }),
  });
  const prompts = new PromptRenderer(model, style).promptTokens(samples, limit);
  return prompts.map((each) => {
    const key = hashJson({ identity, prompt: each.prompt, ...drawn(settings, each.id) });
    return { ...each, key };
  });
}

/** Questions in order, those of one item never taken apart. */
function batchesOf(questions: readonly LocalQuestion[]): LocalQuestion[][] {
  const items = [...new Set(questions.map(({ item }) => item))];
  const batchOf = new Map(items.map((item, i) => [item, Math.floor(i / ITEMS_TOGETHER)]));
  const batches: LocalQuestion[][] = [];
  for (const question of questions) (batches[batchOf.get(question.item) ?? 0] ??= []).push(question);
  return batches;
}

/** What became of a question that was answered by tokens, the thoughts before its answer left out. */
export function outcomeOf(answer: Omit<Answer, 'id'> | undefined, contextTruncated: boolean): Outcome {
  if (answer === undefined) return { status: 'failed', reason: 'not answered' };
  const { tokens, finish } = answer;
  const { text, unfinished } = withoutThoughts(answer.text);
  if (unfinished && text === '')
    return { status: 'failed', reason: 'only a thought that never ends before the token limit: raise the limit' };
  return {
    status: 'answered',
    text: text === answer.text.trim() ? answer.text : text,
    tokens,
    finish,
    contextTruncated,
  };
}

/** What an answer depends on beside its prompt: the random stream of a sample matters only where tokens are drawn. */
function drawn({ maxNewTokens, temperature, seed, stop }: GenerateSettings, id: string): { [key: string]: Json } {
  return { maxNewTokens, temperature, stop: [...stop], ...(temperature > 0 && { seed, id }) };
}

/** How questions are put to a model behind an endpoint. */
export interface EndpointPrompts {
  readonly style?: PromptStyle;
  /**
   * Renders the whole prompt as text, for a server that takes raw prompts; without it, messages are sent and the server applies the
   * model's template.
   */
  readonly render?: (messages: readonly ChatMessage[]) => string;
  /** What ends an answer, beside the settings' own; a raw prompt needs the end of the turn. */
  readonly stop?: readonly string[];
}

/**
 * A model behind an OpenAI-compatible endpoint. A question that brings no answer (a timeout, an error, a text too long for the
 * model) has failed; a refusal is an answer. Throws UserError where the endpoint cannot go on at all: what is answered is kept.
 */
export function endpointModel(chat: ChatModel, prompts: EndpointPrompts = {}): Respondent {
  const { style = DEFAULT_PROMPT_STYLE, render, stop = [] } = prompts;
  return {
    name: chat.name,
    async ask(samples, given) {
      const options = { ...given, settings: { ...given.settings, stop: [...given.settings.stop, ...stop] } };
      const { concurrency } = chat;
      let done = 0;
      return mapConcurrently(samples, { concurrency, signal: given.signal }, async (sample) => {
        const said = promptMessages(sample, style);
        const messages = render === undefined ? said : [{ role: 'user' as const, content: render(said) }];
        const outcome = await askOne(chat, messages, options);
        given.onProgress?.(++done, samples.length);
        return outcome;
      });
    },
  };
}

async function askOne(
  chat: ChatModel,
  messages: readonly ChatMessage[],
  { settings, log, signal, onAsked }: QuestioningOptions,
): Promise<Outcome> {
  const { maxNewTokens: maxTokens, temperature, seed, stop } = settings;
  const wishes = { maxTokens, temperature, ...(stop.length > 0 && { stop }), ...(temperature > 0 && { seed }) };
  const key = hashJson({
    model: chat.identity,
    messages: messages.map(({ role, content }) => ({ role, content })),
    wishes: { ...wishes, stop: [...stop] },
  });
  const kept = log?.get(key);
  if (kept !== undefined) return { status: 'answered', ...kept, contextTruncated: false };
  const outcome = await chat.complete(messages, { ...wishes, grow: false, ...(signal !== undefined && { signal }) });
  if (stopsWork(outcome.status) && !isReply(outcome))
    throw new UserError(`asking stopped (${outcome.status}): ${outcome.message}; run again to go on`);
  onAsked?.(1);
  const answer = answerOf(outcome);
  if (answer.status === 'answered') await log?.add(key, answer);
  return answer;
}

function answerOf(outcome: Awaited<ReturnType<ChatModel['complete']>>): Outcome {
  if (isReply(outcome)) {
    const finish = outcome.status === 'ok' ? 'stop' : 'length';
    const tokens = outcome.usage?.completionTokens ?? 0;
    return { status: 'answered', text: outcome.text, tokens, finish, contextTruncated: false };
  }
  if (outcome.status === 'refusal')
    return { status: 'answered', text: outcome.message, tokens: 0, finish: 'stop', contextTruncated: false };
  return { status: 'failed', reason: `${outcome.status}: ${outcome.message}` };
}
