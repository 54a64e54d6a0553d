/** A chat completion as a server sends it, read into an answer or a named failure. */
import { z } from 'zod';
import { isObject, jsonIn } from '../../core/json.js';
import { isRefusal } from '../../text/refusal.js';
import { withoutThoughts } from '../../text/thoughts.js';
import type { ChatFailureStatus, ChatUsage } from '../chat-model.js';
import { parseObject, saysError, tellsError } from './errors.js';
import { endingOf, type Ending } from './finish.js';
import { completionOfStream, isStream } from './stream.js';

const message = z
  .object({ content: z.union([z.string(), z.array(z.unknown())]).nullish(), refusal: z.string().nullish() })
  .loose();
const tokens = z.number().int().nonnegative();
const finish_reason = z.string().nullish();
const choice = z.object({ message, finish_reason, error: z.unknown().optional() }).loose();
/** A choice of `/completions`: text in place of a message. */
const rawChoice = z
  .object({ text: z.string(), finish_reason, error: z.unknown().optional() })
  .transform(({ text, ...rest }) => ({ message: message.parse({ content: text }), ...rest }));
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

type Message = z.infer<typeof message>;

/** What a body with status 200 holds. */
export type Completion =
  | {
      readonly status: 'ok' | 'truncated';
      readonly text: string;
      readonly model: string | null;
      readonly fingerprint: string | null;
      readonly usage: ChatUsage | null;
    }
  | NoAnswer
  /** An error in spite of the status; `body` is where it is told. */
  | { readonly status: 'error-body'; readonly body: string };

/** No usable answer, and what may bring one: the same request again, one with more tokens, or nothing. */
interface NoAnswer {
  readonly status: ChatFailureStatus;
  readonly message: string;
  readonly usage: ChatUsage | null;
  readonly retry: 'answer' | 'longer' | 'no';
}

/** Reads the body of a successful response, to chat messages or to a raw prompt, streamed or whole. */
export function readCompletion(body: string, prompts: 'chat' | 'raw' = 'chat'): Completion {
  const streamed = isStream(body);
  const parsed = streamed ? completionOfStream(body) : parseObject(body);
  if (parsed === null) return unread(body, streamed);
  if (saysError(parsed['error'])) return { status: 'error-body', body: JSON.stringify(parsed) };
  const checked = (prompts === 'raw' ? rawCompletion : chatCompletion).safeParse(parsed);
  if (checked.success) return interpret(checked.data);
  if (!('choices' in parsed) && tellsError(parsed)) return { status: 'error-body', body: JSON.stringify(parsed) };
  return malformed(`not a chat completion: ${opening(body)}`, null);
}

/** What is no JSON, or broke off, may come whole when it is asked for again. */
function unread(body: string, streamed: boolean): Completion {
  const message = streamed ? 'the stream broke off before its end' : `not JSON: ${opening(body)}`;
  return { ...malformed(message, null), retry: jsonIn(body) !== undefined ? 'no' : 'answer' };
}

function malformed(message: string, usage: ChatUsage | null): NoAnswer {
  return { status: 'malformed', message, usage, retry: 'no' };
}

function interpret(reply: z.infer<typeof chatCompletion | typeof rawCompletion>): Completion {
  const [choice] = reply.choices;
  const usage = readUsage(reply.usage);
  if (choice === undefined) return malformed('no choices', usage);
  const ending = endingOf(choice.finish_reason);
  const stopped = stoppedBy(ending, choice, usage);
  if (stopped !== null) return stopped;
  const content = readContent(choice.message);
  if ('problem' in content) return malformed(content.problem, usage);
  const said = withoutThoughts(content.text, content.thoughts);
  const text = said.text.toWellFormed();
  if (text === '') return { ...emptiness(content, ending), usage };
  if (said.unfinished) return { ...UNFINISHED, usage, retry: ending === 'cut' ? 'longer' : 'no' };
  if (isRefusal(text)) return { status: 'refusal', message: opening(text), usage, retry: 'no' };
  const status = ending === 'cut' ? 'truncated' : 'ok';
  return { status, text, model: reply.model ?? null, fingerprint: reply.system_fingerprint ?? null, usage };
}

