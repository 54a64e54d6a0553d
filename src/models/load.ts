/** Loading a model: a Hugging Face folder, a GGUF file or a name in the hub's cache, opened but not yet read whole. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError, UserErrors } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { loadChatTemplate } from './text/chat-template.js';
import { generationEos, readModelConfig } from './formats/hub-config.js';
import { readInto, withFile } from '../files/file-range.js';
import { openGguf } from './formats/gguf-model.js';
import { fetchSnapshot, type FetchOptions } from './hub/hub.js';
import { cachedSnapshot, hubSettings, isRepositoryName, type HubSettings } from './hub/hub-cache.js';
import type { ChatTemplate, LoadedModel, ModelConfig, WeightSource } from './model.js';
import { modelParameters } from './modules.js';
import { openSafetensors } from './formats/safetensors.js';
import { loadTokenizer, type SizedTokenizer } from './text/tokenizer.js';
import { agreeOnTurnEnd } from './text/turn-end.js';

/** The name of the model that comes with the package. */
export const BUNDLED = 'bundled';

/** Where it lies. */
export function bundledModelPath(): string {
  return fileURLToPath(new URL('../../assets/base', import.meta.url));
}

/** Problems told at once; more of them would say the same. */
const MAX_PROBLEMS = 10;

/** Throws UserErrors naming the tensors that are missing, of another shape than the configuration says, or of no use in such a model. */
function checkWeights(path: string, config: ModelConfig, weights: WeightSource): void {
  const there = new Set(weights.names);
  const parameters = modelParameters(config);
  const problems = parameters.flatMap(({ name, shape }) => {
    if (!there.has(name)) return [`tensor "${name}" is missing`];
    const found = weights.shape(name);
    const same = found.length === shape.length && found.every((size, i) => size === shape[i]);
    return same ? [] : [`tensor "${name}" is [${found.join(', ')}] and should be [${shape.join(', ')}]`];
  });
  const known = new Set(parameters.map(({ name }) => name));
  const unused = weights.names
    .filter((name) => !known.has(name) && !isRepeated(name, config, weights))
    .map((name) =>
      name === 'lm_head.weight'
        ? `tensor "${name}" is other than the embeddings, though "tie_word_embeddings" says that they are one`
        : `tensor "${name}" has no place in a ${config.family} model of ${config.layers} layers`,
    );
  const all = [...problems, ...unused];
  const more = all.length > MAX_PROBLEMS ? [`and ${all.length - MAX_PROBLEMS} more`] : [];
  if (all.length > 0)
    throw new UserErrors(`${path} does not fit its configuration:`, [...all.slice(0, MAX_PROBLEMS), ...more]);
}

/** Whether a tensor only says again what the model has: a tied head that is the embeddings, rotary frequencies that are the configuration's. */
function isRepeated(name: string, config: ModelConfig, weights: WeightSource): boolean {
  if (name === 'lm_head.weight' && config.tiedEmbeddings)
    return isSame(weights.read(name), weights.read('model.embed_tokens.weight'), 0);
  if (!/^model\.(?:layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq$/.test(name)) return false;
  return config.ropeScaling === null && isSame(weights.read(name), inverseFrequencies(config), 1e-2);
}

function inverseFrequencies({ headDim, ropeTheta }: ModelConfig): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim));
}

/** Whether two lists of values are the same but for a share of each. */
function isSame(a: Float32Array, b: Float32Array, share: number): boolean {
  return a.length === b.length && a.every((value, i) => Math.abs(value - (b[i] ?? NaN)) <= share * Math.abs(value));
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
  /** Tokens at which other programs stop. */
  readonly stops: readonly number[];
}

/** Puts a model together: checks that its parts fit each other, adds the turn's end to the tokens that end an answer, computes its identity. */
function assembleModel(parts: ModelParts): LoadedModel {
  const { name, path, weights, tokenizer, files } = parts;
  checkVocabulary(parts);
  const { template, config, notes } = agreeOnTurnEnd(parts);
  checkWeights(path, config, weights);
  const identity = sha256(
    JSON.stringify([config, tokenizer.identity, template.identity, files.map((file) => fileIdentity(file))]),
  );
  return { name, path, config, weights, tokenizer, template, identity, notes: [...notesOf(parts), ...notes] };
}

/** Throws UserError where the tokenizer has tokens that the model has no embeddings for, and something uses one. */
function checkVocabulary({ path, config, tokenizer, template }: ModelParts): void {
  if (tokenizer.vocabSize > config.vocabSize)
    throw new UserError(
      `${path}: the tokenizer has ${tokenizer.vocabSize} tokens and the model ${config.vocabSize}: they do not belong together`,
    );
  const written = writtenBy(template);
  const used = tokenizer.beyond.find((token) => written.includes(token));
  if (used !== undefined)
    throw new UserError(
      `${path}: the chat template writes ${JSON.stringify(used)}, a token beyond the model's ${config.vocabSize}: use the model's own tokenizer files`,
    );
}

/** A prompt and what stands behind its answer, as the template writes them; nothing where it cannot be rendered. */
function writtenBy(template: ChatTemplate): string {
  try {
    return template.render([{ role: 'user', content: '' }]) + (template.behindAnswer ?? '') + template.endOfTurn;
  } catch {
    return template.endOfTurn;
  }
}

function notesOf({ config, tokenizer: { beyond }, template: { opensThought } }: ModelParts): string[] {
  const shown = beyond.slice(0, 3).map((token) => JSON.stringify(token));
  const left =
    `${shown.join(', ')}${beyond.length > 3 ? ' …' : ''} of the tokenizer ${beyond.length === 1 ? 'is' : 'are'} beyond ` +
    `the model's ${config.vocabSize} tokens; nothing uses ${beyond.length === 1 ? 'it' : 'them'}`;
  const thought = `the chat template opens a thought (${opensThought}) before the answer; it is closed at once, so that answers stand outside of it`;
  return [...(beyond.length > 0 ? [left] : []), ...(opensThought === undefined ? [] : [thought])];
}

function ggufModel(path: string): LoadedModel {
  const gguf = openGguf(path);
  return assembleModel({ name: basename(path, '.gguf'), path, ...gguf, files: [path], stops: gguf.config.eosTokenIds });
}

function folderModel(path: string): LoadedModel {
  const config = readModelConfig(path);
  const weights = openSafetensors(path);
  const tokenizer = loadTokenizer(path, { vocabSize: config.vocabSize });
  const template = loadChatTemplate(path);
  const generation = generationEos(path);
  const stops = generation.length > 0 ? generation : config.eosTokenIds;
  return assembleModel({
    name: basename(path),
    path,
    config,
    weights,
    tokenizer,
    template,
    files: weights.files,
    stops,
  });
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
