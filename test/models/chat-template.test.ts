import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { chatTemplate, loadChatTemplate } from '../../src/models/text/chat-template.js';
import type { ChatMessage } from '../../src/models/model.js';
import { scratchFolder } from './support/scratch.js';

interface Golden {
  name: string;
  source: string;
  bos: string;
  eos: string;
  messages: ChatMessage[];
  rendered: string;
}

const folder = scratchFolder();
const golden = JSON.parse(
  readFileSync(new URL('../golden/models/templates.json', import.meta.url).pathname, 'utf8'),
) as Golden[];
const QWEN = golden[0]?.source ?? '';
const user: ChatMessage = { role: 'user', content: 'Q' };

describe('a chat template', () => {
  it('renders as transformers renders it', () => {
    for (const { name, source, bos, eos, messages, rendered } of golden)
      expect(chatTemplate(source, bos, eos).render(messages), name).toBe(rendered);
    expect(golden.length).toBe(9);
  });

  it("puts in Qwen2.5's own system message where none is given", () => {
    const rendered = chatTemplate(QWEN, '', '<|im_end|>').render([user]);
    expect(rendered).toMatch(/^<\|im_start\|>system\nYou are Qwen, created by Alibaba Cloud/);
  });

  it('ends a turn with the end-of-sequence token, or with what it writes behind an answer', () => {
    expect(chatTemplate(QWEN, '', '<|im_end|>').endOfTurn).toBe('<|im_end|>');
    expect(chatTemplate(QWEN, '', '<|endoftext|>').endOfTurn).toBe('<|im_end|>'); // a base model with a chat template
    expect(chatTemplate('{{ messages[-1].content }}\n', '', '</s>').endOfTurn).toBe('</s>');
    expect(chatTemplate('{{ messages[-1].content }}<|eot_id|>', '<s>', '<|end_of_text|>').endOfTurn).toBe('<|eot_id|>');
    expect(chatTemplate('{{ messages[-1].content }}<end_of_turn>\n', '<bos>', '<eos>').endOfTurn).toBe('<end_of_turn>'); // Gemma
    expect(chatTemplate('{{ messages[-1].content }} < 3 >', '', '</s>').endOfTurn).toBe('</s>');
    expect(chatTemplate("{{ raise_exception('no') }}", '', '</s>').endOfTurn).toBe('</s>');
  });

  it('renders the same on every day', () => {
    const dated = chatTemplate(
      '{{ strftime_now("%d %B %Y") }}|{% if date_string is defined %}{{ date_string }}{% endif %}',
      '',
      '',
    );
    expect(dated.render([user])).toBe('26 July 2024|26 Jul 2024');
  });

  it('does not take contents for template or pattern', () => {
    const content = '{{ bos_token }} {% raise %} $& $1 \\n </s>';
    expect(chatTemplate('{{ messages[0].content }}', '<s>', '</s>').render([{ role: 'user', content }])).toBe(content);
  });

  it('that cannot be parsed or rendered is refused with the reason', () => {
    for (const source of ['{% for %}', '{{', '{% if x %}', 'x'.repeat(1_000_001)])
      expect(() => chatTemplate(source, '', '', 'here'), source.slice(0, 20)).toThrow(UserError);
    const picky = chatTemplate(
      "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}",
      '',
      '</s>',
      'here',
    );
    expect(() => picky.render([{ role: 'system', content: 'S' }, user])).toThrow(
      /here cannot be rendered with system, user messages: .*System role not supported/,
    );
  });

  it('differs in identity where source or tokens do', () => {
    const identities = [
      ['a', '', ''],
      ['b', '', ''],
      ['a', 'x', ''],
      ['a', '', 'x'],
    ].map(([source = '', bos = '', eos = '']) => chatTemplate(source, bos, eos).identity);
    expect(new Set(identities).size).toBe(4);
    expect(chatTemplate('a', '', '').identity).toBe(identities[0]);
  });
});

describe('the chat template of a folder', () => {
  const home = join(folder, 'home');
  mkdirSync(home);
  const write = (config: object) => writeFileSync(join(home, 'tokenizer_config.json'), JSON.stringify(config));

  it('is that of tokenizer_config.json, of several the default, and chat_template.jinja goes before', () => {
    write({ chat_template: 'one{{ eos_token }}', eos_token: { content: '</s>' }, bos_token: null });
    expect(loadChatTemplate(home).render([user])).toBe('one</s>');
    write({
      chat_template: [
        { name: 'tool_use', template: 'tools' },
        { name: 'default', template: 'two' },
      ],
    });
    expect(loadChatTemplate(home).render([user])).toBe('two');
    writeFileSync(join(home, 'chat_template.jinja'), 'three');
    expect(loadChatTemplate(home).render([user])).toBe('three');
  });

  it('must be there', () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    expect(() => loadChatTemplate(bare)).toThrow(/tokenizer_config.json is missing/);
    writeFileSync(join(bare, 'tokenizer_config.json'), '{}');
    expect(() => loadChatTemplate(bare)).toThrow(/has no "chat_template": use an instruction-tuned model/);
    writeFileSync(join(bare, 'tokenizer_config.json'), '[]');
    expect(() => loadChatTemplate(bare)).toThrow(/no JSON object/);
  });
});
