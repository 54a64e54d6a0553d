/** A teacher for distillation: the frozen base with a text in its prompt, and what it says in the place of every token of given answers. */
import { UserError } from '../core/errors.js';
import { floatsOf, type Engine, type Held, type Program } from '../engine/engine.js';
import { modelTensors } from '../models/graph/model-tensors.js';
import { chunksFor } from '../models/graph/packed-attention.js';
import {
  packWithin,
  sharedPrefix,
  type Packable,
  type PackedRow,
  type TeacherAnswer,
} from '../models/graph/packing.js';
import { batchTensors } from '../models/graph/row-tensors.js';
import { probabilityGraph } from '../models/graph/training-graph.js';
import type { LoadedModel } from '../models/model.js';
import { mostProbable, type Place } from './most-probable.js';

/** Most tokens behind a shared context in one run, and most probabilities (tokens × vocabulary) held in memory. */
const ROW_TOKENS = 1024;
const MOST_PROBABILITIES = 1 << 26;
const LEAST_TOKENS = 64;

/** How much of a teacher is kept. */
export interface TeacherSettings {
  /** Tokens kept in every place, the most probable ones; 1 up to the vocabulary, default 16. */
  readonly k: number;
  /** What logits are divided by: above 1 the less probable tokens count more; default 1. */
  readonly temperature: number;
}

const DEFAULTS: TeacherSettings = { k: 16, temperature: 1 };

/** Settings with the defaults. Throws UserError where they are no settings of a teacher. */
export function teacherSettings({ k, temperature }: Partial<TeacherSettings>): TeacherSettings {
  const settings = { k: k ?? DEFAULTS.k, temperature: temperature ?? DEFAULTS.temperature };
  if (!Number.isInteger(settings.k) || settings.k < 1)
    throw new UserError(`invalid k "${settings.k}" of a teacher: use an integer from 1 on`);
  if (!(settings.temperature > 0 && settings.temperature < Infinity))
    throw new UserError(`invalid temperature "${settings.temperature}" of a teacher: use a number above 0`);
  return settings;
}

/** What a teacher is made of. */
export interface TeacherOptions {
  readonly model: LoadedModel;
  readonly engine: Engine;
  readonly settings: TeacherSettings;
  /** The longest prompt in tokens. */
  readonly limit: number;
}

/** A base model as a teacher; it is compiled at the first question. */
export class Teacher {
  readonly #options: TeacherOptions;
  /** Tokens of a row behind those that its samples share. */
  readonly #room: number;
  #ready: Promise<{ program: Program; weights: Held }> | undefined;

  constructor(options: TeacherOptions) {
    this.#options = options;
    const affordable = Math.floor(MOST_PROBABILITIES / options.model.config.vocabSize);
    this.#room = Math.max(LEAST_TOKENS, Math.min(ROW_TOKENS, affordable));
  }

  /**
   * What the teacher says in the place of every answer token of samples, in their order. What their prompts begin with alike is computed
   * once (a row holds a thousand tokens behind it), so give those of one text together. The same samples give the same bits.
   */
  async answers(samples: readonly Packable[], signal?: AbortSignal): Promise<TeacherAnswer[]> {
    const rows = packWithin(samples, sharedPrefix(samples.map(({ prompt }) => prompt)) + this.#room);
    const places: Place[] = [];
    for (const row of rows) {
      signal?.throwIfAborted();
      places.push(...(await this.#places(row)));
    }
    let first = 0;
    return samples.map(({ answer }) => {
      const own = places.slice(first, (first += answer.length));
      return { labels: own.map(({ labels }) => labels), missing: own.map(({ missing }) => missing) };
    });
  }

  async dispose(): Promise<void> {
    const ready = await this.#ready;
    await ready?.program.dispose();
    await ready?.weights.release();
  }

  /** The places of a row's targets, in their order. */
  async #places(row: PackedRow): Promise<Place[]> {
    const { program, weights } = await (this.#ready ??= this.#prepare());
    const { model, limit, settings } = this.#options;
    const tensors = batchTensors([row], { totalWeight: 1, heads: model.config, chunks: chunksFor(limit) });
    const probabilities = floatsOf(await program.run({ ...weights.tensors, ...tensors }), 'probabilities');
    const { vocabSize } = model.config;
    return row.targets.map((_, i) =>
      mostProbable(probabilities.subarray(i * vocabSize, (i + 1) * vocabSize), settings.k),
    );
  }

  async #prepare(): Promise<{ program: Program; weights: Held }> {
    const { model, engine, settings, limit } = this.#options;
    const { config, weights: source } = model;
    const { temperature } = settings;
    const { graph, parameters } = probabilityGraph({ config, temperature, chunks: chunksFor(limit) });
    const weights = modelTensors(config, parameters, ({ name }) => source.read(name), config.maxPositions);
    return { program: await engine.compile(graph), weights: await engine.hold(weights) };
  }
}
