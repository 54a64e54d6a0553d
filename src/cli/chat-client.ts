/** The options that choose the model which a command asks, and limit its use. */
import { Option, type Command } from 'commander';
import { UserError } from '../core/errors.js';
import type { JudgeChoice } from '../evaluate/judges/open-judge.js';
import { needsModel } from '../evaluate/judges/registry.js';
import { TextModels } from '../generate/text-models.js';
import type { SpendJournal } from '../llm/spend/spend-journal.js';
import type { Price } from '../llm/spend/spend.js';
import { parseCount } from './data-options.js';
import { addDeviceOption, deviceFor } from './device.js';
import { openModel } from './open-model.js';

/** What an endpoint is called, and whether its replies are kept. */
export interface EndpointOptions {
  readonly endpoint?: string;
  readonly endpointName?: string;
  readonly cache: boolean;
}

/** Prices and limits. */
export interface SpendOptions {
  readonly priceInput?: string;
  readonly priceOutput?: string;
  readonly maxCost?: string;
  readonly maxTokens?: string;
}

export interface ChatClientOptions extends EndpointOptions, SpendOptions {
  readonly model?: string;
  readonly local?: string;
  readonly device?: string;
  readonly maxConcurrency: string;
  readonly timeout: string;
}

/** Adds the options that name an endpoint. */
export function addEndpointOptions(command: Command): Command {
  return command
    .option('--endpoint <url>', 'OpenAI-compatible address; default LIGHTMEM_BASE_URL or OPENAI_BASE_URL')
    .option('--endpoint-name <name>', 'tells it from another one at that address under the same model name')
    .option('--no-cache', 'keep no replies and look none up (see lightmem cache)');
}

/** Adds the options that tell prices and limit what is spent. */
export function addSpendOptions(command: Command): Command {
  return command
    .option('--price-input <amount>', 'price of a million prompt tokens')
    .option('--price-output <amount>', 'price of a million answer tokens')
    .option('--max-cost <amount>', 'most to spend; needs the prices')
    .option('--max-tokens <n>', 'most tokens to spend, prompts and answers together');
}

/** A judge as options choose it. Throws UserError. */
export function judgeChoice(name: string, options: EndpointOptions & SpendOptions & { model?: string }): JudgeChoice {
  const { model, endpoint, endpointName, cache } = options;
  if (!needsModel(name)) return { name };
  const price = priceOf(options);
  return {
    name,
    ...(model !== undefined && { model }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpointName !== undefined && { endpointName }),
    ...(!cache && { cache }),
    ...(price && { priceInput: price.inputPerMillion, priceOutput: price.outputPerMillion }),
    ...limitsOf(options, price),
  };
}

/** Adds the options that choose a model and limit its use. */
export function addChatClientOptions(command: Command): void {
  addEndpointOptions(addDeviceOption(command))
    .option('--model <name>', "the model's name there")
    .addOption(
      new Option(
        '--local <model>',
        'a model on this machine in place of an endpoint: a Hugging Face folder, a GGUF file or a name on the hub',
      ).conflicts(['endpoint', 'model']),
    )
    .option('--max-concurrency <n>', 'most requests under way at once', '64')
    .option('--timeout <seconds>', 'longest wait for one whole answer of an endpoint', '180');
  addSpendOptions(command);
}

/** The models that the options name; a local one is opened, and fetched from the hub if need be. Throws UserError. */
export async function openTextModels(options: ChatClientOptions, journal: SpendJournal): Promise<TextModels> {
  const { local, device, model, endpoint, endpointName, cache } = options;
  if (local === undefined && device !== undefined)
    throw new UserError('--device is for a model on this machine: name one with --local, or leave it out');
  const price = priceOf(options);
  return new TextModels({
    ...(model !== undefined && { model }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpointName !== undefined && { endpointName }),
    cache,
    ...(local !== undefined && { device: await deviceFor(device), local: await openModel(local) }),
    maxConcurrency: parseCount('max-concurrency', options.maxConcurrency),
    timeoutMs: 1000 * parseAmount('timeout', options.timeout),
    ...(price && { price }),
    limits: limitsOf(options, price),
    journal,
    hint: HINT,
  });
}

const HINT = {
  chat: 'give --model NAME for an endpoint, --local MODEL for one on this machine, or an offline method such as --method select',
  local: 'name one with --local',
};

function priceOf({ priceInput, priceOutput }: SpendOptions): Price | undefined {
  if (priceInput === undefined && priceOutput === undefined) return undefined;
  return {
    inputPerMillion: parseAmount('price-input', priceInput ?? '0'),
    outputPerMillion: parseAmount('price-output', priceOutput ?? '0'),
  };
}

function limitsOf(
  { maxCost, maxTokens }: SpendOptions,
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
