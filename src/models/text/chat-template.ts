/** Chat templates as the models' makers wrote them, in Jinja. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { UserError, messageOf } from '../../core/errors.js';
import { hashJson } from '../../core/hash.js';
import { isObject } from '../../core/json.js';
import { readModelJson, readModelText } from '../formats/hub-config.js';
import type { ChatMessage, ChatTemplate } from '../model.js';

/** Longest template source that is parsed, in characters; the longest known have about 20,000. */
const MAX_SOURCE = 1_000_000;

/** The day that templates are told it is: Llama 3's own default. A prompt must not depend on when it is rendered. */
const DATE = '26 Jul 2024';
const DATE_PARTS: Readonly<Record<string, string>> = {
  Y: '2024',
  m: '07',
  d: '26',
  b: 'Jul',
  B: 'July',
  H: '00',
  M: '00',
};

/** `strftime_now` as templates know it, on that day. */
const fixedClock = (format: string): string =>
  format.replace(/%([YmdbBHM])/g, (_, part: string) => DATE_PARTS[part] ?? '');

/** Stands where the answer would, to see what the template writes behind it. */
const ANSWER = 'lightmem-answer';

const tokenText = (value: unknown): string =>
  typeof value === 'string' ? value : isObject(value) && typeof value['content'] === 'string' ? value['content'] : '';

/** A template that knows what it was made of. */
export interface JinjaTemplate extends ChatTemplate {
  readonly source: string;
  readonly bosToken: string;
  readonly eosToken: string;
}

/**
 * A template from its source and the tokens that it names; `where` names it in errors.
 * The end of a turn is the end-of-sequence token, or another special token where the template writes that one behind an answer.
 * Templates are rendered on a fixed day and, where they know the switch, without a model's thinking.
 * Throws UserError where the source is no template.
 */
export function chatTemplate(
  source: string,
  bosToken: string,
  eosToken: string,
  where = 'chat template',
): JinjaTemplate {
  const template = parse(source, where);
  const render = (messages: readonly ChatMessage[], toAnswer: boolean): string =>
    template.render({
      ...FIXED,
      bos_token: bosToken,
      eos_token: eosToken,
      messages: messages.map((each) => ({ ...each })),
      add_generation_prompt: toAnswer,
    });
  const behindAnswer = behindAnswerOf(render);
  const opensThought = thoughtOpened(render);
  return {
    source,
    bosToken,
    eosToken,
    render: (messages) => {
      try {
        const prompt = render(messages, true);
        return opensThought === undefined ? prompt : withThoughtClosed(prompt);
      } catch (error) {
        throw new UserError(
          `${where} cannot be rendered with ${messages.map(({ role }) => role).join(', ')} messages: ${messageOf(error)}`,
        );
      }
    },
    behindAnswer,
    endOfTurn: endOfTurn(behindAnswer, eosToken),
    opensThought,
    identity: hashJson({ source, bosToken, eosToken, ...(opensThought !== undefined && { closesThoughts: true }) }),
  };
}

/** What templates are told besides messages and tokens. */
const FIXED = { date_string: DATE, enable_thinking: false, no_clock: fixedClock };

type Render = (messages: readonly ChatMessage[], toAnswer: boolean) => string;

const QUESTION: ChatMessage = { role: 'user', content: 'lightmem-question' };

/** A thought that is open where a text ends, in the marks of any maker: `<think>`, `[THINK]`, `<|begin_of_thought|>` … */
const OPEN_THOUGHT = new RegExp(
  `(?:${[
    '<((?:\\w+:)?(?:think(?:ing)?|thoughts?|reasoning|reflection))>',
    '\\[(THINK(?:ING)?|REASONING)\\]',
    '<\\|((?:begin|start)[_▁]?(?:of)?[_▁]?(?:think(?:ing)?|thoughts?|reasoning))\\|>',
    '<\\|((?:think(?:ing)?|thoughts?|reasoning)[_▁]?(?:begin|start))\\|>',
    '◁(think)▷',
  ].join('|')})\\s*$`,
  'i',
);

