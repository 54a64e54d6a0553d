/** Ray's Jobs API over HTTP: where it is, who asks, and what its refusals mean. */
import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../core/errors.js';
import { jsonIn } from '../core/json.js';
import { exchange, type Request } from '../llm/protocol/transport.js';
import { parseJobs, type RayJob } from './ray-jobs.js';

/** Where Ray's dashboard listens on the machine it was started on. */
const USUAL_ADDRESS = 'http://127.0.0.1:8265';
/** Longest time that a list may take: Ray asks every program for it. */
const LIST_MS = 60_000;
const SUBMIT_MS = 30_000;
const STOP_MS = 5_000;
/** A list holds the last words of every job that failed, 20 kB each. */
const LIST_BYTES = 2 ** 28;

/** What is wrong with an address; undefined where nothing is. */
export function addressProblem(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return `invalid ${JSON.stringify(address)}: use the address of Ray's dashboard, such as http://head:8265`;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return 'has more than a host, a port and a path: leave the rest out; a token belongs into RAY_AUTH_TOKEN';
  return undefined;
}

/** The address of the dashboard: as given, or from RAY_API_SERVER_ADDRESS or RAY_ADDRESS, or on this machine. Throws UserError. */
export function rayAddress(given: string | undefined, env: NodeJS.ProcessEnv): URL {
  const named = ['RAY_API_SERVER_ADDRESS', 'RAY_ADDRESS'].find((name) => (env[name] ?? '') !== '');
  const [source, address] =
    given === undefined && named !== undefined ? [named, env[named] ?? ''] : ['address', given ?? USUAL_ADDRESS];
  const problem = addressProblem(address);
  if (problem !== undefined) throw new UserError(`${source} ${problem}${source === 'RAY_ADDRESS' ? IN_FILE : ''}`);
  return new URL(address.endsWith('/') ? address : `${address}/`);
}

const IN_FILE = ', here or as executor.address';

/** What a submission is asked of Ray. */
export interface RaySubmission {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly entrypoint_num_cpus: number;
  readonly entrypoint_num_gpus?: number;
  /** Bytes. */
  readonly entrypoint_memory?: number;
  readonly entrypoint_resources?: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly runtime_env: { readonly env_vars: Readonly<Record<string, string>> };
}

/** What Ray said to a submission. */
export type RayAnswer =
  | { readonly kind: 'submitted' }
  /** A job of this id is there already. */
  | { readonly kind: 'there' }
  | { readonly kind: 'refused'; readonly words: string };

/** Asks Ray. Throws UserError where asking again cannot help, and other errors where it may. */
export class RayClient {
  constructor(
    readonly address: URL,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Every job that Ray knows, by its id. */
  async list(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}) {
    const request = { timeoutMs: LIST_MS, ...options, maxBytes: LIST_BYTES };
    const { status, body } = await this.#ask('', { method: 'GET' }, request);
    if (status !== 200) throw this.#trouble(status, body);
    const jobs = parseJobs(jsonIn(body));
    if (jobs === null)
      throw new Error(`${this.address.href} gave no list of jobs: ${JSON.stringify(body.slice(0, 100))}`);
    return jobs satisfies ReadonlyMap<string, RayJob>;
  }

  async submit(job: RaySubmission): Promise<RayAnswer> {
    const { status, body } = await this.#ask(
      '',
      { method: 'POST', body: JSON.stringify(job) },
      { timeoutMs: SUBMIT_MS },
    );
    if (status === 200) return { kind: 'submitted' };
    if (/\balready exists\b/.test(body)) return { kind: 'there' };
    // What the job's agent refuses, Ray hands on as an error of its own.
    if (status === 400 || status === 422 || /\bstatus code 4\d\d\b/.test(body))
      return { kind: 'refused', words: reasonIn(body) };
    throw this.#trouble(status, body);
  }

  /** Asks a job to end; one that is not there has. */
  async stop(id: string, signal: AbortSignal): Promise<void> {
    const { status, body } = await this.#ask(
      `${encodeURIComponent(id)}/stop`,
      { method: 'POST' },
      { timeoutMs: STOP_MS, signal },
    );
    if (status !== 200 && status !== 404) throw this.#trouble(status, body);
  }

  async #ask(
    path: string,
    request: Request,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly maxBytes?: number },
  ): Promise<{ readonly status: number; readonly body: string }> {
    const token = rayToken(this.env);
    const headers = {
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    };
    // Ray's paths end in a slash.
    const answer = await exchange(new URL(`api/jobs/${path}`, this.address), request, { ...options, headers });
    if (answer.kind !== 'response') throw new Error(`${this.address.href}: ${answer.message}`);
    return answer;
  }

  #trouble(status: number, body: string): Error {
    const address = this.address.href;
    if (status === 401 || status === 403) return new UserError(`${address} refuses (${status}): ${this.#whatToSet()}`);
    if (status === 404 || status === 405 || (status >= 300 && status < 400))
      return new UserError(
        `${address} has no Jobs API (${status}): is it the address of Ray's dashboard, usually port 8265, and is ray[default] installed there?`,
      );
    return new Error(`${address} answers ${status}: ${reasonIn(body)}`);
  }

  #whatToSet(): string {
    const set = TOKENS.find((name) => (this.env[name] ?? '') !== '');
    const how = 'RAY_AUTH_TOKEN to the cluster’s token, or RAY_AUTH_TOKEN_PATH to a file that holds it';
    return set === undefined ? `set ${how}` : `the token of ${set} is not the cluster’s; set ${how}`;
  }
}

const TOKENS = ['RAY_AUTH_TOKEN', 'RAY_AUTH_TOKEN_PATH'] as const;

/** The cluster's token, from the environment alone; null where there is none. Throws UserError where its file is not there or empty. */
export function rayToken(env: NodeJS.ProcessEnv): string | null {
  const [token = '', path = ''] = TOKENS.map((name) => env[name]?.trim());
  if (token !== '') return token;
  if (path === '') return null;
  let text = '';
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UserError(`RAY_AUTH_TOKEN_PATH: ${messageOf(error)}: name a file that holds the cluster's token`);
  }
  if (text === '')
    throw new UserError(`RAY_AUTH_TOKEN_PATH: ${path} is empty: name a file that holds the cluster's token`);
  return text;
}

/** The line of an answer that says why: the last that names an error, or the first. */
function reasonIn(body: string): string {
  const lines = body.split('\n').map((line) => line.trim());
  const named = lines.findLast((line) => /^\w*(Error|Exception): ./.test(line));
  return (named ?? lines.find((line) => line !== '') ?? 'nothing').slice(0, 300);
}
