/** A tiny model with adapters, and servers of each protocol that answer for them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../../../src/core/random.js';
import { TARGET_MODULES } from '../../../src/core/settings.js';
import type { Outcome, QuestioningOptions } from '../../../src/evaluate/respondent.js';
import { servedAdapter } from '../../../src/evaluate/served-adapter.js';
import { writeAdapter } from '../../../src/models/adapter/adapter.js';
import type { LoadedModel } from '../../../src/models/model.js';
import { linearModules } from '../../../src/models/modules.js';
import type { ServerKind, ServerSettings } from '../../../src/serving/settings.js';

const MOCK = fileURLToPath(new URL('mock-server.mjs', import.meta.url));

/** Faults of the mock server, by name (mock-server.mjs). */
export type Faults = Readonly<Record<string, string | number | boolean>>;

/** Words that start a mock server of a kind. */
export const mockCommand = (kind: ServerKind, faults: Faults = {}): string[] => [
  ...[process.execPath, MOCK, kind, JSON.stringify(faults)],
  ...(kind === 'openai' ? ['--port', '{port}'] : []),
];

/** Settings of a mock server that is started here. */
export function mockSettings(
  kind: ServerKind,
  faults: Faults = {},
  changes: Partial<ServerSettings> = {},
): ServerSettings {
  return {
    ...{ kind, command: mockCommand(kind, faults), options: [], precision: 'auto' },
    ...{ maxLoras: 1, maxCpuLoras: 4, gpuMemory: 0.4, addsStart: false, maxRank: 8, positions: 256 },
    ...{ atOnce: 3, startSeconds: 60, answerSeconds: 20, check: true },
    ...changes,
  };
}

/** Writes an adapter of weights drawn from the seed, and gives its folders. */
export function writeDrawn(root: string, seed: number, { config }: LoadedModel, rank = 2) {
  const random = new Random(seed, 'adapter');
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal() * 0.2);
  const tensors = Object.fromEntries(
    linearModules(config).map(({ path, inFeatures, outFeatures }) => [
      path,
      { a: draw(rank * inFeatures), b: draw(rank * outFeatures), ...{ rank, inFeatures, outFeatures } },
    ]),
  );
  const lora = { rank, alpha: 2 * rank, rslora: false, dropout: 0, targets: TARGET_MODULES };
  const folder = join(root, 'adapter');
  writeAdapter(folder, { lora, tensors, baseModel: 'tiny' });
  return { folder, scratch: join(root, 'served') };
}

/** Four tokens, greedily. */
export const GENERATION = { maxNewTokens: 4, temperature: 0, seed: 0, stop: [] };

/** Samples that differ in their questions. */
export const samplesOf = (count: number, prefix = 'What is thing') =>
  Array.from({ length: count }, (_, i) => ({ id: `q${i}`, item: 'item', prompt: `${prefix} ${i}?` }));

/** What becomes of some questions put to the base, or to an adapter. */
export function askServed(
  model: LoadedModel,
  server: ServerSettings,
  adapter: ReturnType<typeof writeDrawn> | null,
  {
    count = 5,
    prefix,
    ...given
  }: Partial<QuestioningOptions> & { readonly count?: number; readonly prefix?: string } = {},
): Promise<Outcome[]> {
  const identity = { kind: server.kind, precision: server.precision };
  return servedAdapter(model, { adapter, server, identity }).ask(samplesOf(count, prefix), {
    settings: GENERATION,
    ...given,
  });
}

/** The answers' texts; a failure's reason in brackets. */
export const textsOf = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((each) => (each.status === 'answered' ? each.text : `(${each.reason})`));

/** Whether a process is there and no mere entry that its parent has not asked after. */
export function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}
