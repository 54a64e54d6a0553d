/** The models that texts are made with, opened when they are first needed: one that answers, and one that tells what is to be expected. */
import { UserError } from '../core/errors.js';
import type { Device } from '../core/settings.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { ChatEndpoint } from '../llm/endpoint.js';
import { isLoopback } from '../llm/protocol/transport.js';
import { endpointSettings } from '../llm/settings.js';
import type { SpendJournal } from '../llm/spend/spend-journal.js';
import { Spend, type Price, type SentRequest, type SpendLimits } from '../llm/spend/spend.js';
import type { LoadedModel } from '../models/model.js';
import { LocalChat } from './chat.js';
import { SurprisalScorer } from './surprisal.js';

export interface TextModelSettings {
  /** A model behind an endpoint, by its name there; it answers where one is named. */
  readonly model?: string;
  /** OpenAI-compatible address; default LIGHTMEM_BASE_URL or OPENAI_BASE_URL. */
  readonly endpoint?: string;
  /** Tells the endpoint from another one at the same address under the same model name. */
  readonly endpointName?: string;
  /** Whether replies are kept in the cache, and looked up there; default yes. */
  readonly cache?: boolean;
  /** A model on this machine: it tells what is to be expected, and answers where no other is named. */
  readonly local?: LoadedModel;
  /** Tells what is to be expected where no local model is named; default nobody. */
  readonly base?: LoadedModel;
  /** What computes the local model; default `cpu`. */
  readonly device?: Device;
  /** Most requests under way at once; default 64. */
  readonly maxConcurrency?: number;
  /** Longest wait for one whole answer of an endpoint; default 180,000. */
  readonly timeoutMs?: number;
  readonly price?: Price;
  readonly limits?: SpendLimits;
  /** Keeps every request that was sent. */
  readonly journal?: SpendJournal;
  /** What to say where a model is asked for that nobody named. */
  readonly hint?: { readonly chat: string; readonly local: string };
}

/** A local model answers so many requests side by side; more would need more memory than they save time. */
const LOCAL_BATCH = 4;

export class TextModels {
  #chat: ChatEndpoint | LocalChat | undefined;
  #scorer: SurprisalScorer | undefined;

  constructor(readonly settings: TextModelSettings) {}

  /** Whether a model that answers is named. */
  get hasChat(): boolean {
    return this.settings.model !== undefined || this.settings.local !== undefined;
  }

  /** The model that answers. Throws UserError where none is named, or its address or key is missing. */
  chat(): ChatEndpoint | LocalChat {
    const { model, local } = this.settings;
    if (this.#chat === undefined) {
      if (model !== undefined) this.#chat = this.#endpoint(model);
      else if (local !== undefined) this.#chat = this.#localChat(local);
      else
        throw new UserError(
          `no model is named: ${this.settings.hint?.chat ?? 'name one, or a method that needs none'}`,
        );
    }
    return this.#chat;
  }

  /** The model that answers, where it was asked for already. */
  get opened(): ChatEndpoint | LocalChat | undefined {
    return this.#chat;
  }

  /** Whether the model that answers runs in this process: its speed is seen as it works. */
  get isOurs(): boolean {
    return this.settings.model === undefined && this.settings.local !== undefined;
  }

  /** Whether it runs on this machine, where nothing is charged. Throws UserError where none is named. */
  get isFree(): boolean {
    const { identity } = this.chat();
    return this.isOurs || isLoopback(new URL((identity as { baseUrl: string }).baseUrl).hostname);
  }

  /** The local model as a judge of what is to be expected. Throws UserError where none is named. */
  surprisal(): SurprisalScorer {
    const { local, base, hint } = this.settings;
    const model = local ?? base;
    if (model === undefined)
      throw new UserError(
        `no model tells what is to be expected: ${hint?.local ?? 'name one on this machine'}, a folder, a GGUF file or a hub name`,
      );
    return (this.#scorer ??= new SurprisalScorer(model, this.#engine()));
  }

  /** Waits until all answers are safe on the disk, and frees what is loaded. */
  async close(): Promise<void> {
    await this.#chat?.drain();
    if (this.#chat instanceof LocalChat) await this.#chat.dispose();
    await this.#scorer?.dispose();
  }

  #engine() {
    return onnxRuntimeEngine({ device: this.settings.device ?? 'cpu' });
  }

  #localChat(model: LoadedModel): LocalChat {
    const batch = Math.min(LOCAL_BATCH, this.settings.maxConcurrency ?? LOCAL_BATCH);
    const { cache = true } = this.settings;
    return new LocalChat({
      ...{ model, engine: this.#engine(), batch, spend: this.#spend(model.name) },
      ...(!cache && { cacheFolder: null }),
    });
  }

  #endpoint(model: string): ChatEndpoint {
    const { endpoint, endpointName, cache = true, price, maxConcurrency, timeoutMs } = this.settings;
    const settings = endpointSettings({
      model,
      ...(endpoint !== undefined && { baseUrl: endpoint }),
      ...(endpointName !== undefined && { endpointName }),
      ...(!cache && { cacheFolder: null }),
      ...(price !== undefined && { price }),
      ...(maxConcurrency !== undefined && { maxConcurrency }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    return new ChatEndpoint(settings, { spend: this.#spend(model) });
  }

  #spend(model: string): Spend {
    const { price, limits, journal } = this.settings;
    const note = (sent: SentRequest): void => journal?.append({ date: new Date().toISOString(), model, ...sent });
    return new Spend(price, limits, note);
  }
}
