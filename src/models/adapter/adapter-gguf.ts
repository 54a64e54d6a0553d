/** LoRA adapters as GGUF files, as llama.cpp loads them beside a base model. */
import { loraScale } from '../../core/settings.js';
import type { Adapter, LoraPair } from './adapter.js';
import { bytesOf } from '../../files/file-range.js';
import { writeWhole } from '../../files/write-whole.js';
import { ggufName, interleavedHalves } from '../formats/gguf-model.js';
import { familyOf } from '../families/families.js';
import type { ModelConfig } from '../model.js';
import { linearModules, weightParameter, type LinearModule } from '../modules.js';

const ALIGNMENT = 32;
const VERSION = 3;
const FLOAT32 = 6;
const STRING = 8;

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

const f32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};

const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

const aligned = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

interface OutTensor {
  readonly name: string;
  /** Fastest first. */
  readonly sizes: readonly [number, number];
  readonly data: Float32Array;
}

/**
 * Writes an adapter for llama.cpp, whole or not at all, in f32. llama.cpp scales by alpha over a module's rank and knows no rsLoRA:
 * alpha is written so that the adapter's own rank gets the right scale, and the B of modules of other ranks are multiplied by the rest.
 * Rows of q and k are put in the order that the family's GGUF files have them in.
 */
export function writeGgufAdapter(path: string, { lora, tensors }: Adapter, config: ModelConfig): void {
  const alpha = loraScale(lora) * lora.rank;
  const out = linearModules(config).flatMap((module) => {
    const pair = tensors[module.path];
    if (!pair) return [];
    const factor = loraScale(lora, pair.rank) / (alpha / pair.rank);
    return tensorsOf(module, pair, factor, config);
  });
  const values: [key: string, type: number, value: Buffer][] = [
    ['general.architecture', STRING, text(familyOf(config).gguf.architecture)],
    ['general.type', STRING, text('adapter')],
    ['adapter.type', STRING, text('lora')],
    ['adapter.lora.alpha', FLOAT32, f32(alpha)],
  ];
  const header = Buffer.concat([Buffer.from('GGUF'), u32(VERSION), u64(out.length), u64(values.length)]);
  const metadata = values.flatMap(([key, type, value]) => [text(key), u32(type), value]);
  const top = Buffer.concat([header, ...metadata, ...infos(out)]);
  writeWhole(path, [top, padding(top.length), ...out.flatMap(({ data }) => [bytesOf(data), padding(data.byteLength)])]);
}

const padding = (size: number): Buffer => Buffer.alloc(aligned(size) - size);

function infos(tensors: readonly OutTensor[]): Buffer[] {
  let offset = 0;
  return tensors.map(({ name, sizes, data }) => {
    const info = Buffer.concat([text(name), u32(2), u64(sizes[0]), u64(sizes[1]), u32(0), u64(offset)]);
    offset += aligned(data.byteLength);
    return info;
  });
}

function tensorsOf(module: LinearModule, pair: LoraPair, factor: number, config: ModelConfig): OutTensor[] {
  const { a, b, rank, inFeatures, outFeatures } = pair;
  const name = ggufName(module, weightParameter(module));
  const scaled = factor === 1 ? b : b.map((value) => value * factor);
  const rows = interleavedHalves(scaled, module, config);
  return [
    { name: `${name}.lora_a`, sizes: [inFeatures, rank], data: a },
    { name: `${name}.lora_b`, sizes: [rank, outFeatures], data: rows },
  ];
}
