/** The models that a study's texts, questions and rewrites are asked of, as `compress` names them, with all that is spent on them. */
import { spendText, type SpendForecast } from '../compress/spend-forecast.js';
import { UserError } from '../core/errors.js';
import type { Device } from '../core/settings.js';
import { TextModels } from '../generate/text-models.js';
import { SpendJournal } from '../llm/spend/spend-journal.js';
import { loadModel } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import type { StudyConfig } from './config.js';

/** Who agrees to what is spent: false declines; default: large spends are refused with what they come to. */
export type Agree = (forecast: SpendForecast) => boolean | Promise<boolean>;

export interface AskedModelsRequest {
  readonly config: StudyConfig & { readonly device: Device };
  /** The study's model, where it is on this machine: it says what is to be expected unless another is named. */
  readonly base: LoadedModel | undefined;
  /** Path of the file that keeps what is spent. */
  readonly journal: string;
}

/** One purse and one connection for all that is asked before a study begins. */
export class AskedModels {
  readonly journal: SpendJournal;
  #opened: TextModels | undefined;

  constructor(readonly request: AskedModelsRequest) {
    this.journal = new SpendJournal(request.journal, request.config.name);
  }

  /** Opened when it is first asked for. Throws UserError. */
  open(): TextModels {
    return (this.#opened ??= opened(this.request, this.journal));
  }

  /** Waits until all answers are safe on the disk, and frees what is loaded. */
  async close(): Promise<void> {
    await this.#opened?.close();
  }
}

/** Throws UserError where a spend is declined, or large and nobody is asked. */
export async function agreeTo(forecast: SpendForecast, agree: Agree | undefined): Promise<void> {
  if (agree === undefined && forecast.isLarge) throw new UserError(`${spendText(forecast)}: nobody agreed to this`);
  if (agree !== undefined && !(await agree(forecast))) throw new UserError('no texts were made, so nothing was begun');
}

const HINT = {
  chat: 'say compress: { model: NAME, endpoint: URL } or compress: { local: MODEL } in the study file',
  local: 'say compress: { local: MODEL } in the study file',
};

/** Whom the study file names. Throws UserError. */
function opened({ config: { compress, device }, base }: AskedModelsRequest, journal: SpendJournal): TextModels {
  const { model, endpoint, endpointName, cache, local, maxConcurrency, timeoutSeconds, maxCost, maxTokens } = compress;
  const { priceInput, priceOutput } = compress;
  const isPriced = priceInput !== undefined || priceOutput !== undefined;
  return new TextModels({
    ...{ device, maxConcurrency, timeoutMs: 1000 * timeoutSeconds, journal, hint: HINT },
    ...(model !== undefined && { model }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpointName !== undefined && { endpointName }),
    ...(cache !== undefined && { cache }),
    ...(local !== undefined && { local: loadModel(local) }),
    ...(base !== undefined && { base }),
    ...(isPriced && { price: { inputPerMillion: priceInput ?? 0, outputPerMillion: priceOutput ?? 0 } }),
    limits: { ...(maxCost !== undefined && { maxCost }), ...(maxTokens !== undefined && { maxTokens }) },
  });
}
