/** Acts as Ray's Jobs API on a port of this machine: jobs are processes, and faults happen as often as they are asked for. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

interface Job {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly metadata?: Record<string, string>;
  status: string;
  message: string;
  error_type: string | null;
  driver_exit_code: number | null;
  child?: ChildProcess;
}

export type Fault =
  /** The answer to a submission, or the submission, never arrives. */
  | 'post-lost'
  | 'post-unheard'
  | 'post-fails'
  | 'post-refused'
  | 'list-fails'
  | 'list-garbled'
  | 'list-slow'
  | 'list-redirects'
  | 'stop-fails'
  /** No job begins. */
  | 'full';

export class FakeRay {
  /** What was submitted, in its order, refused or not. */
  readonly submissions: Record<string, unknown>[] = [];
  readonly jobs = new Map<string, Job>();
  /** Requests by what they ask. */
  readonly requests = { list: 0, post: 0, stop: 0 };
  token: string | undefined;
  /** Lets every connection down. */
  isDown = false;
  readonly #faults = new Map<Fault, number>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  fault(fault: Fault, times = 1): void {
    this.#faults.set(fault, times);
  }

  /** Ends the job submitted at this place, from 0, in a state, whatever it does. */
  end(place: number, state: Partial<Job>): void {
    const job = this.job(place);
    kill(job.child);
    delete job.child;
    Object.assign(job, state);
  }

  job(place: number): Job {
    const job = [...this.jobs.values()][place];
    if (job === undefined) throw new Error(`no job ${place}`);
    return job;
  }

  /** Ends everything and knows nothing any more, as a head does that keeps its state in memory. */
  restart(): void {
    for (const { child } of this.jobs.values()) kill(child);
    this.jobs.clear();
  }

  close(): void {
    this.restart();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #happens(fault: Fault): boolean {
    const left = this.#faults.get(fault) ?? 0;
    this.#faults.set(fault, Math.max(0, left - 1));
    return left > 0;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (this.isDown) return void request.socket.destroy();
    const isBrowser = Object.keys(request.headers).some((name) => /^(sec-fetch-.*|origin|referer)$/.test(name));
    if (isBrowser && request.method === 'POST')
      return reply(response, 405, "'POST' method not allowed for browser traffic.");
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`)
      return reply(response, request.headers.authorization === undefined ? 401 : 403, 'Unauthorized');
    const id = /^\/api\/jobs\/([^/]+)\/stop$/.exec(request.url ?? '')?.[1];
    if (request.method === 'POST' && id !== undefined) return this.#stop(decodeURIComponent(id), response);
    if (request.url !== '/api/jobs/') return reply(response, 404, '404: Not Found');
    if (request.method === 'POST') return this.#post(request, response, JSON.parse(body) as Record<string, unknown>);
    return this.#list(response);
  }

  #post(request: IncomingMessage, response: ServerResponse, body: Record<string, unknown>): void {
    this.requests.post++;
    if (this.#happens('post-unheard')) return void request.socket.destroy();
    if (this.#happens('post-fails'))
      return reply(response, 500, 'No available agent to submit job, please try again later.');
    this.submissions.push(body);
    if (this.#happens('post-refused'))
      return reply(response, 400, 'Traceback:\n  File "x"\nTypeError: entrypoint_num_cpus must be a number\n');
    const {
      submission_id: id,
      entrypoint,
      metadata,
    } = body as { submission_id: string; entrypoint: string; metadata: Record<string, string> };
    // Ray hands on what its agent refuses as a failure of its own.
    if (this.jobs.has(id))
      return reply(
        response,
        500,
        `RuntimeError: Request failed with status code 400: Traceback:\nValueError: Job with submission_id ${id} already exists. Please use a different submission_id.\n.`,
      );
    this.jobs.set(id, {
      submission_id: id,
      entrypoint,
      metadata,
      status: 'PENDING',
      message: '',
      error_type: null,
      driver_exit_code: null,
    });
    this.#begin();
    if (this.#happens('post-lost')) return void request.socket.destroy();
    reply(response, 200, { job_id: id, submission_id: id });
  }

  async #list(response: ServerResponse): Promise<void> {
    this.requests.list++;
    if (this.#happens('list-fails')) return reply(response, 503, 'upstream connect error');
    if (this.#happens('list-garbled')) return reply(response, 200, '<html>trouble at the mill</html>');
    if (this.#happens('list-redirects')) return reply(response, 302, '', { location: 'https://login.invalid/' });
    if (this.#happens('list-slow')) await wait(300);
    this.#begin();
    const driver = { type: 'DRIVER', job_id: '01000000', submission_id: null, status: 'RUNNING', entrypoint: 'python' };
    const jobs = [...this.jobs.values()].map((job) => ({ type: 'SUBMISSION', ...job, child: undefined }));
    reply(response, 200, [driver, ...jobs]);
  }

  #stop(id: string, response: ServerResponse): void {
    this.requests.stop++;
    if (this.#happens('stop-fails')) return reply(response, 500, 'Traceback:\nTimeoutError: no agent\n');
    const job = this.jobs.get(id);
    if (job === undefined) return reply(response, 404, `Job ${id} does not exist`);
    const isAlive = job.status === 'PENDING' || job.status === 'RUNNING';
    if (isAlive) {
      kill(job.child);
      job.status = 'STOPPED';
    }
    reply(response, 200, { stopped: isAlive });
  }

  #begin(): void {
    if (this.#happens('full')) return;
    for (const job of this.jobs.values()) {
      if (job.status !== 'PENDING') continue;
      const child = spawn('/bin/sh', ['-c', job.entrypoint], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
      Object.assign(job, { status: 'RUNNING', child });
      child.stderr.on('data', (words: Buffer) => (job.message += words.toString()));
      child.on('close', (code, signal) => {
        if (job.status !== 'RUNNING' || job.child !== child) return;
        const exit = code ?? (signal === 'SIGKILL' ? -9 : -15);
        Object.assign(job, { status: exit === 0 ? 'SUCCEEDED' : 'FAILED', driver_exit_code: exit });
      });
    }
  }
}

function reply(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers);
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function kill(child: ChildProcess | undefined): void {
  try {
    if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
