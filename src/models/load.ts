/** Loading a model: a Hugging Face folder or a GGUF file, opened but not yet read whole. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError, UserErrors } from '../core/errors.js';
import { isObject } from '../core/json.js';
import { sha256 } from '../core/hash.js';
import { loadChatTemplate } from './chat-template.js';
import { readModelConfig } from './config.js';
import { generationGraph } from './decoder.js';
import type { LoadedModel, ModelConfig, WeightSource } from './model.js';
import { openSafetensors } from './safetensors.js';
import { readRange } from './files.js';
import { loadTokenizer } from './tokenizer.js';

/** The bundled base model's folder. */
export function bundledModelPath(): string {
  return fileURLToPath(new URL('../../assets/base', import.meta.url));
}

/** File names of a folder's weights: one file, or those its index names. */
function weightFiles(folder: string): string[] {
  if (existsSync(join(folder, 'model.safetensors'))) return ['model.safetensors'];
  const index = join(folder, 'model.safetensors.index.json');
  if (!existsSync(index)) {
    const pickled = ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'model.pt'].find((name) =>
      existsSync(join(folder, name)),
    );
    if (pickled)
      throw new UserError(
        `${join(folder, pickled)} is a pickle, which can run code when opened: convert the model to safetensors`,
      );
    throw new UserError(
      `${folder} has no model.safetensors: use a Hugging Face folder with safetensors, or a GGUF file`,
    );
  }
  const parsed: unknown = JSON.parse(readFileSync(index, 'utf8'));
  const map: unknown = isObject(parsed) ? parsed['weight_map'] : undefined;
  if (!isObject(map)) throw new UserError(`${index} has no "weight_map"`);
  const files = [...new Set(Object.values(map))];
  for (const file of files) {
    if (typeof file !== 'string' || file !== basename(file))
      throw new UserError(`${index} names a file outside its folder: ${JSON.stringify(file)}`);
  }
  return files as string[];
}

/** Several files as one source of weights. */
function joined(folder: string, files: readonly string[]): WeightSource {
  const owner = new Map<string, WeightSource>();
  for (const file of files) {
    const source = openSafetensors(join(folder, file));
    for (const name of source.names) {
      if (owner.has(name)) throw new UserError(`${join(folder, file)}: tensor "${name}" is in another file too`);
      owner.set(name, source);
    }
  }
  const find = (name: string): WeightSource => {
    const source = owner.get(name);
    if (!source) throw new UserError(`${folder} has no tensor "${name}"`);
    return source;
  };
  return { names: [...owner.keys()], shape: (name) => find(name).shape(name), read: (name) => find(name).read(name) };
}

/** Throws UserErrors naming every tensor that is missing or of another shape than the configuration says. */
export function checkWeights(path: string, config: ModelConfig, weights: WeightSource): void {
  const there = new Set(weights.names);
  const problems = generationGraph(config, { kind: 'none' }).parameters.flatMap(({ name, shape }) => {
    if (!there.has(name)) return [`tensor "${name}" is missing`];
    const found = weights.shape(name);
    return found.join() === shape.join()
      ? []
      : [`tensor "${name}" is [${found.join(', ')}] and should be [${shape.join(', ')}]`];
  });
  if (problems.length > 0) throw new UserErrors(`${path} does not fit its configuration:`, problems.slice(0, 10));
}

/** Bytes at either end of a weight file that its identity is taken from, beside its size. */
const IDENTITY_BYTES = 1 << 20;

/** SHA-256 over a file's size and its first and last mebibyte: enough to tell weights apart without reading gigabytes. */
export function fileIdentity(path: string, read: (start: number, length: number) => Uint8Array): string {
  const { size } = statSync(path);
  const head = read(0, Math.min(size, IDENTITY_BYTES));
  const tail = read(Math.max(0, size - IDENTITY_BYTES), Math.min(size, IDENTITY_BYTES));
  return sha256(`${size}:${sha256(head)}:${sha256(tail)}`);
}

function folderModel(path: string): LoadedModel {
  const config = readModelConfig(path);
  const files = weightFiles(path);
  const weights = joined(path, files);
  checkWeights(path, config, weights);
  const tokenizer = loadTokenizer(path);
  const template = loadChatTemplate(path);
  const parts = files.map((file) =>
    fileIdentity(join(path, file), (start, length) => readRange(join(path, file), start, length)),
  );
  const identity = sha256(JSON.stringify([config, tokenizer.identity, template.identity, parts]));
  return { name: basename(path), path, config, weights, tokenizer, template, identity };
}

/** Opens a model by path; throws UserError naming what is wrong with it and what is supported. */
export function loadModel(pathOrName: string): LoadedModel {
  const path = resolve(pathOrName);
  if (!existsSync(path)) throw new UserError(`there is no model at ${path}: give a Hugging Face folder or a GGUF file`);
  if (statSync(path).isDirectory()) return folderModel(path);

  if (/\.(bin|pt|pth|pkl)$/.test(path))
    throw new UserError(`${path} is a pickle, which can run code when opened: convert the model to safetensors`);
  throw new UserError(`${path} is no model that lightmem reads: give the folder ${dirname(path)} or a GGUF file`);
}
