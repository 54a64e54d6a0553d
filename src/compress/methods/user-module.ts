/** A method of the user's own: an ES module that exports one, held to the same contract as ours. */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { messageOf, UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { isObject, type JsonObject } from '../../core/json.js';
import { isLevel, LEVEL_RULE, levelName, type Level } from '../../core/levels.js';
import type { ChatModel } from '../../llm/chat-model.js';
import { countWords } from '../../text/sentences.js';
import type { Form, MethodEntry, MethodTools } from '../entry.js';
import { failed, finished, sourceText } from '../measure.js';
import type { Compression, CompressionFailure, CompressOptions, SourceItem, TextMaker } from '../method.js';
import { goalWords, type Amount, type Target } from '../target.js';

/** What a user's function is given beside the text. */
export interface UserContext {
  readonly item: SourceItem;
  /** The level that the text is for. */
  readonly level: Level;
  /** How much was asked for: words to write, or the share of the original to keep; null where nothing was said. */
  readonly amount: Amount | null;
  /** The same in words of this text; null where nothing was said. */
  readonly words: number | null;
  /** What a study file says beside the method's path. */
  readonly options: JsonObject;
  /** The model that was named, where there is one. */
  readonly model: ChatModel | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The function that a module exports as `compress`. */
export type UserCompress = (text: string, context: UserContext) => string | Promise<string>;

/** Whether a method's name is the path of a module. */
export function isModulePath(name: string): boolean {
  return /[/\\]|\.m?js$/.test(name);
}

/**
 * The entry of an ES module. It exports `compress(text, context)`, which returns the shorter text; optionally `name`
 * (default: `user`), `description` (what its texts are, in a few words), `version` (part of the identity beside the
 * file's hash) and `levels`, the names of the levels it makes (default: one by its own name or the file's, and any
 * other that is asked for). Throws UserError where it does not.
 */
export async function moduleEntry(path: string): Promise<MethodEntry> {
  const code = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read the method ${path}: ${messageOf(error)}`);
  });
  const loaded: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new UserError(`cannot load the method ${path}: ${messageOf(error)}`);
  });
  const exported: unknown = isObject(loaded) && isObject(loaded['default']) ? loaded['default'] : loaded;
  const { compress, name, description, version = null, levels } = fieldsOf(exported, path);
  const own = levels ?? [name ?? levelOf(path)];
  return {
    name: name ?? 'user',
    about: description ?? `the module ${basename(path)}`,
    forms: own.map((level): Form => ({ level, amount: null, description })),
    makesOthers: levels === undefined,
    readsLevelName: true,
    takesAmounts: true,
    model: 'chat, where named',
    options: z.looseObject({}),
    version: { code: sha256(code), version: JSON.stringify(version) },
    make: (options, tools) => new UserMaker(name ?? 'user', compress, options as JsonObject, tools),
  };
}

interface Fields {
  readonly compress: UserCompress;
  readonly name: string | undefined;
  readonly description: string | null;
  readonly version?: unknown;
  readonly levels: readonly Level[] | undefined;
}

function fieldsOf(exported: unknown, path: string): Fields {
  const { compress, name, description = null, version, levels } = { ...(exported as Record<string, unknown>) };
  if (typeof compress !== 'function') throw new UserError(`${path}: export a function compress(text, context)`);
  if (name !== undefined && (typeof name !== 'string' || !/^[\w.-]{1,40}$/.test(name)))
    throw new UserError(`${path}: name must be letters, digits, "-" or "_"`);
  if (description !== null && typeof description !== 'string')
    throw new UserError(`${path}: description must be a text`);
  return { compress: compress as UserCompress, name, description, version, levels: levelsOf(levels, path) };
}

/** The level of a module that names neither itself nor levels: its file's name. */
function levelOf(path: string): Level {
  const name = levelName(basename(path).replace(/\.[^.]*$/, ''));
  return isLevel(name) ? name : 'user';
}

function levelsOf(levels: unknown, path: string): Level[] | undefined {
  if (levels === undefined) return undefined;
  const names = Array.isArray(levels) ? levels.map((level) => levelName(String(level))) : [];
  const wrong = names.find((name) => !isLevel(name));
  if (names.length === 0 || wrong !== undefined)
    throw new UserError(
      `${path}: levels must be a list of names; invalid ${JSON.stringify(wrong ?? levels)}: ${LEVEL_RULE}`,
    );
  return names;
}

class UserMaker implements TextMaker {
  readonly concurrency: number;
  readonly #model: ChatModel | undefined;

  constructor(
    readonly method: string,
    readonly run: UserCompress,
    readonly options: JsonObject,
    readonly tools: MethodTools,
  ) {
    this.#model = tools.hasChat ? tools.chat() : undefined;
    this.concurrency = this.#model?.concurrency ?? 1;
  }

  async compress(
    item: SourceItem,
    target: Target,
    { signal }: CompressOptions = {},
  ): Promise<Compression | CompressionFailure> {
    const { method } = this;
    const source = sourceText(item);
    if (source === undefined) return failed(method, target, 'no-source', `item ${item.id} has no original text`);
    try {
      const text: unknown = await this.run(source, this.#context(item, target, source, signal));
      if (typeof text !== 'string')
        return failed(method, target, 'method-error', `compress returned ${typeof text}, not text`);
      if (text.trim() === '') return failed(method, target, 'empty', 'compress returned an empty text');
      return finished({ method, target, source, text: text.trim(), provenance: {}, flags: [] }, this.tools.counter);
    } catch (error) {
      return failed(method, target, 'method-error', messageOf(error));
    }
  }

  #context(item: SourceItem, target: Target, source: string, signal: AbortSignal | undefined): UserContext {
    const { level, amount } = target;
    const words = amount === null ? null : goalWords(target, countWords(source));
    return { item, level, amount, words, options: this.options, model: this.#model, signal };
  }
}
