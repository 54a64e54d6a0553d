/** Who is questioned: a local model with or without an adapter, or a model behind an endpoint; one contract for both. */
import { join } from 'node:path';
import { mapConcurrently } from '../core/concurrency.js';
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import type { Json } from '../core/json.js';
import type { Sample } from '../core/records.js';
import type { Device, GenerateSettings } from '../core/settings.js';
import { isReply, stopsWork, type ChatMessage, type ChatModel } from '../llm/chat-model.js';
import { fileIdentity } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import {
  DEFAULT_PROMPT_STYLE,
  promptLimit,
  promptMessages,
  PromptRenderer,
  type PromptStyle,
} from '../models/text/prompt.js';
import type { AnswerLog } from './answer-log.js';
import { answerQuestions } from './answer.js';

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
  readonly signal?: AbortSignal;
}

/** A model that questions are put to. */
export interface Questioned {
  /** For people. */
  readonly name: string;
  /** What becomes of each sample's question, in the samples' order. */
  ask(samples: readonly Sample[], options: QuestioningOptions): Promise<Outcome[]>;
}

/** A local model; `adapter` is a PEFT folder or null. */
export function localModel(
  model: LoadedModel,
  adapter: string | null,
  { style = DEFAULT_PROMPT_STYLE, device = 'cpu' }: { style?: PromptStyle; device?: Device } = {},
): Questioned {
  const identity = {
    model: model.identity,
    adapter: adapter === null ? null : fileIdentity(join(adapter, 'adapter_model.safetensors')),
    ...(device !== 'cpu' && { device }), // other devices round otherwise
  };
  return {
    name: model.name,
    async ask(samples, { settings, log, onProgress, signal }) {
      const { maxPositions } = model.config;
      const limit = promptLimit({ maxLength: maxPositions, maxPositions, maxNewTokens: settings.maxNewTokens });
      const prompts = new PromptRenderer(model, style).promptTokens(samples, limit);
      const keys = prompts.map(({ prompt, id }) => hashJson({ identity, prompt, ...drawn(settings, id) }));
      const open = prompts
        .map((prompt, i) => ({ ...prompt, i }))
        .filter(({ i }) => log?.get(keys[i] ?? '') === undefined);
      const kept = samples.length - open.length;
      const answers = await answerQuestions({
        ...{ model, adapter, samples: open, settings, device },
        ...(signal !== undefined && { signal }),
        onProgress: (done) => onProgress?.(kept + done, samples.length),
        onAnswer: async (answer, at) => log?.add(keys[open[at]?.i ?? -1] ?? '', answer),
      });
      const fresh = new Map(open.map(({ i }, at) => [i, answers[at]]));
      return prompts.map(({ contextTruncated }, i): Outcome => {
        const answer = fresh.get(i) ?? log?.get(keys[i] ?? '');
        if (answer === undefined) return { status: 'failed', reason: 'not answered' };
        const { text, tokens, finish } = answer;
        return { status: 'answered', text, tokens, finish, contextTruncated };
      });
    },
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
export function endpointModel(chat: ChatModel, prompts: EndpointPrompts = {}): Questioned {
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
  { settings, log, signal }: QuestioningOptions,
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
