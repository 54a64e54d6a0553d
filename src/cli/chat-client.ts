/** The model that a command asks, behind an endpoint or local, made when it is first needed; and its options. */
import { Option, type Command } from 'commander';
import { UserError } from '../core/errors.js';
import type { Device } from '../core/settings.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { LocalChat } from '../generate/chat.js';
import { SurprisalScorer } from '../generate/surprisal.js';
import { ChatEndpoint } from '../llm/endpoint.js';
import { endpointSettings } from '../llm/settings.js';
import { Spend, type Price, type SentRequest } from '../llm/spend/spend.js';
import type { SpendJournal } from '../llm/spend/spend-journal.js';
import { isLoopback } from '../llm/protocol/transport.js';
import type { LoadedModel } from '../models/model.js';
import { parseCount } from './data-options.js';
import { addDeviceOption, deviceFor } from './device.js';
import { openModel } from './open-model.js';

export interface ChatClientOptions {
  readonly endpoint?: string;
  readonly model?: string;
  readonly local?: string;
  readonly device?: string;
  readonly maxConcurrency: string;
  readonly timeout: string;
  readonly priceInput?: string;
  readonly priceOutput?: string;
  readonly maxCost?: string;
  readonly maxTokens?: string;
}

/** Adds the options that choose a model and limit its use. */
export function addChatClientOptions(command: Command): void {
  addDeviceOption(command)
    .option('--endpoint <url>', 'OpenAI-compatible address; default LIGHTMEM_BASE_URL or OPENAI_BASE_URL')
    .option('--model <name>', "the model's name there")
    .addOption(
      new Option(
        '--local <model>',
        'a model on this machine in place of an endpoint: a Hugging Face folder, a GGUF file or a name on the hub',
      ).conflicts(['endpoint', 'model']),
    )
    .option('--max-concurrency <n>', 'most requests under way at once', '64')
    .option('--timeout <seconds>', 'longest wait for one whole answer of an endpoint', '180')
    .option('--price-input <amount>', 'price of a million prompt tokens')
    .option('--price-output <amount>', 'price of a million answer tokens')
    .option('--max-cost <amount>', 'most to spend; needs the prices')
    .option('--max-tokens <n>', 'most tokens to spend, prompts and answers together');
}

/** A local model answers so many requests side by side; more would need more memory than they save time. */
const LOCAL_BATCH = 4;

/** The client, made at the first call of `get`, so that offline work needs no endpoint; a local model is opened by `open`. */
export class ChatClient {
  #client: ChatEndpoint | LocalChat | undefined;
  #scorer: SurprisalScorer | undefined;
  #local: LoadedModel | undefined;
  #device: Device = 'cpu';

  constructor(
    readonly options: ChatClientOptions,
    readonly journal: SpendJournal,
  ) {}

  /** Opens the local model where one is named, fetching it from the hub if need be. Throws UserError. */
  async open(): Promise<void> {
    const { local, device } = this.options;
    if (local === undefined && device !== undefined)
      throw new UserError('--device is for a model on this machine: name one with --local, or leave it out');
    if (local === undefined || this.#local !== undefined) return;
    this.#device = await deviceFor(device);
    this.#local = await openModel(local);
  }

  /** Throws UserError where no model is named. */
  get(): ChatEndpoint | LocalChat {
    return (this.#client ??= this.#local === undefined ? this.#endpoint() : this.#localChat(this.#local));
  }

  get made(): ChatEndpoint | LocalChat | undefined {
    return this.#client;
  }

  /** Whether a model is named at all. */
  get isNamed(): boolean {
    return this.options.model !== undefined || this.options.local !== undefined;
  }

  /** Whether the model runs in this process: its speed is seen as it works. */
  get isOurs(): boolean {
    return this.#local !== undefined;
  }

  /** Whether the model runs on this machine, where nothing is charged. */
  get isLocal(): boolean {
    const client = this.get();
    if (client instanceof LocalChat) return true;
    const identity = client.identity as { baseUrl: string };
    return isLoopback(new URL(identity.baseUrl).hostname);
  }

  /** The local model as a judge of what is to be expected. Throws UserError where none is named. */
  scorer(): SurprisalScorer {
    if (this.#local === undefined)
      throw new UserError(
        'no model tells what is to be expected: name one with --local, a folder, a GGUF file or a hub name',
      );
    return (this.#scorer ??= new SurprisalScorer(this.#local, onnxRuntimeEngine({ device: this.#device })));
  }

  /** Waits until all answers are safe on the disk, and frees what is loaded. */
  async close(): Promise<void> {
    await this.#client?.drain();
    if (this.#client instanceof LocalChat) await this.#client.dispose();
    await this.#scorer?.dispose();
  }

  #localChat(model: LoadedModel): LocalChat {
    const batch = Math.min(LOCAL_BATCH, parseCount('max-concurrency', this.options.maxConcurrency));
    const engine = onnxRuntimeEngine({ device: this.#device });
    return new LocalChat({ model, engine, batch, spend: this.#spend(model.name) });
  }

  #endpoint(): ChatEndpoint {
    const { endpoint, model, maxConcurrency, timeout } = this.options;
    if (model === undefined)
      throw new UserError(
        'no model is named: give --model NAME for an endpoint, --local MODEL for one on this machine, or an offline method such as --method select',
      );
    const price = priceOf(this.options);
    const settings = endpointSettings({
      model,
      ...(endpoint !== undefined && { baseUrl: endpoint }),
      ...(price && { price }),
      maxConcurrency: parseCount('max-concurrency', maxConcurrency),
      timeoutMs: 1000 * parseAmount('timeout', timeout),
    });
    return new ChatEndpoint(settings, { spend: this.#spend(model) });
  }

  #spend(model: string): Spend {
    const price = priceOf(this.options);
    const note = (sent: SentRequest): void => this.journal.append({ date: new Date().toISOString(), model, ...sent });
    return new Spend(price, limitsOf(this.options, price), note);
  }
}

function priceOf({ priceInput, priceOutput }: ChatClientOptions): Price | undefined {
  if (priceInput === undefined && priceOutput === undefined) return undefined;
  return {
    inputPerMillion: parseAmount('price-input', priceInput ?? '0'),
    outputPerMillion: parseAmount('price-output', priceOutput ?? '0'),
  };
}

function limitsOf(
  { maxCost, maxTokens }: ChatClientOptions,
  price: Price | undefined,
): { maxCost?: number; maxTokens?: number } {
  if (maxCost !== undefined && price === undefined) {
    throw new UserError('--max-cost needs prices: give --price-input and --price-output, or use --max-tokens');
  }
  return {
    ...(maxCost !== undefined && { maxCost: parseAmount('max-cost', maxCost) }),
    ...(maxTokens !== undefined && { maxTokens: parseCount('max-tokens', maxTokens) }),
  };
}

function parseAmount(option: string, value: string): number {
  const amount = Number(value);
  if (value.trim() !== '' && Number.isFinite(amount) && amount >= 0) return amount;
  throw new UserError(`invalid --${option} "${value}": use a number, 0 or more`);
}
