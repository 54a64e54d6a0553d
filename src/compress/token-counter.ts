/** Counting tokens with a tokenizer that is loaded at the first count: a run that finds everything made needs only its identity. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { loadModel } from '../models/load.js';
import type { Tokenizer } from '../models/model.js';
import { bundledTokenizerFolder } from '../models/text/bundled-tokenizer.js';
import { loadTokenizer } from '../models/text/tokenizer.js';
import type { TokenCounter } from './method.js';

/** Counts with a tokenizer that is there. */
export function counterOf(tokenizer: Tokenizer): TokenCounter {
  return { identity: tokenizer.identity, count: (text) => tokenizer.encode(text).length };
}

/** Counts with `qwen2.5`, which comes with lightmem, or with a model folder's or a GGUF file's tokenizer. Throws UserError. */
export function tokenCounter(name: string): TokenCounter {
  if (/\.gguf$/i.test(name)) return counterOf(loadModel(name).tokenizer);
  const folder = name === 'qwen2.5' ? bundledTokenizerFolder() : name;
  let identity: string;
  try {
    identity = sha256(readFileSync(join(folder, 'tokenizer.json')));
  } catch {
    throw new UserError(`no tokenizer at "${name}": use qwen2.5, a GGUF file or a model folder with tokenizer.json`);
  }
  let tokenizer: Tokenizer | undefined;
  return { identity, count: (text) => (tokenizer ??= loadTokenizer(folder)).encode(text).length };
}
