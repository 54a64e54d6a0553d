/** Acts as MLflow's REST API on a port of this machine, keeps its limits, and has faults where they are asked for. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Metric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

export interface FakeRun {
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  status: string;
  readonly startTime: number;
  endTime: number | null;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  /** All that was logged, in its order. */
  readonly metrics: Metric[];
}

/** `down`: no connection lives; `hangs`: no answer; `unheard`: what is asked is done, and the answer never arrives. */
export type Fault =
  'down' | 'hangs' | 'unheard' | 'fails' | 'garbled' | 'cut' | 'refuses' | 'forbids' | 'redirects' | 'full' | 'limits';

class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

type Pairs = readonly { readonly key: string; readonly value: string }[];

interface Asked {
  readonly [key: string]: unknown;
  readonly name?: string;
  readonly run_id?: string;
}

export class FakeMlflow {
  readonly runs: FakeRun[] = [];
  readonly experiments = new Map<string, { id: string; stage: string }>();
  /** Paths of all requests, and of those that write. */
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** What is wrong with all requests, until it is taken away. */
  fault: Fault | undefined;
  /** What is wrong with the request of this place, counted from 0 on. */
  faultAt: { readonly place: number; readonly fault: Fault } | undefined;
  /** From this request on none is answered, until it is taken away. */
  hangsFrom = Infinity;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #made = 0;

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get writes(): string[] {
    return this.requests.filter((path) => /create|update|log-batch/.test(path));
  }

  /** What it holds, for comparison: without ids and times, which differ. */
  get held(): unknown {
    return this.runs
      .map(({ name, status, params, tags, metrics }) => ({
        ...{ name, status, params: Object.fromEntries([...params].sort()), tags: Object.fromEntries([...tags].sort()) },
        metrics: metrics.map(({ key, value, step }) => `${key} ${step} ${value}`).sort(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Loses all that it had. */
  wipe(): void {
    this.runs.length = 0;
    this.experiments.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.address);
    const path = url.pathname.replace('/api/2.0/mlflow/', '');
    const place = this.requests.length;
    const fault = place >= this.hangsFrom ? 'hangs' : this.faultAt?.place === place ? this.faultAt.fault : this.fault;
    this.requests.push(path);
    this.headers.push(request.headers);
    const body = await text(request);
    if (fault === 'down') return void request.socket.destroy();
    if (fault === 'hangs') return;
    if (fault === 'unheard') {
      this.#answer(path, url.searchParams, body);
      return void request.socket.destroy();
    }
    const [status, reply] = fault === undefined ? this.#answer(path, url.searchParams, body) : faulty(fault, request);
    response.writeHead(status, { 'content-type': 'application/json', ...(status === 302 && { location: '/login' }) });
    if (fault === 'cut') return void response.write(reply, () => request.socket.destroy());
    response.end(reply);
  }

  #answer(path: string, query: URLSearchParams, body: string): [number, string] {
    try {
      if (body.length > 1_000_000) throw new Refused(400, 'INVALID_PARAMETER_VALUE', 'the batch is too large');
      const reply = this.#do(path, query, (body === '' ? {} : JSON.parse(body)) as Asked);
      return [200, JSON.stringify(reply)];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return [error.status, JSON.stringify({ error_code: error.code, message: error.message })];
    }
  }

  #do(path: string, query: URLSearchParams, asked: Asked): object {
    switch (path) {
      case 'experiments/get-by-name':
        return this.#experiment(query.get('experiment_name') ?? '');
      case 'experiments/create':
        return this.#createExperiment(asked.name ?? '');
      case 'runs/search':
        return this.#search(asked);
      case 'runs/create':
        return this.#create(asked);
      case 'runs/get':
        return { run: told(this.#run(query.get('run_id') ?? '')) };
      case 'runs/update':
        return this.#update(asked);
      case 'runs/log-batch':
        return this.#log(asked);
      case 'metrics/get-history':
        return this.#history(query);
      default:
        throw new Refused(404, 'ENDPOINT_NOT_FOUND', path);
    }
  }

  #experiment(name: string): object {
    const found = this.experiments.get(name);
    if (found === undefined) throw new Refused(404, 'RESOURCE_DOES_NOT_EXIST', `no experiment ${name}`);
    return { experiment: { experiment_id: found.id, name, lifecycle_stage: found.stage } };
  }

  #createExperiment(name: string): object {
    if (this.experiments.has(name)) throw new Refused(400, 'RESOURCE_ALREADY_EXISTS', `${name} is there`);
    const id = String(this.#made++);
    this.experiments.set(name, { id, stage: 'active' });
    return { experiment_id: id };
  }

  #search(asked: Asked): object {
    const [, key = '', value = ''] = /^tags\.`(.+)` = '(.+)'$/.exec(String(asked['filter'])) ?? [];
    const ids = asked['experiment_ids'] as string[];
    const found = this.runs.filter(({ experiment, tags }) => ids.includes(experiment) && tags.get(key) === value);
    const from = Number(asked['page_token'] ?? 0);
    const size = Math.min(2, Number(asked['max_results']));
    const next = from + size;
    return { runs: found.slice(from, next).map(told), ...(next < found.length && { next_page_token: String(next) }) };
  }

  #create(asked: Asked): object {
    const experiment = String(asked['experiment_id']);
    if (![...this.experiments.values()].some(({ id }) => id === experiment))
      throw new Refused(404, 'RESOURCE_DOES_NOT_EXIST', `no experiment ${experiment}`);
    const run: FakeRun = {
      ...{ id: `run${this.#made++}`, experiment, name: String(asked['run_name']), status: 'RUNNING', endTime: null },
      ...{ startTime: whole(asked['start_time']), params: new Map(), metrics: [] },
      tags: new Map((asked['tags'] as Pairs).map(({ key, value }) => [key, value])),
    };
    this.runs.push(run);
    return { run: told(run) };
  }

  #update(asked: Asked): object {
    const run = this.#run(asked.run_id ?? '');
    run.status = String(asked['status']);
    if (asked['end_time'] !== undefined) run.endTime = whole(asked['end_time']);
    return {};
  }

