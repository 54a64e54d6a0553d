/** A base and its adapters behind a server, as whoever answers: the prompts are lightmem's own, token by token. */
import { join } from 'node:path';
import { mapConcurrently } from '../core/concurrency.js';
import { UserError } from '../core/errors.js';
import type { GenerateSettings } from '../core/settings.js';
import { answerText, cutAtStop } from '../generate/answer-text.js';
import { fileIdentity } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import {
  DEFAULT_PROMPT_STYLE,
  markedPrompt,
  promptMessages,
  type Askable,
  type PromptStyle,
} from '../models/text/prompt.js';
import {
  adapterServer,
  closeAdapterServer,
  type AdapterServer,
  type Asked,
  type ServedOutcome,
} from '../serving/adapter-server.js';
import type { Completion, ServedAdapter, ServedPrompt, Told } from '../serving/dialect.js';
import { isIgnored, tellsProbabilities, type Comparison } from '../serving/ignored-adapter.js';
import type { ServerIdentity, ServerSettings } from '../serving/settings.js';
import { ADAPTER_PREFIX } from '../serving/vllm.js';
import type { Answer } from './answer.js';
import {
  localQuestions,
  outcomeOf,
  type LocalQuestion,
  type Outcome,
  type QuestioningOptions,
  type Respondent,
} from './respondent.js';

/** Which adapter is asked, of which server. */
export interface ServedAdapterOptions {
  /** A PEFT folder, and one in which files for servers may be made of it; null for the base. Both absolute. */
  readonly adapter: { readonly folder: string; readonly scratch: string } | null;
  readonly server: ServerSettings;
  readonly identity: ServerIdentity;
  readonly style?: PromptStyle;
  readonly maxLength?: number;
  readonly answerRoom?: number;
  /** Told what the server says of itself, before it is asked anything; throws where that is not what was asked before. */
  readonly onTold?: (told: Told) => void;
}

/** Prompts that base and adapter are compared by, and tokens of each answer; more of both where the server tells no probabilities. */
const COMPARED = { prompts: 4, tokens: 16 };
const COMPARED_BY_WORDS = { prompts: 16, tokens: 64 };

/** Digits of the weights' hash in an adapter's name: 64 bits. */
const DIGITS = 16;

/** A base behind a server, with an adapter or without. */
export function servedAdapter(model: LoadedModel, options: ServedAdapterOptions): Respondent {
  return {
    name: `${model.name} by ${options.server.kind}`,
    ask: (samples, given) => new ServedAsking(model, options, given).ask(samples),
  };
}

type OpenQuestion = LocalQuestion & { readonly text: string };

class ServedAsking {
  readonly #adapter: ServedAdapter | null;
  readonly #weights: string | null;

  constructor(
    readonly model: LoadedModel,
    readonly options: ServedAdapterOptions,
    readonly given: QuestioningOptions,
  ) {
    const { adapter } = options;
    this.#weights = adapter === null ? null : fileIdentity(join(adapter.folder, 'adapter_model.safetensors'));
    this.#adapter =
      adapter === null ? null : { ...adapter, name: `${ADAPTER_PREFIX}${this.#weights?.slice(0, DIGITS)}` };
  }

  async ask(samples: readonly Askable[]): Promise<Outcome[]> {
    const { settings, log } = this.given;
    const questions = localQuestions(samples, this.model, {
      ...this.options,
      settings,
      identity: { model: this.model.identity, adapter: this.#weights, server: { ...this.options.identity } },
    });
    const open = questions.flatMap((each, i) => {
      const sample = samples[i];
      const isOpen = sample !== undefined && log?.get(each.key) === undefined;
      return isOpen ? [{ ...each, text: this.#text(sample, each) }] : [];
    });
    const fresh = open.length === 0 ? new Map<string, Outcome>() : await this.#askServer(open, samples.length);
    return questions.map(({ key, contextTruncated }) => fresh.get(key) ?? outcomeOf(log?.get(key), contextTruncated));
  }

  async #askServer(open: readonly OpenQuestion[], total: number): Promise<Map<string, Outcome>> {
    const { signal, onProgress } = this.given;
    const { server: settings, onTold } = this.options;
    try {
      const server = await adapterServer({ settings, base: this.model });
      const told = await server.use(this.#adapter, signal);
      onTold?.(told);
      await this.#check(server, open);
      let done = total - open.length;
      const concurrency = settings.atOnce;
      const outcomes = await mapConcurrently(open, { concurrency, signal }, async (question) => {
        const outcome = await this.#answer(server, question);
        onProgress?.(++done, total);
        return [question.key, outcome] as const;
      });
      return new Map(outcomes);
    } finally {
      if (signal?.aborted === true) await closeAdapterServer();
    }
  }

  async #answer(server: AdapterServer, question: OpenQuestion): Promise<Outcome> {
    const { settings, log, signal, onAsked } = this.given;
    const asked: Asked = this.#adapter === null ? 'base' : 'adapter';
    const served = await server.ask(promptOf(question, settings), asked, signal);
    if ('failure' in served) return { status: 'failed', reason: served.failure };
    onAsked?.(1);
    const answer = this.#read(served.completion);
    await log?.add(question.key, answer);
    return outcomeOf(answer, question.contextTruncated);
  }

  #read({ answer, count, finish }: Completion): Omit<Answer, 'id'> {
    const { model } = this;
    const { stop } = this.given.settings;
    if ('tokens' in answer) {
      const ids = untilEnd(answer.tokens, model.config.eosTokenIds);
      const said = answerText(ids, { model, stop });
      return { text: said.text, tokens: ids.length, finish: finish === 'stop' ? 'stop' : said.finish };
    }
    const { text, isCut } = cutAtStop(answer.text, stop);
    return { text, tokens: count, finish: isCut ? 'stop' : finish };
  }

  /** The prompt for a server that takes text: what looks like a control token in a sample is broken apart. */
  #text(sample: Askable, { prompt, contextTruncated }: LocalQuestion): string {
    const { tokenizer } = this.model;
    const { style = DEFAULT_PROMPT_STYLE, server } = this.options;
    const text = contextTruncated
      ? tokenizer.decode(prompt)
      : tokenizer.brokenApart(markedPrompt(this.model, promptMessages(sample, style)));
    const start = server.addsStart ? tokenizer.decode(prompt.slice(0, 1)) : '';
    return text.startsWith(start) ? text.slice(start.length) : text;
  }

