/** The setting `server`: who answers for the base and the adapters where `engine` says `asks: server`. */
import { z } from 'zod';
import { flag, integer, list, oneOf, positive, text } from '../core/setting-schemas.js';
import { fileIdentity } from '../models/load.js';
import type { ModelConfig } from '../models/model.js';
import { promptLimit } from '../models/text/prompt.js';
import { SERVED_PRECISIONS, type ServerIdentity, type ServerKind, type ServerSettings } from '../serving/settings.js';

const shared = {
  endpoint: text
    .describe('Address of a server that runs, e.g. `http://127.0.0.1:8000`; without it, one is started and ended here.')
    .exactOptional(),
  command: list(text, 'words')
    .describe('Words of the command that starts it, in place of the usual ones; `{port}` stands for the port.')
    .exactOptional(),
  options: z.array(text).describe('Further words of that command.').default([]),
  model: text
    .describe(
      'What the server knows the base by: its name at an endpoint, or for llama-server a GGUF file of it; without it, the study’s model.',
    )
    .exactOptional(),
  atOnce: integer(1, 4096)
    .describe('Requests under way at once; without it, 64 with vLLM, 4 with llama-server, 8 with others.')
    .exactOptional(),
  startSeconds: integer(1, 86_400).describe('Longest start of the server.').default(1800),
  answerSeconds: integer(1, 86_400).describe('Longest wait for one answer.').default(600),
  check: flag
    .describe('Whether each adapter is compared with the base first, so that one that is ignored is seen.')
    .default(true),
};

const precision = oneOf(SERVED_PRECISIONS, 'precision')
  .describe('What the server computes in; `auto` leaves it to the server. One started here is told.')
  .default('auto');

const vllm = z.strictObject({
  kind: z.literal('vllm').describe('vLLM: adapters are loaded while it runs.'),
  ...shared,
  precision,
  maxLoras: integer(1, 1024).describe('Adapters that vLLM computes with at once (`--max-loras`).').default(1),
  maxCpuLoras: integer(1, 4096).describe('Adapters that vLLM knows at once (`--max-cpu-loras`).').default(4),
  gpuMemory: positive(1)
    .describe('Share of the GPU’s memory that a vLLM started here takes: training needs the rest.')
    .default(0.4),
});

const llamaServer = z.strictObject({
  kind: z.literal('llama-server').describe('llama.cpp’s server: adapters become GGUF files that it is started with.'),
  ...shared,
});

const openai = z.strictObject({
  kind: z.literal('openai').describe('Any server of `/v1/completions` that is told an adapter by the model’s name.'),
  ...shared,
  precision,
  adapters: text
    .describe(
      'What a request names as its model for an adapter: `{base}`, `{adapter}` (a name made of its weights) and `{path}` (a folder of the adapter and its base’s files) are put in.',
    )
    .default('{path}'),
  addsStart: flag
    .describe('Whether the server puts a start token before a text by itself, so that the prompt’s own is left out.')
    .default(false),
});

/** The setting; absent where no server answers. */
export const server = z
  .discriminatedUnion('kind', [vllm, llamaServer, openai], {
    error: 'must say its kind: give "kind: vllm", "kind: llama-server" or "kind: openai"',
  })
  .describe('A server that answers for the base and the adapters, where `engine` says `asks: server`.');

export type ServerConfig = z.output<typeof server>;

/** Requests under way at once, where the study file does not say. */
const AT_ONCE: Readonly<Record<ServerKind, number>> = { vllm: 64, 'llama-server': 4, openai: 8 };

/** What of a study file decides who answers. */
interface Asking {
  readonly engine: { readonly asks: string };
  readonly server?: ServerConfig | undefined;
  readonly model: unknown;
  readonly evaluate: { readonly temperature: number };
  readonly train: { readonly rankPattern?: object | undefined };
}

/** What of a study file says how large prompts and adapters are. */
interface Sizes {
  readonly grid: readonly {
    readonly ranks?: readonly number[] | undefined;
    readonly train?: { readonly maxLength?: number | undefined } | undefined;
  }[];
  readonly train: { readonly maxLength: number };
  readonly evaluate: { readonly maxNewTokens: number };
  readonly prompt: { readonly answerRoom: number };
}

/** What does not fit together, by key. */
export function serverProblems(study: Asking): { readonly path: string[]; readonly message: string }[] {
  const { engine, server: config, model, evaluate, train } = study;
  const asks = engine.asks === 'server';
  if (!asks && config === undefined) return [];
  if (!asks)
    return [
      { path: ['server'], message: 'answers nothing: say so with engine: { kind: …, asks: server }, or remove it' },
    ];
  if (config === undefined)
    return [{ path: ['engine', 'asks'], message: 'needs a server: give server: { kind: vllm }, or another kind' }];
  const problems: { path: string[]; message: string }[] = [];
  const refuse = (path: string[], message: string): void => void problems.push({ path, message });
  if (typeof model !== 'string')
    refuse(['server'], 'answers for adapters of a model that is trained here: give model a path');
  if (evaluate.temperature > 0)
    refuse(['evaluate', 'temperature'], 'is above 0: a server is asked for the likeliest tokens alone');
  if (config.kind === 'openai' && config.endpoint === undefined && config.command === undefined)
    refuse(['server'], 'has neither address nor command: give endpoint, or command with {port} in it');
  if (config.kind === 'vllm' && train.rankPattern !== undefined)
    refuse(
      ['train', 'rankPattern'],
      'gives modules ranks of their own, which vLLM scales as if all had one: use another server',
    );
  return problems;
}

/** The settings of a study's server, for all its runs. */
export function serverSettings(
  config: ServerConfig,
  { grid, train, evaluate, prompt }: Sizes,
  { maxPositions }: Pick<ModelConfig, 'maxPositions'>,
): ServerSettings {
  const { maxNewTokens } = evaluate;
  const { answerRoom } = prompt;
  const positions = grid.map((part) => {
    const maxLength = part.train?.maxLength ?? train.maxLength;
    return promptLimit({ maxLength, answerRoom, maxPositions, maxNewTokens }) + maxNewTokens;
  });
  const maxRank = Math.max(1, ...grid.flatMap(({ ranks = [] }) => ranks));
  const { atOnce = AT_ONCE[config.kind] } = config;
  const usual = { precision: 'auto', maxLoras: 1, maxCpuLoras: 1, gpuMemory: 1, addsStart: false } as const;
  return { ...usual, ...config, atOnce, maxRank, positions: Math.max(...positions) };
}

/** What of it can change an answer. */
export function serverIdentity({ kind, precision, model, endpoint, options }: ServerSettings): ServerIdentity {
  return {
    ...{ kind, precision },
    ...(model !== undefined && {
      base: kind === 'llama-server' && endpoint === undefined ? fileIdentity(model) : model,
    }),
    ...(endpoint === undefined && options.length > 0 && { options }),
  };
}
