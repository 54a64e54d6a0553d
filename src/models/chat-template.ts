/** Chat templates as the models' makers wrote them, in Jinja. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import { isObject } from '../core/json.js';
import type { ChatTemplate } from './model.js';

const tokenText = (value: unknown): string =>
  typeof value === 'string' ? value : isObject(value) && typeof value['content'] === 'string' ? value['content'] : '';

/** A template from its source and the tokens that it names. */
export function chatTemplate(source: string, bosToken: string, eosToken: string): ChatTemplate {
  const template = new Template(source);
  return {
    render: (messages) =>
      template.render({
        messages: messages.map((each) => ({ ...each })),
        add_generation_prompt: true,
        bos_token: bosToken,
        eos_token: eosToken,
      }),
    endOfTurn: eosToken,
    identity: hashJson({ source, bosToken, eosToken }),
  };
}

/** The template of a model folder: chat_template.jinja, or tokenizer_config.json's. */
export function loadChatTemplate(folder: string): ChatTemplate {
  const config: unknown = JSON.parse(readFileSync(join(folder, 'tokenizer_config.json'), 'utf8'));
  if (!isObject(config)) throw new UserError(`${folder}/tokenizer_config.json is no object`);
  const file = join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? readFileSync(file, 'utf8') : config['chat_template'];
  if (typeof source !== 'string')
    throw new UserError(`${folder} has no chat template: add "chat_template" to tokenizer_config.json`);
  return chatTemplate(source, tokenText(config['bos_token']), tokenText(config['eos_token']));
}
