/** Chat templates as the models' makers wrote them, in Jinja. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { UserError, messageOf } from '../../core/errors.js';
import { hashJson } from '../../core/hash.js';
import { isObject } from '../../core/json.js';
import { readModelJson } from '../formats/hub-config.js';
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
  const render = (messages: readonly ChatMessage[], toAnswer: boolean): string => {
    const known = {
      date_string: DATE,
      enable_thinking: false,
      no_clock: fixedClock,
      bos_token: bosToken,
      eos_token: eosToken,
    };
    return template.render({
      ...known,
      messages: messages.map((each) => ({ ...each })),
      add_generation_prompt: toAnswer,
    });
  };
  return {
    source,
    bosToken,
    eosToken,
    render: (messages) => {
      try {
        return render(messages, true);
      } catch (error) {
        throw new UserError(
          `${where} cannot be rendered with ${messages.map(({ role }) => role).join(', ')} messages: ${messageOf(error)}`,
        );
      }
    },
    endOfTurn: endOfTurn(render, eosToken),
    identity: hashJson({ source, bosToken, eosToken }),
  };
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

/** What the template writes behind an answer, up to the end of its first special token; the end-of-sequence token where that is not seen. */
function endOfTurn(render: (messages: readonly ChatMessage[], toAnswer: boolean) => string, eosToken: string): string {
  try {
    const text = render(
      [
        { role: 'user', content: 'lightmem-question' },
        { role: 'assistant', content: ANSWER },
      ],
      false,
    );
    const behind = text.slice(text.lastIndexOf(ANSWER) + ANSWER.length).trimStart();
    if (eosToken !== '' && behind.startsWith(eosToken)) return eosToken;
    return /^<\|?\w[\w ]*\|?>/.exec(behind)?.[0] ?? eosToken;
  } catch {
    return eosToken;
  }
}

/** The template of a model folder: chat_template.jinja, or tokenizer_config.json's (of several, the one named `default`). */
export function loadChatTemplate(folder: string): JinjaTemplate {
  const path = join(folder, 'tokenizer_config.json');
  const config = readModelJson(path);
  if (!isObject(config)) throw new UserError(`${path} is no JSON object`);
  const file = join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? readFileSync(file, 'utf8') : defaultTemplate(config['chat_template']);
  if (typeof source !== 'string')
    throw new UserError(
      `${path} has no "chat_template": use an instruction-tuned model, or add a chat_template.jinja to the folder`,
    );
  return chatTemplate(
    source,
    tokenText(config['bos_token']),
    tokenText(config['eos_token']),
    existsSync(file) ? file : path,
  );
}

function defaultTemplate(templates: unknown): unknown {
  if (!Array.isArray(templates)) return templates;
  const named = templates.filter(isObject);
  return (named.find((each) => each['name'] === 'default') ?? named[0])?.['template'];
}
