/** Loading a model: a Hugging Face folder, a GGUF file or a name in the hub's cache, opened but not yet read whole. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { distinct } from '../core/collections.js';
import { UserError, UserErrors } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { loadChatTemplate } from './text/chat-template.js';
import { readModelConfig } from './formats/hub-config.js';
import { readInto, withFile } from '../files/file-range.js';
import { openGguf } from './formats/gguf-model.js';
import { fetchSnapshot, type FetchOptions } from './hub/hub.js';
import { cachedSnapshot, hubSettings, isRepositoryName, type HubSettings } from './hub/hub-cache.js';
import type { ChatTemplate, LoadedModel, ModelConfig, WeightSource } from './model.js';
import { modelParameters } from './modules.js';
import { openSafetensors } from './formats/safetensors.js';
import { loadTokenizer, type SizedTokenizer } from './text/tokenizer.js';

/** The bundled base model's folder. */
export function bundledModelPath(): string {
  return fileURLToPath(new URL('../../assets/base', import.meta.url));
}

/** Problems told at once; more of them would say the same. */
const MAX_PROBLEMS = 10;

/** Throws UserErrors naming the tensors that are missing or of another shape than the configuration says. */
function checkWeights(path: string, config: ModelConfig, weights: WeightSource): void {
  const there = new Set(weights.names);
  const problems = modelParameters(config).flatMap(({ name, shape }) => {
    if (!there.has(name)) return [`tensor "${name}" is missing`];
    const found = weights.shape(name);
    const same = found.length === shape.length && found.every((size, i) => size === shape[i]);
    return same ? [] : [`tensor "${name}" is [${found.join(', ')}] and should be [${shape.join(', ')}]`];
  });
  if (problems.length > 0)
    throw new UserErrors(`${path} does not fit its configuration:`, problems.slice(0, MAX_PROBLEMS));
}

/** Files up to this size are hashed whole; of larger ones, pieces. */
const WHOLE_BYTES = 64 << 20;
const PIECE_BYTES = 64 << 10;
const PIECES = 64;

/**
 * SHA-256 of a file's size and content. Of files above 64 MiB the content is 64 pieces of 64 KiB, evenly spread, the first and
 * the last bytes (and so any header) among them: trained weights differ everywhere, and gigabytes need not be read.
 */
export function fileIdentity(path: string): string {
  return withFile(path, (file, size) => {
    const whole = size <= WHOLE_BYTES;
    const bytes = Buffer.alloc(whole ? size : PIECES * PIECE_BYTES);
    if (whole) readInto(path, file, bytes, 0);
    for (let i = 0; !whole && i < PIECES; i++) {
      const at = Math.floor((i * (size - PIECE_BYTES)) / (PIECES - 1));
      readInto(path, file, bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES), at);
    }
    return sha256(`${size}:${sha256(bytes)}`);
  });
}

/** What a model folder and a GGUF file have in common, once opened. */
interface ModelParts {
  readonly name: string;
  readonly path: string;
  readonly config: ModelConfig;
  readonly weights: WeightSource;
  readonly tokenizer: SizedTokenizer;
  readonly template: ChatTemplate;
  /** Files that hold the weights. */
  readonly files: readonly string[];
}

/** Puts a model together: checks that its parts fit each other, adds the turn's end to the tokens that end an answer, computes its identity. */
function assembleModel(parts: ModelParts): LoadedModel {
  const { name, path, weights, tokenizer, template, files } = parts;
  const config = withTurnEnd(path, parts.config, tokenizer, template);
  checkWeights(path, config, weights);
  const identity = sha256(
    JSON.stringify([config, tokenizer.identity, template.identity, files.map((file) => fileIdentity(file))]),
  );
  return { name, path, config, weights, tokenizer, template, identity };
}

function withTurnEnd(
  path: string,
  config: ModelConfig,
  tokenizer: SizedTokenizer,
  template: ChatTemplate,
): ModelConfig {
  if (tokenizer.vocabSize > config.vocabSize)
    throw new UserError(
      `${path}: the tokenizer has ${tokenizer.vocabSize} tokens and the model ${config.vocabSize}: they do not belong together`,
    );
  const end = tokenizer.tokenId(template.endOfTurn);
  const eosTokenIds = distinct([...config.eosTokenIds, ...(end === undefined ? [] : [end])]);
  if (eosTokenIds.length === 0)
    throw new UserError(
      `${path}: no token ends an answer: give "eos_token_id" in config.json or generation_config.json`,
    );
  return { ...config, eosTokenIds };
}

function ggufModel(path: string): LoadedModel {
  return assembleModel({ name: basename(path, '.gguf'), path, ...openGguf(path), files: [path] });
}

function folderModel(path: string): LoadedModel {
  const config = readModelConfig(path);
  const weights = openSafetensors(path);
  const tokenizer = loadTokenizer(path);
  const template = loadChatTemplate(path);
  return assembleModel({ name: basename(path), path, config, weights, tokenizer, template, files: weights.files });
}

/** A folder's only GGUF file, where it has no config.json; undefined otherwise. */
function onlyGguf(folder: string): string | undefined {
  const files = readdirSync(folder);
  const found = files.filter((file) => file.endsWith('.gguf'));
  return files.includes('config.json') || found.length !== 1 ? undefined : join(folder, found[0] ?? '');
}

const PICKLES: readonly string[] = ['.bin', '.pt', '.pth', '.pkl', '.ckpt'];

/** A model of the hub by name, where its snapshot is in the cache; undefined where it is not, or the text is no name. */
function cachedModel(name: string, settings: HubSettings): LoadedModel | undefined {
  const snapshot = isRepositoryName(name) ? cachedSnapshot(name, settings) : undefined;
  return snapshot === undefined ? undefined : { ...openPath(snapshot), name };
}

function openPath(path: string): LoadedModel {
  const isFolder = statSync(path).isDirectory();
  const gguf = isFolder ? onlyGguf(path) : path.endsWith('.gguf') ? path : undefined;
  if (gguf !== undefined) return ggufModel(gguf);
  if (isFolder) return folderModel(path);
  if (PICKLES.includes(extname(path)))
    throw new UserError(
      `${path} is a pickle, which can run code when it is opened, and is not read: convert the model to safetensors`,
    );
  throw new UserError(`${path} is no model that lightmem reads: give a Hugging Face folder or a GGUF file`);
}

/**
 * Opens a model by path or, from the hub's cache, by name; nothing is asked of the network.
 * Throws UserError naming what is wrong with it and what is supported.
 */
export function loadModel(pathOrName: string): LoadedModel {
  const path = resolve(pathOrName);
  if (existsSync(path)) return openPath(path);
  const settings = hubSettings();
  const cached = cachedModel(pathOrName, settings);
  if (cached !== undefined) return cached;
  const inCache = isRepositoryName(pathOrName) ? `, nor a model of that name in ${settings.cache}` : '';
  throw new UserError(`there is no model at ${path}${inCache}: give a Hugging Face folder or a GGUF file`);
}

/** Opens a model by path or by its name on the hub, fetching it into the hub's cache where it is not there. */
export async function fetchModel(pathOrName: string, options: FetchOptions = {}): Promise<LoadedModel> {
  const path = resolve(pathOrName);
  if (existsSync(path) || !isRepositoryName(pathOrName)) return loadModel(pathOrName);
  return { ...openPath(await fetchSnapshot(pathOrName, options)), name: pathOrName };
}
