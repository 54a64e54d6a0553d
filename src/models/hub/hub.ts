/** Fetching models from the hub into its cache: only the files that are needed, resumed where they stopped, verified before they count. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { copyFile, open, readdir, rename, rm, stat, statfs, symlink, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { distinct } from '../../core/collections.js';
import { UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { writeError } from '../../files/disk-error.js';
import { makeFolder } from '../../files/flush.js';
import { writeWhole } from '../../files/write-whole.js';
import { HubClient, type RequestOptions } from './hub-client.js';
import {
  COMMIT,
  cachedSnapshot,
  checkRepositoryName,
  checkRevision,
  hubSettings,
  repositoryFolder,
  type HubSettings,
} from './hub-cache.js';

export interface HubProgress {
  readonly file: string;
  /** Bytes of all files that are there, and bytes there will be. */
  readonly received: number;
  readonly total: number;
}

export interface FetchOptions extends RequestOptions {
  readonly settings?: HubSettings;
  /** Branch, tag or commit; default `main`. */
  readonly revision?: string;
  readonly onProgress?: (progress: HubProgress) => void;
}

const SMALL_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
];
const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;
const isWeights = (name: string): boolean => name === WEIGHTS || SHARD.test(name);

/** Unfinished files of a process on another machine are taken over when nothing was written to them for so long. */
const ABANDONED_MS = 10 * 60_000;

/**
 * The folder of a model of the hub: from the cache where it is complete, else downloaded into it. Files are checked against the hub's
 * own checksums; an interrupted download goes on where it stopped, in this process or the next.
 * Throws UserError where the name is none, the hub cannot be used or has no such model, and where settings forbid asking it.
 */
export async function fetchSnapshot(name: string, options: FetchOptions = {}): Promise<string> {
  const settings = options.settings ?? hubSettings();
  checkRepositoryName(name);
  checkRevision(options.revision ?? 'main');
  const cached = cachedSnapshot(name, settings, options.revision);
  if (cached !== undefined) return cached;
  if (settings.offline)
    throw new UserError(
      `${name} is not in ${settings.cache}, and HF_HUB_OFFLINE forbids fetching it: unset it or fetch the model elsewhere`,
    );
  return new Download(name, settings, options).run();
}

const sibling = z.object({
  rfilename: z.string(),
  size: z.number().int().nonnegative().nullish(),
  blobId: z.string().regex(COMMIT).nullish(),
  lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative() }).nullish(),
});

const description = z.object({ sha: z.string().regex(COMMIT), siblings: z.array(sibling) });

/** A file to fetch, with the checksum it must have: SHA-256, or for small ones git's SHA-1 of a blob. */
interface HubFile {
  readonly name: string;
  readonly size: number;
  readonly checksum: string;
}

class Download {
  readonly #folder: string;
  readonly #client: HubClient;
  #received = 0;
  #total = 0;

  constructor(
    readonly name: string,
    readonly settings: HubSettings,
    readonly options: FetchOptions,
  ) {
    this.#folder = repositoryFolder(settings, name);
    this.#client = new HubClient(settings, name, options);
  }

