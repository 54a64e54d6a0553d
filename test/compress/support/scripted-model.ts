/** A chat model for tests that condenses by rule: it reads the prompt's wishes and answers from the text between the marks. */
import { factsOf } from '../../../src/audit/facts.js';
import type { ChatMessage, ChatModel, ChatOptions, ChatOutcome } from '../../../src/llm/chat-model.js';
import { sentencesOf } from '../../../src/text/sentences.js';

export type Answerer = (messages: readonly ChatMessage[], options: ChatOptions, call: number) => ChatOutcome | string;

/** The text between the marks of a prompt. */
export function markedText(messages: readonly ChatMessage[]): string {
  const prompt = messages.find(({ role }) => role === 'user')?.content ?? '';
  return /<(text-[0-9a-f]{8})>\n([\s\S]*)\n<\/\1>/.exec(prompt)?.[2] ?? '';
}

/** The list items of a prompt's instructions. */
export function listed(messages: readonly ChatMessage[]): string[] {
  const prompt = messages.find(({ role }) => role === 'user')?.content ?? '';
  const instructions = prompt.slice(0, prompt.search(/<text-[0-9a-f]{8}>/));
  return [...instructions.matchAll(/^(?:- |\d+\. )(.*)$/gm)].map((match) => match[1] ?? '');
}

/** Answers as a diligent model would. */
export function diligent(messages: readonly ChatMessage[]): string {
  const prompt = messages.find(({ role }) => role === 'user')?.content ?? '';
  const text = markedText(messages);
  if (prompt.includes('"entities"')) return JSON.stringify(extraction(text));
  if (prompt.includes('{"facts"')) return JSON.stringify({ facts: sentencesOf(text).map((one) => one.trim()) });
  if (prompt.includes('{"stated"')) return '{"stated": []}';
  if (prompt.startsWith('Revise the text')) return `${text} ${listed(messages).join(' ')}`;
  if (prompt.includes('every one of the facts below')) return listed(messages).join(' ');
  const words = Number(/(\d+) words/.exec(prompt)?.[1] ?? 50);
  return (text.match(/\S+/g) ?? []).slice(0, words).join(' ');
}

function extraction(text: string): object {
  const entities = factsOf(text)
    .filter((fact) => fact.kind === 'entities')
    .map((fact) => fact.label);
  return { entities: entities.length === 0 ? [text.slice(0, 20)] : entities, relations: [], events: [] };
}

/** A model from an answerer; counts its calls and keeps what it was asked. */
export class ScriptedModel implements ChatModel {
  readonly name = 'scripted';
  readonly identity: { readonly kind: string; readonly script: string };
  readonly concurrency = 8;
  readonly calls: { readonly messages: readonly ChatMessage[]; readonly options: ChatOptions }[] = [];

  constructor(
    private readonly answer: Answerer = diligent,
    script = 'diligent',
  ) {
    this.identity = { kind: 'scripted', script };
  }

  complete(messages: readonly ChatMessage[], options: ChatOptions = {}): Promise<ChatOutcome> {
    this.calls.push({ messages, options });
    const outcome = this.answer(messages, options, this.calls.length - 1);
    if (typeof outcome !== 'string') return Promise.resolve(outcome);
    const usage = { promptTokens: 10, completionTokens: 5 };
    const known = {
      model: 'scripted-1',
      fingerprint: null,
      date: '2025-01-01T00:00:00.000Z',
      cached: false,
      dropped: [],
    };
    return Promise.resolve({ status: 'ok', text: outcome, usage, ...known });
  }
}