  /** As MLflow does, nothing of a batch that it refuses is kept. */
  #log(asked: Asked): object {
    const run = this.#run(asked.run_id ?? '');
    const [metrics, params, tags] = ['metrics', 'params', 'tags'].map((name) => (asked[name] ?? []) as unknown[]);
    if ((metrics?.length ?? 0) > 1000 || (params?.length ?? 0) > 100 || (tags?.length ?? 0) > 100)
      throw new Refused(400, 'INVALID_PARAMETER_VALUE', 'too many at once');
    for (const { key, value } of params as Pairs) {
      refuseName(key);
      if (value.length > 500 || value === '')
        throw new Refused(400, 'INVALID_PARAMETER_VALUE', `${key} is too long or empty`);
      if ((run.params.get(key) ?? value) !== value)
        throw new Refused(400, 'INVALID_PARAMETER_VALUE', `${key} was another`);
    }
    for (const { key, value, step, timestamp } of metrics as Metric[]) {
      refuseName(key);
      if (![value, step, timestamp].every(Number.isFinite) || !Number.isInteger(timestamp))
        throw new Refused(400, 'INVALID_PARAMETER_VALUE', `${key} is no number`);
    }
    for (const { key, value } of params as Pairs) run.params.set(key, value);
    for (const { key, value } of tags as Pairs) run.tags.set(key, value);
    run.metrics.push(...(metrics as Metric[]));
    return {};
  }

  #history(query: URLSearchParams): object {
    const all = this.#run(query.get('run_id') ?? '').metrics.filter(({ key }) => key === query.get('metric_key'));
    const from = Number(query.get('page_token') ?? 0);
    const next = from + Number(query.get('max_results'));
    return { metrics: all.slice(from, next), ...(next < all.length && { next_page_token: String(next) }) };
  }

  #run(id: string): FakeRun {
    const run = this.runs.find((each) => each.id === id);
    if (run === undefined) throw new Refused(404, 'RESOURCE_DOES_NOT_EXIST', `no run ${id}`);
    return run;
  }
}

function whole(value: unknown): number {
  if (!Number.isInteger(value)) throw new Refused(400, 'INVALID_PARAMETER_VALUE', `${String(value)} is no time`);
  return Number(value);
}

function refuseName(key: string): void {
  if (!/^[\w\-./ ]{1,250}$/.test(key)) throw new Refused(400, 'INVALID_PARAMETER_VALUE', `${key} is no name`);
}

/** A run as it is answered: of each metric the value of the last step. */
function told({ id, status, params, tags, metrics }: FakeRun): object {
  const pairs = (all: ReadonlyMap<string, string>) => [...all].map(([key, value]) => ({ key, value }));
  const last = new Map<string, Metric>();
  for (const metric of metrics) if (metric.step >= (last.get(metric.key)?.step ?? 0)) last.set(metric.key, metric);
  return {
    info: { run_id: id, run_uuid: id, status },
    data: { metrics: [...last.values()], params: pairs(params), tags: pairs(tags) },
  };
}

function faulty(fault: Fault, { headers }: IncomingMessage): [number, string] {
  switch (fault) {
    case 'fails':
      return [500, `<html>Internal Server Error, said to ${headers.authorization ?? 'nobody'}</html>`];
    case 'full':
      return [
        500,
        JSON.stringify({
          error_code: 'INTERNAL_ERROR',
          message: '(sqlite3.OperationalError) database or disk is full',
        }),
      ];
    case 'refuses':
      return [401, 'You are not authenticated.'];
    case 'forbids':
      return [403, 'Permission denied'];
    case 'redirects':
      return [302, ''];
    case 'limits':
      return [429, 'Too many requests'];
    case 'cut':
      return [200, '{"experi'];
    default:
      return [200, '<html>Welcome to the hotel’s network</html>'];
  }
}