  async run(): Promise<string> {
    const { commit, files } = await this.#describe();
    const snapshot = join(this.#folder, 'snapshots', commit);
    for (const folder of [join(this.#folder, 'blobs'), join(this.#folder, 'refs'), snapshot]) makeFolder(folder);
    this.#total = files.reduce((sum, { size }) => sum + size, 0);
    await this.#checkSpace(files);
    for (const file of files.filter(({ name }) => !isWeights(name))) await this.#fetch(file, commit, snapshot);
    for (const file of this.#weights(files, snapshot)) await this.#fetch(file, commit, snapshot);
    // The reference comes last: a snapshot that is pointed to is whole.
    const revision = this.options.revision ?? 'main';
    if (!COMMIT.test(revision)) {
      const reference = join(this.#folder, 'refs', revision);
      writeWhole(reference, commit);
    }
    return snapshot;
  }

  /** What the repository holds of what is needed; with a single weight file the shards are left out. */
  async #describe(): Promise<{ commit: string; files: HubFile[] }> {
    const revision = encodeURIComponent(this.options.revision ?? 'main');
    const url = `${this.settings.endpoint}/api/models/${this.name}/revision/${revision}?blobs=true`;
    const parsed = description.safeParse(await this.#client.json(url));
    if (!parsed.success)
      throw new UserError(
        `${this.#client.origin} gave no description of ${this.name} that can be used: ${z.prettifyError(parsed.error).slice(0, 300)}`,
      );
    const { sha, siblings } = parsed.data;
    const names = new Set(siblings.map(({ rfilename }) => rfilename));
    this.#refuseOthers(names);
    const needed = (name: string): boolean =>
      SMALL_FILES.includes(name) || (names.has(WEIGHTS) ? name === WEIGHTS : name === INDEX || SHARD.test(name));
    return {
      commit: sha,
      files: siblings.filter(({ rfilename }) => needed(rfilename)).map((each) => this.#file(each)),
    };
  }

  #refuseOthers(names: ReadonlySet<string>): void {
    const missing = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].filter((name) => !names.has(name));
    if (missing.length > 0)
      throw new UserError(`${this.name} has no ${missing.join(' and no ')}: lightmem cannot use it`);
    if (names.has(WEIGHTS) || names.has(INDEX)) return;
    const pickled = [...names].some((name) => /\.(bin|pt|pth)$/.test(name));
    throw new UserError(
      `${this.name} has no ${WEIGHTS}${pickled ? ', only pickles, which can run code when they are opened and are not read' : ''}`,
    );
  }

  #file({ rfilename, size, blobId, lfs }: z.infer<typeof sibling>): HubFile {
    const checksum = lfs?.sha256 ?? blobId;
    const bytes = lfs?.size ?? size;
    if (checksum === null || checksum === undefined || bytes === null || bytes === undefined)
      throw new UserError(
        `${this.#client.origin} gives no size and checksum of ${rfilename}, so it cannot be verified: use another endpoint`,
      );
    return { name: rfilename, size: bytes, checksum };
  }

  /** The weight file, or the shards that the fetched index names; every one must be in the repository. */
  #weights(files: readonly HubFile[], snapshot: string): HubFile[] {
    if (!files.some(({ name }) => name === INDEX)) return files.filter(({ name }) => name === WEIGHTS);
    const index: unknown = JSON.parse(readFileSync(join(snapshot, INDEX), 'utf8'));
    const parsed = z.object({ weight_map: z.record(z.string(), z.string()) }).safeParse(index);
    if (!parsed.success) throw new UserError(`${this.name}: ${INDEX} is no index of shards`);
    return distinct(Object.values(parsed.data.weight_map)).map((shard) => {
      const file = files.find(({ name }) => name === shard);
      if (file) return file;
      throw new UserError(
        `${this.name}: ${INDEX} names ${JSON.stringify(shard.slice(0, 120))}, which is no shard of the repository`,
      );
    });
  }

  async #checkSpace(files: readonly HubFile[]): Promise<void> {
    const missing = files.filter(({ checksum }) => !existsSync(this.#blob(checksum)));
    const bytes = missing.reduce((sum, { size }) => sum + size, 0);
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < bytes)
      throw new UserError(
        `${this.name} needs ${bytes} bytes more, but ${this.#folder} has room for ${bavail * bsize}: free some space or set HF_HOME`,
      );
  }

  #blob(checksum: string): string {
    return join(this.#folder, 'blobs', checksum);
  }

  async #fetch(file: HubFile, commit: string, snapshot: string): Promise<void> {
    const blob = this.#blob(file.checksum);
    if ((await sizeOf(blob)) === file.size) this.#report(file, file.size);
    else await this.#fetchBlob(file, `${this.settings.endpoint}/${this.name}/resolve/${commit}/${file.name}`, blob);
    await this.#link(blob, join(snapshot, file.name));
  }

  #report(file: HubFile, bytes: number): void {
    this.#received += bytes;
    this.options.onProgress?.({ file: file.name, received: this.#received, total: this.#total });
  }

  async #fetchBlob(file: HubFile, url: string, blob: string): Promise<void> {
    const partial = await this.#partialOf(blob);
    for (let restarted = false; ; restarted = true) {
      const sum = await this.#fill(file, url, partial);
      if (sum === file.checksum) break;
      await rm(partial, { force: true });
      this.#received -= file.size;
      if (restarted)
        throw new UserError(
          `${file.name} of ${this.name} arrived damaged twice: its checksum is ${sum} and should be ${file.checksum}`,
        );
    }
    await rename(partial, blob);
  }

  /** This process's unfinished file for a blob; one that an ended process left is taken over. */
  async #partialOf(blob: string): Promise<string> {
    const machine = sha256(hostname()).slice(0, 8);
    const own = `${blob}.${machine}-${process.pid}.incomplete`;
    for (const name of await readdir(dirname(blob))) {
      const [, host, id] = /^[0-9a-f]+\.([0-9a-f]{8})-(\d+)\.incomplete$/.exec(name) ?? [];
      const path = join(dirname(blob), name);
      if (id === undefined || !name.startsWith(basename(blob)) || path === own) continue;
      const abandoned = host === machine ? !isAlive(Number(id)) : await isOld(path);
      if (abandoned && (await succeeds(rename(path, own)))) break;
    }
    return own;
  }

  /** Fills the unfinished file up to its size and returns its checksum; failures of the network are tried again from where they came. */
  async #fill(file: HubFile, url: string, partial: string): Promise<string> {
    const handle = await open(partial, 'a+');
    try {
      const state = { done: 0, hash: hashFor(file) };
      const there = (await handle.stat()).size;
      if (there > file.size) await handle.truncate(0);
      else if (there > 0) {
        for await (const piece of createReadStream(partial)) state.hash.update(piece as Buffer);
        state.done = there;
        this.#report(file, there);
      }
      await this.#client.retrying(`${file.name} of ${this.name}`, async () => {
        if (state.done < file.size) await this.#receive(file, url, handle, state);
      });
      await handle.sync();
      return state.hash.digest('hex');
    } finally {
      await handle.close();
    }
  }

  async #receive(file: HubFile, url: string, handle: FileHandle, state: { done: number; hash: Hash }): Promise<void> {
    const range = state.done > 0 ? { range: `bytes=${state.done}-` } : {};
    const response = await this.#client.request(url, range);
    if (state.done > 0 && !continues(response, state.done)) await this.#restart(file, handle, state);
    if (!response.body) throw new TypeError('the answer has no body');
    for await (const piece of this.#client.pieces(response.body)) {
      if (state.done + piece.length > file.size)
        throw new UserError(`${file.name} of ${this.name} is longer than the ${file.size} bytes it should have`);
      await handle.appendFile(piece).catch((error: unknown) => {
        throw writeError(this.#folder, error);
      });
      state.hash.update(piece);
      state.done += piece.length;
      this.#report(file, piece.length);
    }
    if (state.done < file.size) throw new TypeError(`the answer ended after ${state.done} of ${file.size} bytes`);
  }

  /** The server sends the whole file though a part was asked for. */
  async #restart(file: HubFile, handle: FileHandle, state: { done: number; hash: Hash }): Promise<void> {
    await handle.truncate(0);
    this.#received -= state.done;
    state.done = 0;
    state.hash = hashFor(file);
  }

  async #link(blob: string, path: string): Promise<void> {
    await rm(path, { force: true });
    const linked = !this.settings.copies && (await succeeds(symlink(relative(dirname(path), blob), path)));
    if (!linked) await copyFile(blob, path); // file systems without links, Windows without the right to make them
  }
}

const succeeds = (action: Promise<void>): Promise<boolean> =>
  action.then(
    () => true,
    () => false,
  );

/** Whether an answer continues a file from a byte on. */
function continues(response: Response, from: number): boolean {
  return response.status === 206 && (response.headers.get('content-range') ?? '').startsWith(`bytes ${from}-`);
}

function hashFor({ checksum, size }: HubFile): Hash {
  return checksum.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return existsSync(path) ? (await stat(path)).size : undefined;
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isOld(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS;
}
