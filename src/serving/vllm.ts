/** vLLM: adapters are loaded while it runs, under names of their own, and are taken out where there are too many. */
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { Dialect, ServedAdapter, ServedPrompt, Serving, StartCommand, Told } from './dialect.js';
import { readOpenAiCompletion } from './openai-completion.js';
import { bodyOf, refusalOf, type ServerClient } from './server-client.js';
import type { ServedPrecision } from './settings.js';

/** Ranks that vLLM has kernels' room for; an adapter of another is served with that of the next one. */
const RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512];

/** The smallest rank that vLLM can be started with and that holds the given one. */
export function vllmRank(rank: number): number {
  return RANKS.find((each) => each >= rank) ?? rank;
}

const DTYPES: Readonly<Record<ServedPrecision, string>> = {
  auto: 'auto',
  f32: 'float32',
  f16: 'float16',
  bf16: 'bfloat16',
};

const models = z.object({
  data: z.array(z.object({ id: z.string(), root: z.string().nullish(), parent: z.string().nullish() })),
});

const RUNTIME = 'VLLM_ALLOW_RUNTIME_LORA_UPDATING';

/** Names of adapters that were loaded by lightmem begin so. */
export const ADAPTER_PREFIX = 'lightmem-';

/** vLLM, started here or running elsewhere with the same files in reach. */
export class Vllm implements Dialect {
  readonly name = 'vLLM';
  readonly read = readOpenAiCompletion;
  /** Adapters that it was given, the one used longest ago first. */
  readonly #loaded = new Set<string>();
  /** What it calls the base. */
  #base: string | undefined;

  constructor(readonly serving: Serving) {}

  start(_: ServedAdapter | null, port: number): StartCommand {
    const { settings, base } = this.serving;
    const { command = ['vllm', 'serve'], options, maxLoras, maxCpuLoras, maxRank, positions, precision } = settings;
    const memory = ['--gpu-memory-utilization', String(settings.gpuMemory)];
    const words = [
      ...command,
      settings.model ?? resolve(base.path),
      ...['--host', '127.0.0.1', '--port', String(port), '--enable-lora'],
      ...['--max-loras', String(maxLoras), '--max-cpu-loras', String(maxCpuLoras)],
      ...['--max-lora-rank', String(vllmRank(maxRank)), '--dtype', DTYPES[precision]],
      ...['--max-model-len', String(positions)],
      ...memory,
      ...options,
    ];
    return { words, environment: { [RUNTIME]: 'True' } };
  }

  async tell(client: ServerClient): Promise<Told> {
    const { settings, base } = this.serving;
    const served = await this.#models(client);
    const bases = served.filter(({ parent }) => parent === null || parent === undefined);
    const wanted = settings.model ?? resolve(base.path);
    const found = bases.find(({ id, root }) => id === wanted || root === wanted);
    if (found === undefined)
      throw new UserError(
        `the vLLM at ${client.root} serves ${bases.map(({ id }) => id).join(', ') || 'nothing'}, not ${wanted}: name its model in server.model`,
      );
    this.#base = found.id;
    return { base: basename(found.root ?? found.id), precision: null };
  }

  async choose(client: ServerClient, adapter: ServedAdapter | null): Promise<JsonObject> {
    if (this.#base === undefined) await this.tell(client);
    if (adapter === null) return { model: this.#base ?? '' };
    const { name } = adapter;
    const isThere = this.#loaded.delete(name);
    if (!isThere) await this.#load(client, adapter);
    this.#loaded.add(name);
    return { model: name };
  }

  forget(): void {
    this.#loaded.clear();
  }

  request({ tokens, maxNewTokens, stop }: ServedPrompt, naming: JsonObject) {
    const { eosTokenIds } = this.serving.base.config;
    const body: JsonObject = {
      ...naming,
      prompt: [...tokens],
      ...{ max_tokens: maxNewTokens, temperature: 0, logprobs: 1, return_token_ids: true },
      ...{ stop: [...stop], stop_token_ids: [...eosTokenIds], add_special_tokens: false },
    };
    return { path: '/v1/completions', body };
  }

  /** Makes room for it first, and once more where the server says that there is none. */
  async #load(client: ServerClient, adapter: ServedAdapter): Promise<void> {
    const { maxCpuLoras } = this.serving.settings;
    while (this.#loaded.size >= maxCpuLoras) await this.#unload(client, [...this.#loaded][0] ?? '');
    const refusal = await this.#tryLoad(client, adapter);
    if (refusal === null) return;
    const mine = (await this.#models(client)).map(({ id }) => id).filter((id) => id.startsWith(ADAPTER_PREFIX));
    if (mine.length === 0) throw refusal;
    for (const name of mine) await this.#unload(client, name);
    const again = await this.#tryLoad(client, adapter);
    if (again !== null) throw again;
  }

  /** The refusal; null where it is loaded. One of its name is the same one. */
  async #tryLoad(client: ServerClient, { name, folder }: ServedAdapter): Promise<UserError | null> {
    const answer = await client.post('/v1/load_lora_adapter', { lora_name: name, lora_path: folder });
    if (answer.kind === 'response' && answer.status === 200) return null;
    const why = refusalOf(answer);
    if (/already (been )?loaded/i.test(why)) return null;
    const isUnknown = answer.kind === 'response' && [404, 405].includes(answer.status) && !/adapter/i.test(answer.body);
    return new UserError(
      isUnknown
        ? `the vLLM at ${client.root} loads no adapters while it runs: start it with ${RUNTIME}=True and --enable-lora`
        : `the vLLM at ${client.root} does not load the adapter ${folder} (${why}): see its --max-lora-rank (${vllmRank(this.serving.settings.maxRank)} is needed), --max-cpu-loras, and that it sees this folder`,
    );
  }

  async #unload(client: ServerClient, name: string): Promise<void> {
    this.#loaded.delete(name);
    await client.post('/v1/unload_lora_adapter', { lora_name: name });
  }

  async #models(client: ServerClient): Promise<z.output<typeof models>['data']> {
    const answer = await client.get('/v1/models');
    const checked = models.safeParse(bodyOf(answer));
    if (checked.success) return checked.data.data;
    throw new UserError(
      `the server at ${client.root} does not list its models (${refusalOf(answer).slice(0, 200)}): is it a vLLM?`,
    );
  }
}
