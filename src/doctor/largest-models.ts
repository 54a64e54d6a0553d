/** The largest models that can be trained on this machine, in each way of holding the base, and how fast. */
import type { Device, Quantisation } from '../core/settings.js';
import { readModelConfig } from '../models/formats/hub-config.js';
import { BUNDLED, bundledModelPath } from '../models/load.js';
import { trainedTokensPerSecond } from '../study/estimate.js';
import { KNOWN_MODELS, type KnownModel } from '../study/known-models.js';
import { questionsMemory, quantisedTrainingMemory, type MemorySettings } from '../study/run-memory.js';
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

/** A way of training: what the base is held in, what it takes, how much slower it is than the plain one. */
interface Way {
  readonly precision: 'f32' | Exclude<Quantisation, 'none'>;
  readonly gradientCheckpointing: boolean;
  /** Whether the same room is enough to ask the adapter afterwards. */
  readonly asks: boolean;
  readonly bytes: (config: KnownModel['config']) => number;
  readonly speed: number;
}

const WAYS: readonly Way[] = [
  {
    ...{ precision: 'f32', gradientCheckpointing: false, asks: true, speed: 1 },
    bytes: (config) => questionsMemory(USUAL, config),
  },
  {
    ...{ precision: 'f32', gradientCheckpointing: true, asks: true, speed: AGAIN },
    bytes: (config) => questionsMemory(CHECKPOINTED, config),
  },
  {
    ...{ precision: 'nf4', gradientCheckpointing: true, asks: false, speed: AGAIN * DECODED },
    bytes: (config) => quantisedTrainingMemory(CHECKPOINTED, config, 'nf4'),
  },
];

/** Where is trained: a device, the bytes that are free there, and GFLOP/s of a product; null where they are not known. */
export interface Place {
  readonly device: Device;
  readonly freeBytes: number;
  readonly gigaflops: number | null;
}

/** What a way of training has room for. */
export type LargestModel = {
  readonly device: Device;
  readonly precision: Way['precision'];
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

/** What can be trained on the processor, and on a GPU where there is one. */
export function trainingFinding(processor: Place, gpu?: Place): Finding<TrainingFacts> {
  const all = models();
  const places = gpu === undefined ? [processor] : [processor, gpu];
  const largest = places.flatMap((place) => WAYS.map((way) => largestOf(way, all, place)));
  const facts = { largest };
  const [plain] = largest;
  const { freeBytes } = processor;
  if (plain === undefined || plain.model === null) {
    const mend = `free memory: the smallest training takes ${bytesText(leastMemory())}`;
    return missing('training', `no model has room in ${bytesText(freeBytes)}`, { facts, mend });
  }
  return ok('training', `up to ${plain.model} in f32, asked afterwards`, facts);
}

function largestOf(
  { bytes, speed, precision, gradientCheckpointing, asks }: Way,
  all: readonly KnownModel[],
  { device, freeBytes, gigaflops }: Place,
): LargestModel {
  const found = all.findLast(({ config }) => bytes(config) <= freeBytes);
  const tokens =
    found === undefined || gigaflops === null
      ? null
      : speed * trainedTokensPerSecond(found.config, OPERATIONS * gigaflops * 1e9);
  return {
    ...{ device, precision, gradientCheckpointing, asks, model: found?.name ?? null },
    memoryBytes: found === undefined ? null : Math.round(bytes(found.config)),
    tokensPerSecond: tokens === null ? null : Number(tokens.toPrecision(2)),
  };
}
