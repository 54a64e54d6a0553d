/** The hub's local cache, as huggingface_hub lays it out: settings from the environment, repository names, snapshots. */
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { UserError } from '../../core/errors.js';
import { isObject } from '../../core/json.js';

export interface HubSettings {
  /** Folder of cached repositories. */
  readonly cache: string;
  /** Where the hub is, without a slash at the end. */
  readonly endpoint: string;
  /** Sent to the endpoint's own host and no other; null sends none. */
  readonly token: string | null;
  /** Whether nothing may be asked of the network. */
  readonly offline: boolean;
  /** Whether snapshots hold files in place of links to them. */
  readonly copies: boolean;
}

const TRUE = /^(1|on|yes|true)$/i;
const isTrue = (value: string | undefined): boolean => TRUE.test(value?.trim() ?? '');
const given = (value: string | undefined): string | undefined => (value?.trim() ? value.trim() : undefined);

/**
 * Settings as huggingface_hub reads them: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN (or the file HF_TOKEN_PATH names),
 * HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE, HF_HUB_DISABLE_SYMLINKS, XDG_CACHE_HOME.
 * Throws UserError where HF_ENDPOINT is no http address.
 */
export function hubSettings(env: Readonly<Record<string, string | undefined>> = process.env): HubSettings {
  const caches = given(env['XDG_CACHE_HOME']) ?? join(homedir(), '.cache');
  const home = given(env['HF_HOME']) ?? join(caches, 'huggingface');
  return {
    cache: given(env['HF_HUB_CACHE']) ?? given(env['HUGGINGFACE_HUB_CACHE']) ?? join(home, 'hub'),
    endpoint: endpointOf(given(env['HF_ENDPOINT']) ?? 'https://huggingface.co'),
    token: given(env['HF_TOKEN']) ?? storedToken(env, home),
    offline: isTrue(env['HF_HUB_OFFLINE']) || isTrue(env['TRANSFORMERS_OFFLINE']),
    copies: isTrue(env['HF_HUB_DISABLE_SYMLINKS']),
  };
}

function endpointOf(value: string): string {
  const valid = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  if (valid) return value.replace(/\/+$/, '');
  throw new UserError(`invalid HF_ENDPOINT ${JSON.stringify(value)}: use an address like https://huggingface.co`);
}

function storedToken(env: Readonly<Record<string, string | undefined>>, home: string): string | null {
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return null;
  const path = given(env['HF_TOKEN_PATH']) ?? join(home, 'token');
  return existsSync(path) ? (given(readFileSync(path, 'utf8')) ?? null) : null;
}

/** A name of one or two parts of letters, digits, `-`, `_` and `.`, not beginning or ending with `-` or `.`. */
const PART = '[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?';
const REPOSITORY = new RegExp(`^(?:${PART}/)?${PART}$`);

/** Whether text is a repository's name on the hub: at most 96 characters, at most one `/`, no `--`, no `..`, no `.git` at the end. */
export function isRepositoryName(name: string): boolean {
  return name.length <= 96 && REPOSITORY.test(name) && !/--|\.\.|\.git$/.test(name);
}

/** Throws UserError where text is no repository's name. */
export function checkRepositoryName(name: string): void {
  if (!isRepositoryName(name))
    throw new UserError(
      `invalid model name ${JSON.stringify(name.slice(0, 120))}: use ORGANISATION/NAME as the hub shows it`,
    );
}

/** Throws UserError where text is no branch, tag or commit. */
export function checkRevision(revision: string): void {
  if (!/^[\w][\w./-]{0,127}$/.test(revision) || /\.\.|\/\/|\/$/.test(revision))
    throw new UserError(`invalid revision ${JSON.stringify(revision.slice(0, 120))}: use a branch, a tag or a commit`);
}

export const COMMIT = /^[0-9a-f]{40}$/;

/** A repository's folder in the cache. */
export const repositoryFolder = (settings: HubSettings, name: string): string =>
  join(settings.cache, `models--${name.replaceAll('/', '--')}`);

function commitOf(folder: string, revision: string): string | undefined {
  if (COMMIT.test(revision)) return revision;
  const reference = join(folder, 'refs', revision);
  if (!statSync(reference, { throwIfNoEntry: false })?.isFile()) return undefined;
  const commit = readFileSync(reference, 'utf8').trim();
  if (COMMIT.test(commit)) return commit;
  throw new UserError(`${reference} names no commit: the cache is damaged, remove ${folder}`);
}

/**
 * The folder of a cached snapshot, or undefined where there is none or it is not complete. Nothing is asked of the network.
 * Throws UserError where a file in it links out of the repository's folder or to nothing.
 */
export function cachedSnapshot(name: string, settings: HubSettings, revision = 'main'): string | undefined {
  checkRepositoryName(name);
  checkRevision(revision);
  const folder = repositoryFolder(settings, name);
  const commit = commitOf(folder, revision);
  if (commit === undefined) return undefined;
  const snapshot = join(folder, 'snapshots', commit);
  if (!statSync(snapshot, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const files = readdirSync(snapshot);
  checkLinks(folder, snapshot, files);
  return isComplete(snapshot, files) ? snapshot : undefined;
}

/** Whether a snapshot has all that a model needs; other tools point to snapshots before they are whole, or fetch only a part. */
function isComplete(snapshot: string, files: readonly string[]): boolean {
  if (!['config.json', 'tokenizer.json', 'tokenizer_config.json'].every((name) => files.includes(name))) return false;
  if (files.includes('model.safetensors')) return true;
  const index = 'model.safetensors.index.json';
  if (!files.includes(index)) return false;
  const parsed: unknown = JSON.parse(readFileSync(join(snapshot, index), 'utf8'));
  const map = isObject(parsed) ? parsed['weight_map'] : undefined;
  return isObject(map) && Object.values(map).every((shard) => typeof shard === 'string' && files.includes(shard));
}

function checkLinks(folder: string, snapshot: string, files: readonly string[]): void {
  const root = realpathSync(folder) + sep;
  for (const file of files) {
    const path = join(snapshot, file);
    if (!existsSync(path))
      throw new UserError(`${path} links to a file that is not there: remove ${folder} and fetch the model again`);
    if (!realpathSync(path).startsWith(root))
      throw new UserError(`${path} links out of the model's folder, and is not followed`);
  }
}
