/** llama.cpp's server: adapters are files that it is started with, and every request says which of them counts. */
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { writeGgufAdapter } from '../models/adapter/adapter-gguf.js';
import { readAdapter } from '../models/adapter/adapter.js';
import type { Completion, Dialect, ServedAdapter, ServedPrompt, Serving, StartCommand, Told } from './dialect.js';
import { parsed } from './parsed.js';
import { bodyOf, refusalOf, type ServerClient } from './server-client.js';

const adapters = z.array(z.object({ id: z.int(), path: z.string() }));
const props = z.object({ model_path: z.string().nullish(), model_ftype: z.string().nullish() });

const completion = z.object({
  content: z.string(),
  tokens: z.array(z.int()).nullish(),
  stop_type: z.enum(['eos', 'word', 'limit', 'none']),
  tokens_predicted: z.int().min(0).nullish(),
  tokens_evaluated: z.int().min(0).nullish(),
  completion_probabilities: z.array(z.object({ logprob: z.number() })).nullish(),
});

/** llama-server, started here or running elsewhere with the adapters' files. */
export class LlamaServer implements Dialect {
  readonly name = 'llama-server';

  constructor(readonly serving: Serving) {}

  start(adapter: ServedAdapter | null, port: number): StartCommand {
    const { settings, base } = this.serving;
    const { command = ['llama-server'], options, atOnce, positions } = settings;
    const words = [
      ...command,
      ...['--model', settings.model ?? resolve(base.path), '--host', '127.0.0.1', '--port', String(port)],
      ...['--parallel', String(atOnce), '--ctx-size', String(positions * atOnce), '--lora-init-without-apply'],
      ...(adapter === null ? [] : ['--lora', this.#file(adapter)]),
      ...options,
    ];
    return { words, environment: {} };
  }

  async tell(client: ServerClient): Promise<Told> {
    const answer = await client.get('/props');
    const checked = props.safeParse(bodyOf(answer));
    if (!checked.success)
      throw new UserError(
        `the server at ${client.root} does not tell its properties (${refusalOf(answer).slice(0, 200)}): is it a llama-server?`,
      );
    const { model_path: path, model_ftype: precision } = checked.data;
    return { base: path === null || path === undefined ? null : basename(path), precision: precision ?? null };
  }

  /** All adapters that the server has are named: one that is left out of a request would have the strength it was started with. */
  async choose(client: ServerClient, adapter: ServedAdapter | null): Promise<JsonObject | null> {
    const answer = await client.get('/lora-adapters');
    const there = adapters.safeParse(bodyOf(answer));
    if (!there.success)
      throw new UserError(
        `the server at ${client.root} does not list its adapters (${refusalOf(answer).slice(0, 200)}): is it a llama-server?`,
      );
    const own = adapter === null ? undefined : there.data.find(({ path }) => basename(path) === `${adapter.name}.gguf`);
    const lora = there.data.map(({ id }) => ({ id, scale: id === own?.id ? 1 : 0 }));
    if (adapter === null || own !== undefined) return { lora };
    if (this.serving.settings.endpoint === undefined) return null;
    throw new UserError(
      `the llama-server at ${client.root} has no adapter ${adapter.name}: start it with --lora ${this.#file(adapter)} (several: one --lora with commas between), or leave endpoint out to have it started`,
    );
  }

  forget(): void {
    // it is asked each time
  }

  /** Its cache of prompts is left off: it hands what one adapter computed to another. */
  request({ tokens, maxNewTokens, stop }: ServedPrompt, naming: JsonObject) {
    const body: JsonObject = {
      ...naming,
      prompt: [...tokens],
      ...{ n_predict: maxNewTokens, temperature: 0, top_k: 1, repeat_penalty: 1, n_probs: 1 },
      ...{ stop: [...stop], return_tokens: true, cache_prompt: false },
    };
    return { path: '/completion', body };
  }

  read(body: string): Completion | string {
    const read = parsed(body, completion, 'completion');
    if (typeof read === 'string') return read;
    if (read.stop_type === 'none') return 'it ended before its end';
    return {
      answer: read.tokens === null || read.tokens === undefined ? { text: read.content } : { tokens: read.tokens },
      count: read.tokens_predicted ?? read.tokens?.length ?? 0,
      finish: read.stop_type === 'limit' ? 'length' : 'stop',
      promptTokens: read.tokens_evaluated ?? null,
      logprobs: read.completion_probabilities?.map(({ logprob }) => logprob) ?? null,
    };
  }

  /** The adapter's GGUF file, made where it is not there. */
  #file({ name, folder, scratch }: ServedAdapter): string {
    const path = join(scratch, `${name}.gguf`);
    if (existsSync(path)) return path;
    const { config } = this.serving.base;
    mkdirSync(scratch, { recursive: true });
    writeGgufAdapter(path, readAdapter(folder, config), config);
    return path;
  }
}
