/** Steps taken by PyTorch, Transformers and PEFT in a Python process: rows, labels, rates and the adapter's start are lightmem's. */
import { join } from 'node:path';
import { z } from 'zod';
import type { TrainSettings } from '../core/settings.js';
import { removeQuietly, scratchPath } from '../files/scratch.js';
import { makeFolder } from '../files/flush.js';
import { writeAdapter } from '../models/adapter/adapter.js';
import { openSafetensors, writeSafetensors } from '../models/formats/safetensors.js';
import type { PackedRow } from '../models/graph/packing.js';
import type { LoadedModel } from '../models/model.js';
import { loraParameters, type ParameterDescription } from '../models/modules.js';
import { peftSession, type PeftSession } from '../peft/peft-session.js';
import { checkQuantisation, type PeftSettings } from '../peft/settings.js';
import { tokensOf, type Batch } from './batches.js';
import { loraTensors } from './lora-tensors.js';
import { MOMENTS, type StepResult, type StepTrainer, type TrainerState, type Weights } from './step-trainer.js';
import { loraStart } from './trainer.js';

/** A number, or what is not finite as Python writes it. */
const float = z.union([z.number(), z.enum(['nan', 'inf', '-inf']).transform(() => NaN)]);
const taken = z.object({ loss: float, gradientNorm: float });
const measured = z.object({ loss: float });
const memory = z.object({ bytes: z.number() });

/** What PyTorch trains, and where. */
export interface PeftTrainerOptions {
  readonly model: Pick<LoadedModel, 'path' | 'config'>;
  readonly settings: TrainSettings;
  readonly peft: PeftSettings;
  /** Interpreter of the user's; default as `pythonCommand` finds one. */
  readonly python?: string;
  readonly threads?: number;
  /** Folder for what is handed over in files, which are removed again. */
  readonly folder: string;
}

/** A row as the Python process reads it. */
const rowOf = ({ ids, positions, branch, targets }: PackedRow) => ({
  ...{ ids, positions, branch },
  at: targets.map(({ at }) => at),
  labels: targets.map(({ tokens }) => tokens),
  weights: targets.map(({ weights }) => weights),
});

const requestOf = (batches: readonly Batch[]) => batches.map((batch) => batch.map(rowOf));

/** An adapter in a Python process, and its optimiser. */
export class PeftTrainer implements StepTrainer {
  #steps = 0;

  private constructor(
    readonly session: PeftSession,
    readonly parameters: readonly ParameterDescription[],
    readonly folder: string,
  ) {}

  /** Starts from the very adapter that lightmem's own engine starts from. Throws UserError where Python or its packages are missing. */
  static async create({ model, settings, peft, python, threads, folder }: PeftTrainerOptions): Promise<PeftTrainer> {
    const { lora, seed, quantisation, betas, epsilon, weightDecay, gradientCheckpointing = false } = settings;
    checkQuantisation(quantisation, peft);
    const place = { ...(python !== undefined && { python }), ...(threads !== undefined && { threads }) };
    const session = await peftSession({ model: model.path, quantisation, settings: peft, ...place });
    const parameters = loraParameters(model.config, lora);
    const start = new Map(parameters.map((each) => [each.name, loraStart(each, seed)]));
    makeFolder(folder);
    await handedOver(folder, async (path) => {
      writeAdapter(path, {
        ...{ lora, tensors: loraTensors(parameters, start), baseModel: model.path, untrained: true },
      });
      await session.adapter(path, true);
    });
    await session.ask({ do: 'train', seed, betas: [...betas], epsilon, weightDecay, gradientCheckpointing });
    return new PeftTrainer(session, parameters, folder);
  }

  get steps(): number {
    return this.#steps;
  }

  async step(batches: readonly Batch[], learningRate: number, clipNorm: number): Promise<StepResult> {
    const request = { do: 'step', step: this.#steps, batches: requestOf(batches), learningRate, clipNorm };
    const { loss, gradientNorm } = await this.session.ask(request, taken);
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) this.#steps++;
    return { loss, gradientNorm, tokens: tokensOf(batches.flat()), losses: [] };
  }

  async evaluate(batches: readonly Batch[]): Promise<number> {
    return (await this.session.ask({ do: 'evaluate', batches: requestOf(batches) }, measured)).loss;
  }

  async weights(): Promise<Weights> {
    return (await this.#read(false)).values;
  }

  state(): Promise<TrainerState> {
    return this.#read(true);
  }

  async restore({ values, first, second }: TrainerState, steps: number): Promise<void> {
    const flat = (weights: Weights, suffix: string) =>
      [...weights].map(([name, data]) => ({ name: `${name}${suffix}`, shape: [data.length], data }));
    const tensors = [...flat(values, ''), ...flat(first, MOMENTS.first), ...flat(second, MOMENTS.second)];
    await handedOver(this.folder, async (path) => {
      writeSafetensors(path, tensors);
      await this.session.ask({ do: 'restore', path, steps });
    });
    this.#steps = steps;
  }

  async peakMemoryBytes(): Promise<number> {
    return (await this.session.ask({ do: 'memory' }, memory)).bytes;
  }

  /** The session stays open, for the next run of the same base. */
  dispose(): Promise<void> {
    return Promise.resolve();
  }

  async #read(moments: boolean): Promise<TrainerState> {
    return handedOver(this.folder, async (path) => {
      await this.session.ask({ do: 'save', path, moments });
      const file = openSafetensors(path);
      const read = (suffix: string): Weights =>
        new Map(this.parameters.map(({ name }) => [name, file.read(`${name}${suffix}`)]));
      const none: Weights = new Map();
      return {
        values: read(''),
        first: moments ? read(MOMENTS.first) : none,
        second: moments ? read(MOMENTS.second) : none,
      };
    });
  }
}

/** What is done with a path under which something is handed over; it is gone afterwards. */
async function handedOver<T>(folder: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = scratchPath(join(folder, 'handed-over'));
  try {
    return await use(path);
  } finally {
    removeQuietly(path);
  }
}
