/** A server that speaks the hub's routes for one repository, and a second one, of another origin, that big files are redirected to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Request {
  readonly server: 'hub' | 'store';
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** Answers a request in place of the server where it returns true. */
export type Misbehaviour = (request: Request, response: ServerResponse) => boolean;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export class HubServer {
  readonly requests: Request[] = [];
  misbehave: Misbehaviour = () => false;
  readonly commit = 'c0ffee'.padEnd(40, '0');
  #hub: Server;
  #store: Server;

  constructor(
    readonly name: string,
    /** Files by name; those ending in .safetensors lie in the store. */
    readonly files: ReadonlyMap<string, Buffer>,
    /** A token without which everything is refused. */
    readonly token?: string,
  ) {
    this.#hub = createServer((request, response) => this.#answer('hub', request, response));
    this.#store = createServer((request, response) => this.#answer('store', request, response));
  }

  async start(): Promise<string> {
    await Promise.all(
      [this.#hub, this.#store].map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))),
    );
    return this.#address(this.#hub);
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#store]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  #address(server: Server): string {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #answer(server: 'hub' | 'store', request: IncomingMessage, response: ServerResponse): void {
    const { authorization, range } = request.headers;
    const seen = { server, path: request.url ?? '', authorization, range };
    this.requests.push(seen);
    if (this.misbehave(seen, response)) return;
    if (server === 'store') return this.#send(seen, response);
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`) return void response.writeHead(401).end();
    if (seen.path === `/api/models/${this.name}/revision/main?blobs=true`) return this.#describe(response);
    const prefix = `/${this.name}/resolve/${this.commit}/`;
    if (!seen.path.startsWith(prefix)) return void response.writeHead(404).end();
    const file = seen.path.slice(prefix.length);
    if (!file.endsWith('.safetensors')) return this.#send({ ...seen, path: `/${file}` }, response);
    response.writeHead(302, { location: `${this.#address(this.#store)}/${file}` }).end();
  }

  #describe(response: ServerResponse): void {
    const siblings = [...this.files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: gitSha1(bytes),
      ...(rfilename.endsWith('.safetensors')
        ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134 } }
        : {}),
    }));
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ sha: this.commit, siblings, id: this.name }));
  }

  #send({ path, range }: Request, response: ServerResponse): void {
    const bytes = this.files.get(path.slice(1));
    if (bytes === undefined) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const headers = { 'content-length': bytes.length - from };
    if (from === 0) response.writeHead(200, headers).end(bytes);
    else
      response
        .writeHead(206, { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` })
        .end(bytes.subarray(from));
  }
}
