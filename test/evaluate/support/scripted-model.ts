/** A chat model that answers from a function, and keeps what it was asked: stands for a language model in tests of judges. */
import type {
  ChatFailureStatus,
  ChatMessage,
  ChatModel,
  ChatOptions,
  ChatOutcome,
} from '../../../src/llm/chat-model.js';

export interface ScriptedModel extends ChatModel {
  readonly asked: { readonly messages: readonly ChatMessage[]; readonly options: ChatOptions }[];
}

/** `script` gives the reply's text, or an outcome. */
export function scriptedModel(
  script: (messages: readonly ChatMessage[], call: number) => string | ChatOutcome,
): ScriptedModel {
  const asked: ScriptedModel['asked'][number][] = [];
  return {
    name: 'scripted',
    identity: { kind: 'scripted' },
    concurrency: 4,
    asked,
    complete(messages, options = {}) {
      asked.push({ messages, options });
      const said = script(messages, asked.length - 1);
      return Promise.resolve(typeof said === 'string' ? reply(said) : said);
    },
  };
}

export function reply(text: string, status: 'ok' | 'truncated' = 'ok'): ChatOutcome {
  const made = {
    model: 'scripted',
    fingerprint: null,
    usage: null,
    date: '2024-01-01T00:00:00Z',
    cached: false,
    dropped: [],
  };
  return { status, text, ...made };
}

export function failure(status: ChatFailureStatus): ChatOutcome {
  return { status, message: 'said the server' };
}