/** Why an answer is none, whatever text there is of it; null where it may be one. */
function stoppedBy(
  ending: Ending,
  { message: { refusal }, finish_reason, error }: z.infer<typeof choice>,
  usage: ChatUsage | null,
): NoAnswer | null {
  if (ending === 'filtered')
    return { status: 'filtered', message: 'stopped by the content filter', usage, retry: 'no' };
  if (refusal) return { status: 'refusal', message: opening(refusal), usage, retry: 'no' };
  if (ending === 'refused') return { status: 'refusal', message: 'refused by the model', usage, retry: 'no' };
  if (ending === 'tool') return malformed('a tool call in place of text', usage);
  const why = saysError(error) ? `: ${opening(JSON.stringify(error))}` : '';
  if (ending === 'unknown') return malformed(`ended with "${finish_reason}", which is no whole answer${why}`, usage);
  return why === '' ? null : malformed(`an error beside the answer${why}`, usage);
}

function readUsage(value: unknown): ChatUsage | null {
  const usage = usageShape.safeParse(value);
  if (!usage.success) return null;
  return { promptTokens: usage.data.prompt_tokens, completionTokens: usage.data.completion_tokens };
}

interface Content {
  readonly text: string;
  /** What the server gave as thoughts apart from the text; empty where it gave none. */
  readonly thoughts: string;
}

/** Kinds of content parts that are text, and that are thoughts. */
const TEXT_PARTS: ReadonlySet<string> = new Set(['text', 'output_text']);
const THOUGHT_PARTS: ReadonlySet<string> = new Set(
  'thinking redacted_thinking reasoning reasoning_text reasoning_content thought summary_text'.split(' '),
);
/** Fields of a message in which servers give thoughts apart. */
const THOUGHT_FIELDS = ['reasoning_content', 'reasoning', 'thinking', 'reasoning_text', 'thought', 'reasoning_details'];

function readContent(message: Message): Content | { readonly problem: string } {
  const thoughts = THOUGHT_FIELDS.map((field) => textIn(message[field])).find((text) => text.trim() !== '') ?? '';
  const { content } = message;
  if (!Array.isArray(content)) return { text: content ?? '', thoughts };
  const strange = content.find((part) => kindOf(part) === null);
  if (strange !== undefined)
    return { problem: `a part that is no text in the answer: ${opening(JSON.stringify(strange))}` };
  const of = (kind: 'text' | 'thought'): string =>
    content
      .filter((part) => kindOf(part) === kind)
      .map(textIn)
      .join('');
  return { text: of('text'), thoughts: thoughts + of('thought') };
}

function kindOf(part: unknown): 'text' | 'thought' | null {
  if (typeof part === 'string') return 'text';
  if (!isObject(part)) return null;
  const { type = 'text' } = part;
  if (typeof type !== 'string') return null;
  if (THOUGHT_PARTS.has(type)) return 'thought';
  return TEXT_PARTS.has(type) && typeof part['text'] === 'string' ? 'text' : null;
}

/** The text in a field, however deep it lies: `"…"`, `{text: "…"}`, `[{thinking: [{text: "…"}]}]`. */
function textIn(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textIn).join('');
  if (!isObject(value)) return '';
  return textIn(value['text'] ?? value['thinking'] ?? value['content'] ?? value['summary']);
}

const UNFINISHED = {
  status: 'malformed',
  message: 'a thought in the answer that never ends: turn thinking off or raise the limit',
} as const;

function emptiness({ text, thoughts }: Content, ending: Ending): Omit<NoAnswer, 'usage'> {
  const isThought = `${thoughts}${text}`.trim() !== '';
  if (!isThought) return { status: 'empty', message: 'no text in the answer', retry: 'answer' };
  if (ending !== 'cut') return { status: 'empty', message: 'only thinking, no answer: turn thinking off', retry: 'no' };
  const message = 'only thinking before the token limit: turn thinking off or raise the limit';
  return { status: 'empty', message, retry: 'longer' };
}

function opening(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return '(empty)';
  return line.length > 120 ? `${line.slice(0, 120)} …` : line;
}
