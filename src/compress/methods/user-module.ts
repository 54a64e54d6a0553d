/** A method of the user's own: an ES module that exports one, held to the same contract as ours. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { messageOf, UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { isObject } from '../../core/json.js';
import type { Level } from '../../core/levels.js';
import type { ChatModel } from '../../llm/chat-model.js';
import { failed, finished, sourceText } from '../measure.js';
import {
  levelOf,
  type Compression,
  type CompressionFailure,
  type CompressionMethod,
  type CompressOptions,
  type SourceItem,
  type Target,
  type TokenCounter,
} from '../method.js';

/** What a user's function is given beside the text. */
export interface UserContext {
  readonly item: SourceItem;
  readonly target: Target;
  readonly level: Level;
  /** The model chosen on the command line, where there is one. */
  readonly model: ChatModel | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The function that a module exports as `compress`. */
export type UserCompress = (text: string, context: UserContext) => string | Promise<string>;

/**
 * A method from an ES module. It exports `compress(text, context)`, which returns the shorter text; optionally `name`,
 * `version` (part of the identity beside the file's hash) and `levels` (default: all). Throws UserError where it does not.
 */
export async function userMethod(path: string, counter: TokenCounter, model?: ChatModel): Promise<CompressionMethod> {
  const code = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read the method ${path}: ${messageOf(error)}`);
  });
  const loaded: unknown = await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new UserError(`cannot load the method ${path}: ${messageOf(error)}`);
  });
  const exported: unknown = isObject(loaded) && isObject(loaded['default']) ? loaded['default'] : loaded;
  const fields = { ...(exported as Record<string, unknown>) };
  const { compress, name = 'user', version = null, levels } = fields;
  if (typeof compress !== 'function') throw new UserError(`${path}: export a function compress(text, context)`);
  if (typeof name !== 'string' || !/^[\w.-]{1,40}$/.test(name))
    throw new UserError(`${path}: name must be letters, digits, "-" or "_"`);
  const served = Array.isArray(levels) ? new Set(levels.map(String)) : undefined;
  const identity = {
    method: name,
    code: sha256(code),
    version: JSON.stringify(version ?? null),
    model: model?.identity ?? null,
  };
  return new UserMethod(name, identity, compress as UserCompress, served, counter, model);
}

class UserMethod implements CompressionMethod {
  readonly concurrency: number;

  constructor(
    readonly name: string,
    readonly identity: { readonly [key: string]: string | null | ChatModel['identity'] },
    readonly run: UserCompress,
    readonly levels: ReadonlySet<string> | undefined,
    readonly counter: TokenCounter,
    readonly model: ChatModel | undefined,
  ) {
    this.concurrency = model?.concurrency ?? 1;
  }

  serves(level: Level): boolean {
    return level !== 'original' && (this.levels === undefined || this.levels.has(level));
  }

  async compress(
    item: SourceItem,
    target: Target,
    options: CompressOptions = {},
  ): Promise<Compression | CompressionFailure> {
    const source = sourceText(item);
    if (source === undefined) return failed(this.name, target, 'no-source', `item ${item.id} has no original text`);
    try {
      const context = { item, target, level: levelOf(target), model: this.model, signal: options.signal };
      const text: unknown = await this.run(source, context);
      if (typeof text !== 'string')
        return failed(this.name, target, 'method-error', `compress returned ${typeof text}, not text`);
      if (text.trim() === '') return failed(this.name, target, 'empty', 'compress returned an empty text');
      return finished(this.name, target, source, { text: text.trim(), provenance: {}, flags: [] }, this.counter);
    } catch (error) {
      return failed(this.name, target, 'method-error', messageOf(error));
    }
  }
}
