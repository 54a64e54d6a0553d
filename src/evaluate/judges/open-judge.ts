/** A judge as a study or a command chooses it: by name, with the language model it may ask and what may be spent on it. */
import { ChatEndpoint } from '../../llm/endpoint.js';
import { endpointSettings, type EndpointSettings } from '../../llm/settings.js';
import { Spend, type Price, type SentRequest, type SpendLimits } from '../../llm/spend/spend.js';
import type { Judge } from './contract.js';
import { judgeByName, needsModel } from './registry.js';

export interface JudgeChoice {
  readonly name: string;
  /** The model that judges, for judges that ask one. */
  readonly model?: string;
  /** Its OpenAI-compatible address; default LIGHTMEM_BASE_URL or OPENAI_BASE_URL. */
  readonly endpoint?: string;
  /** Tells it from another endpoint at the same address under the same model name. */
  readonly endpointName?: string;
  /** Whether its replies are kept in the cache, and looked up there; default yes. */
  readonly cache?: boolean;
  /** Prices of a million tokens of prompts and of replies. */
  readonly priceInput?: number;
  readonly priceOutput?: number;
  /** Most to spend on it, in the prices' currency, or in tokens of prompts and replies together. */
  readonly maxCost?: number;
  readonly maxTokens?: number;
}

export interface OpenJudgeOptions {
  /** What was spent on it before: the limits are for all of it. */
  readonly spent?: Spent;
  /** Told of every request that was sent, e.g. to keep a journal. */
  readonly onSent?: (sent: SentRequest) => void;
  /** Whether kept replies are passed over; default no. */
  readonly renew?: boolean;
  /** Index of the judgement where answers are judged several times; default 0. */
  readonly repeat?: number;
}

/** Tokens used, and their cost where they had a price. */
export interface Spent {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cost: number;
}

export interface OpenJudge {
  readonly judge: Judge;
  /** What rows call it: its name, and its model where it asks one. */
  readonly label: string;
  /** Judgements under way at once. */
  readonly concurrency: number;
  /** The model that it asks, and what is spent on it; null where it asks none. */
  readonly chat: ChatEndpoint | null;
}

/** What rows call a judge, e.g. `lexical`, `llm (qwen-plus)`, `llm (qwen-plus at gpu-2)`. */
export function judgeLabel({ name, model, endpointName }: JudgeChoice): string {
  if (!needsModel(name) || model === undefined) return name;
  return `${name} (${endpointName === undefined ? model : `${model} at ${endpointName}`})`;
}

/** The prices of a judge's model; undefined where none is given. */
export function priceOf({ priceInput, priceOutput }: JudgeChoice): Price | undefined {
  if (priceInput === undefined && priceOutput === undefined) return undefined;
  return { inputPerMillion: priceInput ?? 0, outputPerMillion: priceOutput ?? 0 };
}

/** Throws UserError where the judge is unknown, or its endpoint or key is missing. */
export function openJudge(choice: JudgeChoice, options: OpenJudgeOptions = {}): OpenJudge {
  const { name, model } = choice;
  const { repeat = 0 } = options;
  const label = judgeLabel(choice);
  if (!needsModel(name) || model === undefined)
    return { judge: judgeByName(name, { repeat }), label, concurrency: 1, chat: null };
  const price = priceOf(choice);
  const spend = new Spend(price, limitsLeft(choice, options.spent), options.onSent);
  const chat = new ChatEndpoint(endpointOf({ ...choice, model }, price, options.renew === true), { spend });
  return { judge: judgeByName(name, { model: chat, repeat }), label, concurrency: chat.concurrency, chat };
}

function endpointOf(
  { model, endpoint, endpointName, cache = true }: JudgeChoice & { readonly model: string },
  price: Price | undefined,
  renewReplies: boolean,
): EndpointSettings {
  return endpointSettings({
    ...{ model, renewReplies },
    ...(endpoint !== undefined && { baseUrl: endpoint }),
    ...(endpointName !== undefined && { endpointName }),
    ...(!cache && { cacheFolder: null }),
    ...(price !== undefined && { price }),
  });
}

function limitsLeft({ maxCost, maxTokens }: JudgeChoice, spent: Spent | undefined): SpendLimits {
  const { promptTokens = 0, completionTokens = 0, cost = 0 } = spent ?? {};
  return {
    ...(maxCost !== undefined && { maxCost: maxCost - cost }),
    ...(maxTokens !== undefined && { maxTokens: maxTokens - promptTokens - completionTokens }),
  };
}
