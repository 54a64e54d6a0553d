/** How much each token of a text surprises a model: −ln p of the token given those before it. */
import { floatsOf, type Engine, type Held, type Program } from '../engine/engine.js';
import type { JsonObject } from '../core/json.js';
import { lossGraph } from '../models/graph/training-graph.js';
import type { LoadedModel, Tokenizer } from '../models/model.js';
import { modelTensors } from '../models/graph/model-tensors.js';
import { hardLabel, type PackedRow } from '../models/graph/packing.js';
import { batchTensors } from '../models/graph/row-tensors.js';

/** Longest sequence computed at once, and most logits of it (tokens × vocabulary) held in memory. */
const MOST_TOKENS = 1024;
const MOST_LOGITS = 1 << 26;
const LEAST_TOKENS = 64;

/** A model as a judge of what is to be expected; it is compiled at the first question. */
export class SurprisalScorer {
  readonly identity: JsonObject;
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Longest sequence it takes, in tokens. */
  readonly maxTokens: number;
  readonly #model: LoadedModel;
  readonly #engine: Engine;
  /** What stands before every sequence, so that its first token is judged too. */
  readonly #start: number;
  #ready: Promise<{ program: Program; weights: Held }> | undefined;

  constructor(model: LoadedModel, engine: Engine) {
    const { bosTokenId, eosTokenIds, maxPositions, vocabSize } = model.config;
    this.#model = model;
    this.#engine = engine;
    this.#start = bosTokenId ?? eosTokenIds[0] ?? 0;
    this.name = model.name;
    this.tokenizer = model.tokenizer;
    const affordable = Math.max(LEAST_TOKENS, Math.floor(MOST_LOGITS / vocabSize));
    this.maxTokens = Math.min(MOST_TOKENS, affordable, maxPositions - 1);
    this.identity = { kind: 'local', model: model.identity, engine: engine.name };
  }

  /** −ln p of each token given those before it in its sequence, in nats, a row per sequence; the first is judged as a text's beginning. */
  async surprisal(sequences: readonly (readonly number[])[]): Promise<number[][]> {
    const rows: number[][] = [];
    for (const sequence of sequences) rows.push(sequence.length === 0 ? [] : await this.#of(sequence));
    return rows;
  }

  async dispose(): Promise<void> {
    const ready = await this.#ready;
    await ready?.program.dispose();
    await ready?.weights.release();
  }

  async #of(sequence: readonly number[]): Promise<number[]> {
    if (sequence.length > this.maxTokens)
      throw new RangeError(`${sequence.length} tokens are too many at once: at most ${this.maxTokens}`);
    const { program, weights } = await (this.#ready ??= this.#prepare());
    const fed = [this.#start, ...sequence.slice(0, -1)];
    const row: PackedRow = {
      ids: fed,
      positions: fed.map((_, i) => i),
      branch: fed.map(() => 0),
      targets: sequence.map((token, at) => ({ at, sample: 0, ...hardLabel(token) })),
      samples: [''],
    };
    const tensors = batchTensors([row], { totalWeight: 1, heads: this.#model.config });
    const result = await program.run({ ...weights.tensors, ...tensors });
    return [...floatsOf(result, 'losses')];
  }

  async #prepare(): Promise<{ program: Program; weights: Held }> {
    const { config, weights: source } = this.#model;
    const { graph, parameters } = lossGraph({ config, training: { kind: 'none' } });
    const weights = modelTensors(config, parameters, ({ name }) => source.read(name), this.maxTokens + 1);
    return { program: await this.#engine.compile(graph), weights: await this.#engine.hold(weights) };
  }
}
