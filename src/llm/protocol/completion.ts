/** A chat completion as a server sends it, read into an answer or a named failure. */
import { z } from 'zod';
import type { ChatFailureStatus, ChatUsage } from '../chat-model.js';
import { parseObject } from './errors.js';
import { isRefusal } from '../../text/refusal.js';
import { withoutThinking } from './thinking.js';

const contentPart = z.object({ text: z.string() }).loose();
const message = z
  .object({
    content: z.union([z.string(), z.array(z.union([contentPart, z.unknown()]))]).nullish(),
    refusal: z.string().nullish(),
    reasoning_content: z.string().nullish(),
  })
  .loose();
const tokens = z.number().int().nonnegative();
const finish_reason = z.string().nullish();
const choice = z.object({ message, finish_reason }).loose();
/** A choice of `/completions`: text in place of a message. */
const rawChoice = z
  .object({ text: z.string(), finish_reason })
  .transform(({ text, finish_reason }) => ({ message: message.parse({ content: text }), finish_reason }));
const completionOf = <T extends z.ZodType>(each: T) =>
  z
    .object({
      choices: z.array(each).min(1),
      model: z.string().nullish(),
      system_fingerprint: z.string().nullish(),
      usage: z.unknown().optional(),
    })
    .loose();
const chatCompletion = completionOf(choice);
const rawCompletion = completionOf(rawChoice);
const usageShape = z.object({ prompt_tokens: tokens, completion_tokens: tokens }).loose();

/** What a body with status 200 holds. */
export type Completion =
  | {
      readonly status: 'ok' | 'truncated';
      readonly text: string;
      readonly model: string | null;
      readonly fingerprint: string | null;
      readonly usage: ChatUsage | null;
    }
  | { readonly status: ChatFailureStatus; readonly message: string; readonly usage: ChatUsage | null }
  /** The body is an error in spite of the status. */
  | { readonly status: 'error-body' };

/** Reads the body of a successful response, to chat messages or to a raw prompt. */
export function readCompletion(body: string, prompts: 'chat' | 'raw' = 'chat'): Completion {
  const parsed = parseObject(body);
  if (parsed === null) return { status: 'malformed', message: `not JSON: ${opening(body)}`, usage: null };
  if (parsed['error'] !== undefined && parsed['error'] !== null) return { status: 'error-body' };
  const checked = (prompts === 'raw' ? rawCompletion : chatCompletion).safeParse(parsed);
  if (!checked.success) return { status: 'malformed', message: `not a chat completion: ${opening(body)}`, usage: null };
  return interpret(checked.data);
}

function interpret(reply: z.infer<typeof chatCompletion | typeof rawCompletion>): Completion {
  const choice = reply.choices[0];
  const usage = readUsage(reply.usage);
  if (choice === undefined) return { status: 'malformed', message: 'no choices', usage };
  const finish = choice.finish_reason ?? 'stop';
  if (finish === 'content_filter') return { status: 'filtered', message: 'stopped by the content filter', usage };
  if (choice.message.refusal) return { status: 'refusal', message: opening(choice.message.refusal), usage };
  const text = withoutThinking(textOf(choice.message.content)).toWellFormed();
  if (text === '') return { status: 'empty', message: emptiness(choice.message, finish), usage };
  if (isRefusal(text)) return { status: 'refusal', message: opening(text), usage };
  if (finish === 'tool_calls' || finish === 'function_call') {
    return { status: 'malformed', message: 'a tool call in place of text', usage };
  }
  const status = finish === 'length' || finish === 'max_tokens' ? 'truncated' : 'ok';
  return { status, text, model: reply.model ?? null, fingerprint: reply.system_fingerprint ?? null, usage };
}

function readUsage(value: unknown): ChatUsage | null {
  const usage = usageShape.safeParse(value);
  if (!usage.success) return null;
  return { promptTokens: usage.data.prompt_tokens, completionTokens: usage.data.completion_tokens };
}

function textOf(content: z.infer<typeof message>['content']): string {
  if (typeof content === 'string') return content;
  const parts = content ?? [];
  return parts.map((part) => contentPart.safeParse(part).data?.text ?? '').join('');
}

function emptiness(reply: z.infer<typeof message>, finish: string): string {
  if (finish === 'length') return 'only thinking before the token limit: turn thinking off or raise the limit';
  return reply.reasoning_content ? 'only reasoning, no answer: turn thinking off' : 'no text in the answer';
}

function opening(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return '(empty)';
  return line.length > 120 ? `${line.slice(0, 120)} …` : line;
}