  /** Once for each server that reads the prompts, and once for each adapter of it. Throws UserError where one fails. */
  async #check(server: AdapterServer, open: readonly OpenQuestion[]): Promise<void> {
    const { settings } = this.given;
    if (!server.checked.has('')) {
      const some = spread(open, COMPARED.prompts).map((each) => promptOf(each, { ...settings, maxNewTokens: 1 }));
      this.#checkReading(server, some, await this.#completions(server, some, 'base'));
      server.checked.add('');
    }
    const name = this.#adapter?.name;
    if (name === undefined || !this.options.server.check || server.checked.has(name)) return;
    await this.#checkAdapter(server, open);
    server.checked.add(name);
  }

  #checkReading(
    server: AdapterServer,
    prompts: readonly ServedPrompt[],
    completions: readonly (Completion | undefined)[],
  ): void {
    const counts = completions.flatMap((each, i) =>
      each === undefined ? [] : [{ here: prompts[i]?.tokens.length, there: each.promptTokens }],
    );
    const [first] = counts;
    if (first === undefined || counts.some(({ here, there }) => there === null || here === there)) return;
    throw new UserError(
      `${server.name} reads ${first.there} tokens where the prompt has ${first.here}: it serves another tokenizer, or adds a start token by itself (then set server.addsStart: true)`,
    );
  }

  async #checkAdapter(server: AdapterServer, open: readonly OpenQuestion[]): Promise<void> {
    const few = await this.#compared(server, open, COMPARED);
    if (!isIgnored(few)) return;
    const isSure = tellsProbabilities(few);
    if (!isSure && !isIgnored(await this.#compared(server, open, COMPARED_BY_WORDS))) return;
    const shown = isSure
      ? 'its answers and their probabilities are the base’s'
      : 'its answers are the base’s, word for word';
    const way = isSure ? '' : '; where an adapter is that weak, server.check: false passes this by';
    throw new UserError(
      `${server.name} ignores the adapter ${this.#adapter?.name}: ${shown}. Start it with adapters on (vLLM: --enable-lora; llama-server: --lora), or see how server.adapters names them${way}`,
    );
  }

  /** The base is asked before and behind, so that what differs by itself is known. */
  async #compared(
    server: AdapterServer,
    open: readonly OpenQuestion[],
    { prompts, tokens }: typeof COMPARED,
  ): Promise<Comparison> {
    const { settings } = this.given;
    const maxNewTokens = Math.min(settings.maxNewTokens, tokens);
    const some = spread(open, prompts).map((each) => promptOf(each, { ...settings, maxNewTokens }));
    const base = await this.#completions(server, some, 'base');
    const adapter = await this.#completions(server, some, 'adapter');
    const again = await this.#completions(server, some, 'base');
    const answered = some.flatMap((_, i) => {
      const all = { base: base[i], adapter: adapter[i], again: again[i] };
      return isWhole(all) ? [all] : [];
    });
    if (answered.length === 0) throw new UserError(`${server.name} answers no question for both base and adapter`);
    return {
      base: answered.map((each) => each.base),
      adapter: answered.map((each) => each.adapter),
      again: answered.map((each) => each.again),
    };
  }

  /** One after the other, so that none is computed beside another; undefined for what the server fails on. Throws UserError where that is all. */
  async #completions(
    server: AdapterServer,
    prompts: readonly ServedPrompt[],
    asked: Asked,
  ): Promise<(Completion | undefined)[]> {
    const outcomes: ServedOutcome[] = [];
    for (const prompt of prompts) outcomes.push(await server.ask(prompt, asked, this.given.signal));
    const failures = outcomes.flatMap((each) => ('failure' in each ? [each.failure] : []));
    if (failures.length === prompts.length) throw new UserError(`${server.name} does not answer (${failures[0]})`);
    return outcomes.map((each) => ('failure' in each ? undefined : each.completion));
  }
}

/** What base and adapter said to one prompt. */
interface Compared {
  readonly base: Completion;
  readonly adapter: Completion;
  readonly again: Completion;
}

function isWhole(all: { readonly [who in keyof Compared]: Completion | undefined }): all is Compared {
  return all.base !== undefined && all.adapter !== undefined && all.again !== undefined;
}

function promptOf({ prompt, text }: OpenQuestion, { maxNewTokens, stop }: GenerateSettings): ServedPrompt {
  return { tokens: prompt, text, maxNewTokens, stop };
}

/** At most so many, from the first on at even distances. */
function spread<T>(all: readonly T[], most: number): T[] {
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(most, all.length) }, (_, i) => all[Math.floor(i * step)]).filter(
    (each) => each !== undefined,
  );
}

/** Tokens up to the first that ends an answer, it included: some servers know fewer of these than the model. */
function untilEnd(tokens: readonly number[], ends: readonly number[]): readonly number[] {
  const end = tokens.findIndex((token) => ends.includes(token));
  return end < 0 ? tokens : tokens.slice(0, end + 1);
}
