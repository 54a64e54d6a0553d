/** The largest models that can be trained on this machine, in each way of holding the base, and how fast. */
import type { Device, Quantisation } from '../core/settings.js';
import { readModelConfig } from '../models/formats/hub-config.js';
import { BUNDLED, bundledModelPath } from '../models/load.js';
import type { ModelConfig } from '../models/model.js';
import type { Precision } from '../peft/settings.js';
import { gpuTokensPerSecond, trainedTokensPerSecond } from '../study/estimate.js';
import { KNOWN_MODELS, type KnownModel } from '../study/known-models.js';
import { gpuMemory, questionsMemory, quantisedTrainingMemory, type MemorySettings } from '../study/run-memory.js';
import { bytesText } from '../text/bytes.js';
import { missing, ok, type Finding } from './finding.js';

/** A study's usual batches. */
const USUAL: MemorySettings = { batchTokens: 1024, maxLength: 1024, lora: { rank: 16 } };
const CHECKPOINTED: MemorySettings = { ...USUAL, gradientCheckpointing: true };

/**
 * Operations that the estimate counts for each one of the product that was measured: training does 4 a weight where it counts 6, at
 * four fifths of the product's speed (docs/log.md).
 */
const OPERATIONS = 1.2;
/** Speed with layers computed again, and with weights made of their codes each time, as shares (docs/training.md, docs/log.md). */
const AGAIN = 3 / 4;
const DECODED = 0.88;

/** What trains, on which device, with so many bytes free there. */
export type Place = { readonly freeBytes: number } & (
  | {
      readonly engine: 'lightmem';
      readonly device: Extract<Device, 'cpu' | 'cuda'>;
      /** Of the product that was measured; null where it tells no speed. */
      readonly gigaflops: number | null;
    }
  | { readonly engine: 'peft'; readonly device: 'cuda'; readonly precision: Precision; readonly quantises: boolean }
);

/** A way of training: what the base is held in, what it takes, how many tokens a second it trains on. */
interface Way {
  readonly base: Precision | Exclude<Quantisation, 'none'>;
  readonly gradientCheckpointing: boolean;
  /** Whether the same room is enough to ask the adapter afterwards. */
  readonly asks: boolean;
  readonly bytes: (config: ModelConfig) => number;
  readonly speed: (config: ModelConfig) => number | null;
}

const WAYS = [
  { isQuantised: false, gradientCheckpointing: false, share: 1 },
  { isQuantised: false, gradientCheckpointing: true, share: AGAIN },
  { isQuantised: true, gradientCheckpointing: true, share: AGAIN * DECODED },
] as const;

function waysOf(place: Place): Way[] {
  return WAYS.flatMap(({ isQuantised, gradientCheckpointing, share }) => {
    const settings = gradientCheckpointing ? CHECKPOINTED : USUAL;
    if (place.engine === 'peft') {
      const { precision, quantises } = place;
      if (isQuantised && !quantises) return [];
      const quantisation = isQuantised ? 'nf4' : 'none';
      return {
        ...{ base: isQuantised ? 'nf4' : precision, gradientCheckpointing, asks: true },
        bytes: (config) => gpuMemory(settings, config, { precision, quantisation }),
        speed: (config) => share * gpuTokensPerSecond(config, precision, settings.batchTokens),
      };
    }
    const { gigaflops } = place;
    return {
      ...{ base: isQuantised ? 'nf4' : 'f32', gradientCheckpointing, asks: !isQuantised },
      bytes: (config) =>
        isQuantised ? quantisedTrainingMemory(settings, config, 'nf4') : questionsMemory(settings, config),
      speed: (config) =>
        gigaflops === null ? null : share * trainedTokensPerSecond(config, OPERATIONS * gigaflops * 1e9),
    };
  });
}

/** What a way of training has room for. */
export type LargestModel = {
  readonly engine: Place['engine'];
  readonly device: Device;
  /** What the frozen base is held in. */
  readonly base: Way['base'];
  readonly gradientCheckpointing: boolean;
  /** Whether the same room is enough to ask the adapter afterwards, as studies do. */
  readonly asks: boolean;
  /** Null where none has room. */
  readonly model: string | null;
  readonly memoryBytes: number | null;
  /** Tokens of questions with their texts, shared ones counted once; null where the speed is not known. */
  readonly tokensPerSecond: number | null;
};

export type TrainingFacts = { readonly largest: readonly LargestModel[] };

/** From the smallest to the largest, the bundled one first. */
export function models(): KnownModel[] {
  return [{ name: BUNDLED, config: readModelConfig(bundledModelPath()) }, ...KNOWN_MODELS];
}

/** Bytes that the smallest training takes, asking included. */
export const leastMemory = (): number => Math.min(...models().map(({ config }) => questionsMemory(USUAL, config)));

/** What can be trained in each place, the first of them being the processor. */
export function trainingFinding(processor: Place, ...others: readonly Place[]): Finding<TrainingFacts> {
  const all = models();
  const largest = [processor, ...others].flatMap((place) => waysOf(place).map((way) => largestOf(way, all, place)));
  const facts = { largest };
  const [plain] = largest;
  const { freeBytes } = processor;
  if (plain === undefined || plain.model === null) {
    const mend = `free memory: the smallest training takes ${bytesText(leastMemory())}`;
    return missing('training', `no model has room in ${bytesText(freeBytes)}`, { facts, mend });
  }
  return ok('training', `on the processor up to ${plain.model} in f32, asked afterwards`, facts);
}

function largestOf(way: Way, all: readonly KnownModel[], { engine, device, freeBytes }: Place): LargestModel {
  const { base, gradientCheckpointing, asks, bytes, speed } = way;
  const found = all.findLast(({ config }) => bytes(config) <= freeBytes);
  const tokens = found === undefined ? null : speed(found.config);
  return {
    ...{ engine, device, base, gradientCheckpointing, asks, model: found?.name ?? null },
    memoryBytes: found === undefined ? null : Math.round(bytes(found.config)),
    tokensPerSecond: tokens === null ? null : Number(tokens.toPrecision(2)),
  };
}
