/** An entry of the table of methods: what a method offers, needs and can be told, and how it is made and known. */
import type { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { Level } from '../core/levels.js';
import type { LevelTexts } from '../core/records.js';
import type { ChatModel } from '../llm/chat-model.js';
import type { CompressionMethod, SurprisalModel, TextMaker, TokenCounter } from './method.js';
import type { Amount } from './target.js';

/** A level that a method offers. */
export interface Form {
  readonly level: Level;
  /** How much it keeps unless told otherwise; null where that cannot be said. */
  readonly amount: Amount | null;
  /** What its texts are, in a few words: `chosen sentences`. Null where nothing is known. */
  readonly description: string | null;
}

/** Texts made elsewhere, by item id. */
export type RecordedTexts = ReadonlyMap<string, LevelTexts>;

/** What methods work with; each is opened when it is first asked for. */
export interface MethodTools {
  /** Counts what is reported, and what budgets are kept by. */
  readonly counter: TokenCounter;
  /** Whether a model that answers is named. */
  readonly hasChat: boolean;
  /** The model that answers; throws UserError where none is named. */
  chat(): ChatModel;
  /** The model that tells what is to be expected; throws UserError where none is named. */
  surprisal(): SurprisalModel;
  /** Texts of a data set's file. Throws UserError. */
  recorded(file: string): Promise<RecordedTexts>;
}

/** One method. `Shape` is that of its options. */
export interface MethodEntry<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** Short, without blanks. */
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /** The levels it offers; the first is what it makes under a name that says nothing. */
  readonly forms: readonly Form[];
  /** Whether it also makes levels that others offer, to their amount (`summ_l3` by `select`). */
  readonly makesOthers: boolean;
  /** Whether its text may depend on what the level is called: then that is what it is asked for. */
  readonly readsLevelName?: boolean;
  /** Whether an amount can be asked for: `select=0.4`. */
  readonly takesAmounts: boolean;
  /** The model it cannot do without, or takes where one is named; `none` needs none. */
  readonly model: 'none' | 'chat' | 'chat, where named' | 'surprisal';
  /** What it can be told: each with its default. */
  readonly options: z.ZodObject<Shape>;
  /** What else makes another method of it: the version of its rules or prompts, a module's code. */
  readonly version: JsonObject;
  /** What of its options can change a text, where that is not all of them as they are. */
  identity?(options: z.output<z.ZodObject<Shape>>, tools: MethodTools): JsonObject;
  make(options: z.output<z.ZodObject<Shape>>, tools: MethodTools): TextMaker | Promise<TextMaker>;
}

/** An entry, its options' types inferred. */
export function defineMethod<Shape extends z.ZodRawShape>(entry: MethodEntry<Shape>): MethodEntry<Shape> {
  return entry;
}

/** The method of an entry, with options as they were given. Throws UserError where they, or a model, do not fit. */
export async function openMethod<Shape extends z.ZodRawShape>(
  entry: MethodEntry<Shape>,
  tools: MethodTools,
  given: Readonly<Record<string, unknown>> = {},
): Promise<CompressionMethod> {
  const options = checked(entry, given);
  const known = entry.identity?.(options, tools) ?? (options as JsonObject);
  const identity = { method: entry.name, ...entry.version, ...known, ...modelOf(entry, tools) };
  return Object.assign(await entry.make(options, tools), { name: entry.name, identity });
}

function checked<Shape extends z.ZodRawShape>({ name, options }: MethodEntry<Shape>, given: unknown) {
  const parsed = options.safeParse(given, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UserError(`method ${name}: ${problems.join('; ')}`);
}

function modelOf({ model }: Pick<MethodEntry, 'model'>, tools: MethodTools): JsonObject {
  switch (model) {
    case 'none':
      return {};
    case 'chat':
      return { model: tools.chat().identity };
    case 'chat, where named':
      return { model: tools.hasChat ? tools.chat().identity : null };
    case 'surprisal':
      return { model: tools.surprisal().identity };
  }
}