/** The mark that ends a thought, from the one that begins it. */
function closing(open: string): string {
  if (open.startsWith('<|')) return open.replace(/begin|start/, 'end').replace(/BEGIN|START/, 'END');
  return `${open.slice(0, 1)}/${open.slice(1)}`;
}

/** A prompt whose answer does not begin inside of a thought: one that the template opens is closed at once. */
function withThoughtClosed(prompt: string): string {
  const open = OPEN_THOUGHT.exec(prompt.slice(-200))?.[0].trim();
  if (open === undefined) return prompt;
  const blank = prompt.endsWith('\n') ? '\n' : '\n\n';
  return `${prompt}${blank}${closing(open)}\n\n`;
}

function thoughtOpened(render: Render): string | undefined {
  try {
    return OPEN_THOUGHT.exec(render([QUESTION], true).slice(-200))?.[0].trim();
  } catch {
    return undefined;
  }
}

function parse(source: string, where: string): Template {
  if (source.length > MAX_SOURCE)
    throw new UserError(`${where}: ${source.length} characters are too many for a chat template`);
  try {
    // The runtime's strftime_now cannot be replaced by a variable of the same name, so the name in the source is.
    return new Template(source.replace(/\bstrftime_now\b/g, 'no_clock'));
  } catch (error) {
    throw new UserError(`${where} is no Jinja template: ${messageOf(error)}`);
  }
}

/** All that the template writes behind an answer; undefined where it cannot be rendered or has no answer in it. */
function behindAnswerOf(render: Render): string | undefined {
  const answer: ChatMessage = { role: 'assistant', content: ANSWER };
  for (const messages of [[QUESTION, answer], [answer]]) {
    try {
      const text = render(messages, false);
      const at = text.lastIndexOf(ANSWER);
      return at < 0 ? undefined : text.slice(at + ANSWER.length);
    } catch {
      // Some templates refuse all conversations but one kind.
    }
  }
  return undefined;
}

/** A mark that looks like a token, wherever it comes from: `<|im_end|>`, `</s>`, `[/INST]`. */
const LIKE_A_TOKEN = /^(?:<\|[^<>\n]{1,60}\|>|<｜[^<>\n]{1,60}｜>|<\/?\w[\w: ]{0,40}>|\[\/?[A-Z_]{1,40}\])/;

/** The mark that a text begins with, blanks before it passed over; undefined where it begins with none. */
export function markAtStart(text: string): string | undefined {
  return LIKE_A_TOKEN.exec(text.trimStart())?.[0];
}

/** The first mark behind an answer, where nothing stands before it; the end-of-sequence token where there is none. */
function endOfTurn(behind: string | undefined, eosToken: string): string {
  if (behind === undefined || (eosToken !== '' && behind.trimStart().startsWith(eosToken))) return eosToken;
  return markAtStart(behind) ?? eosToken;
}

/** The template of a model folder: chat_template.jinja, or tokenizer_config.json's (of several, the one named `default`). */
export function loadChatTemplate(folder: string): JinjaTemplate {
  const path = join(folder, 'tokenizer_config.json');
  const config = readModelJson(path);
  if (!isObject(config)) throw new UserError(`${path} is no JSON object`);
  const file = join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? readModelText(file) : defaultTemplate(config['chat_template']);
  if (typeof source !== 'string')
    throw new UserError(
      `${path} has no "chat_template": use an instruction-tuned model, or add a chat_template.jinja to the folder`,
    );
  const special = specialTokens(folder);
  return chatTemplate(
    source,
    tokenText(config['bos_token'] ?? special['bos_token']),
    tokenText(config['eos_token'] ?? special['eos_token']),
    existsSync(file) ? file : path,
  );
}

/** Tokens that older folders name in a file of their own. */
function specialTokens(folder: string): Readonly<Record<string, unknown>> {
  const path = join(folder, 'special_tokens_map.json');
  const map = existsSync(path) ? readModelJson(path) : {};
  return isObject(map) ? map : {};
}

function defaultTemplate(templates: unknown): unknown {
  if (!Array.isArray(templates)) return templates;
  const named = templates.filter(isObject);
  return (named.find((each) => each['name'] === 'default') ?? named[0])?.['template'];
}
