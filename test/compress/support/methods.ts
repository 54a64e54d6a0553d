/** Methods opened from their entries, for tests: targets may be given by their levels' names. */
import { openMethod, type MethodEntry, type MethodTools, type RecordedTexts } from '../../../src/compress/entry.js';
import { openLevels, planLevel } from '../../../src/compress/level-task.js';
import type { LevelTask } from '../../../src/compress/compress-items.js';
import type {
  Compression,
  CompressionFailure,
  CompressionMethod,
  CompressOptions,
  SourceItem,
  SurprisalModel,
  TokenCounter,
} from '../../../src/compress/method.js';
import { moduleEntry } from '../../../src/compress/methods/user-module.js';
import type { Target } from '../../../src/compress/target.js';
import type { ChatModel } from '../../../src/llm/chat-model.js';
import { counter } from './texts.js';

export interface TestTools {
  readonly chat?: ChatModel;
  readonly surprisal?: SurprisalModel;
  readonly recorded?: RecordedTexts;
  /** Default: `counter`. */
  readonly counts?: TokenCounter;
}

/** Tools with the models given; another is asked for in vain. */
export function toolsOf(tools: TestTools = {}): MethodTools {
  const { chat, surprisal, recorded = new Map(), counts = counter } = tools;
  const or = <T>(model: T | undefined): T => {
    if (model === undefined) throw new Error('no such model in this test');
    return model;
  };
  return {
    counter: counts,
    hasChat: chat !== undefined,
    chat: () => or(chat),
    surprisal: () => or(surprisal),
    recorded: () => Promise.resolve(recorded),
  };
}

/** A method whose targets may be given by name: `select=0.4`. */
export interface NamedMethod extends Omit<CompressionMethod, 'compress' | 'estimate'> {
  readonly method: CompressionMethod;
  compress(
    item: SourceItem,
    target: string | Target,
    options?: CompressOptions,
  ): Promise<Compression | CompressionFailure>;
  readonly targetOf: (name: string) => Target;
}

/** The method of an entry. */
export async function opened(
  entry: MethodEntry,
  tools: TestTools = {},
  options: Readonly<Record<string, unknown>> = {},
): Promise<NamedMethod> {
  const method = await openMethod(entry, toolsOf(tools), options);
  const targetOf = (name: string): Target => planLevel(name, { entries: [entry], ownName: true }).target;
  return {
    name: method.name,
    identity: method.identity,
    method,
    targetOf,
    compress: (item, target, given) =>
      method.compress(item, typeof target === 'string' ? targetOf(target) : target, given),
  };
}

/** The method of a module. */
export async function openedModule(path: string, tools: TestTools = {}): Promise<NamedMethod> {
  return opened(await moduleEntry(path), tools);
}

/** Levels as work, each by the method that offers it or by the entry named beside it. */
export async function tasksOf(
  levels: readonly string[],
  tools: TestTools,
  options: { readonly entries?: readonly MethodEntry[]; readonly given?: Readonly<Record<string, unknown>> } = {},
): Promise<LevelTask[]> {
  const { entries = [], given = {} } = options;
  return openLevels(
    levels.map((level) => planLevel(level, { entries })),
    toolsOf(tools),
    () => given,
  );
}
