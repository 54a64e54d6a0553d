/** Any server of `/v1/completions` at which the model's name tells the adapter: transformers serve, LoRAX, SGLang and others. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { jsonText } from '../files/json-file.js';
import { writeFolder } from '../files/write-folder.js';
import { writeWhole } from '../files/write-whole.js';
import type { Dialect, ServedAdapter, ServedPrompt, Serving, StartCommand, Told } from './dialect.js';
import { readOpenAiCompletion } from './openai-completion.js';

/** Files of a base that stand beside an adapter where a server opens its folder as a model. */
const BESIDE =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|vocab|added_tokens)\.json$|^merges\.txt$|^tokenizer\.model$|^chat_template\.(jinja|json)$|^(?!adapter_model).*\.safetensors(\.index\.json)?$/;

/** A server that is told an adapter by the name of the model alone. */
export class OpenAiServer implements Dialect {
  readonly name = 'the OpenAI-compatible server';
  readonly read = readOpenAiCompletion;

  constructor(readonly serving: Serving) {}

  start(_: ServedAdapter | null, port: number): StartCommand {
    const { command, options } = this.serving.settings;
    if (command === undefined)
      throw new UserError('server kind openai: give its endpoint, or the command that starts it, with {port} in it');
    const words = [...command, ...options].map((word) => word.replaceAll('{port}', String(port)));
    return { words, environment: {} };
  }

  tell(): Promise<Told> {
    return Promise.resolve({ base: basename(this.#base), precision: null });
  }

  choose(_: unknown, adapter: ServedAdapter | null): Promise<JsonObject> {
    if (adapter === null) return Promise.resolve({ model: this.#base });
    const { adapters = '{path}' } = this.serving.settings;
    const model = adapters.replace(/\{(base|adapter|path)\}/g, (_whole, slot) => {
      if (slot === 'path') return this.#folder(adapter);
      return slot === 'base' ? this.#base : adapter.name;
    });
    return Promise.resolve({ model });
  }

  forget(): void {
    // it was told nothing
  }

  request({ text, maxNewTokens, stop }: ServedPrompt, naming: JsonObject) {
    const ends = stop.length === 0 ? {} : { stop: [...stop] };
    const body: JsonObject = {
      ...naming,
      prompt: text,
      max_tokens: maxNewTokens,
      temperature: 0,
      logprobs: 1,
      ...ends,
    };
    return { path: '/v1/completions', body };
  }

  get #base(): string {
    const { settings, base } = this.serving;
    return settings.model ?? resolve(base.path);
  }

  /** A folder that is a whole model with an adapter: the adapter's files, and links to its base's. */
  #folder({ name, folder, scratch }: ServedAdapter): string {
    const path = join(scratch, name);
    if (existsSync(path)) return path;
    const base = resolve(this.serving.base.path);
    writeFolder(path, (made) => {
      if (statSync(base).isDirectory())
        for (const file of readdirSync(base).filter((each) => BESIDE.test(each)))
          standIn(join(base, file), join(made, file));
      for (const file of readdirSync(folder)) copyFileSync(join(folder, file), join(made, file));
      const config = join(made, 'adapter_config.json');
      const settings = JSON.parse(readFileSync(config, 'utf8')) as JsonObject;
      writeWhole(config, jsonText({ ...settings, base_model_name_or_path: base }));
    });
    return path;
  }
}

/** The same file under another name, without a copy of it. */
function standIn(file: string, name: string): void {
  try {
    linkSync(realpathSync(file), name);
  } catch {
    symlinkSync(realpathSync(file), name); // on another disk
  }
}
