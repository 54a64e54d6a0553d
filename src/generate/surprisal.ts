/** How much each token of a text surprises a model: −ln p of the token given those before it. */
import { float32, floatsOf, type Engine, type Program, type Tensor } from '../engine/engine.js';
import type { JsonObject } from '../core/json.js';
import { lossGraph } from '../models/graph/decoder.js';
import type { LoadedModel, Tokenizer } from '../models/model.js';
import type { PackedRow } from '../models/graph/packing.js';
import { ropeTables } from '../models/graph/rope.js';
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
  #ready: Promise<{ program: Program; weights: Record<string, Tensor> }> | undefined;

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

  /** −ln p of each token given those before it in its sequence, in nats, one row per sequence; the first is judged as a text's beginning. */
  async surprisal(sequences: readonly (readonly number[])[]): Promise<number[][]> {
    const rows: number[][] = [];
    for (const sequence of sequences) rows.push(sequence.length === 0 ? [] : await this.#of(sequence));
    return rows;
  }

  async dispose(): Promise<void> {
    await (await this.#ready)?.program.dispose();
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
      targets: sequence.map((token, at) => ({ at, token, weight: 1, sample: 0 })),
      samples: [''],
    };
    const result = await program.run({ ...weights, ...batchTensors([row], 1, {}, this.#model.config) });
    return [...floatsOf(result, 'losses')];
  }

  async #prepare(): Promise<{ program: Program; weights: Record<string, Tensor> }> {
    const { config, weights: source } = this.#model;
    const { graph, parameters } = lossGraph(config, { kind: 'none' });
    const weights: Record<string, Tensor> = {};
    for (const { name, shape } of parameters) weights[name] = float32(shape, source.read(name));
    const { cos, sin } = ropeTables(config, this.maxTokens + 1);
    weights['cos'] = float32([this.maxTokens + 1, config.headDim / 2], cos);
    weights['sin'] = float32([this.maxTokens + 1, config.headDim / 2], sin);
    return { program: await this.#engine.compile(graph), weights };
  }
}
