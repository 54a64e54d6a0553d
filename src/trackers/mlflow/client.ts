/** MLflow's REST API, version 2.0: what is asked, what comes back, and what a refusal means. */
import { z } from 'zod';
import { inParts } from '../../core/collections.js';
import { UserError } from '../../core/errors.js';
import { jsonIn } from '../../core/json.js';
import { redactor } from '../../core/redact.js';
import { exchange, type Request } from '../../llm/protocol/transport.js';
import { mlflowAuthorization } from './address.js';

/** Most values that one request takes: MLflow's own limits. */
const MOST = { metrics: 1000, others: 100 };
/** Runs and points of a history asked for at once. */
const PAGE = 1000;
/** Longest value: what older servers take. */
const LONGEST = { param: 500, tag: 5000 };

const pair = z.object({ key: z.string(), value: z.string() });
const metric = z.object({ key: z.string(), value: z.coerce.number(), step: z.coerce.number().default(0) });
const run = z.object({
  info: z.object({ run_id: z.string(), status: z.string() }),
  data: z
    .object({
      metrics: z.array(metric).default([]),
      params: z.array(pair).default([]),
      tags: z.array(pair).default([]),
    })
    .prefault({}),
});
const page = { next_page_token: z.string().optional() };
const failure = z.object({ error_code: z.string(), message: z.string().default('') });

/** A value of a metric at a step; `timestamp` in milliseconds since 1970. */
export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

/** A run as the server has it. */
export interface MlflowRun {
  readonly id: string;
  readonly status: string;
  /** The last value of each. */
  readonly metrics: ReadonlyMap<string, number>;
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
}

/** What one call logs. */
export interface MlflowBatch {
  readonly metrics: readonly MlflowMetric[];
  readonly params: readonly (readonly [string, string])[];
  readonly tags: readonly (readonly [string, string])[];
}

/** What a server refused, by MLflow's own code where it gave one. */
class Refusal extends Error {
  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(message);
  }
}

/** Asks one server. Everything throws Error with words for people where an answer is none, or takes too long. */
export class MlflowClient {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #redact: (text: string) => string;
  readonly #isKnown: boolean;

  constructor(
    readonly address: URL,
    env: NodeJS.ProcessEnv,
    /** Longest wait for one answer. */
    readonly answerMs: number,
  ) {
    const authorization = mlflowAuthorization(env);
    this.#isKnown = authorization !== null;
    this.#redact = redactor(authorization?.secrets ?? []);
    this.#headers = {
      ...{ accept: 'application/json', 'content-type': 'application/json', 'user-agent': 'lightmem' },
      ...(authorization !== null && { authorization: authorization.header }),
    };
  }

  /** The id of the experiment of that name, made where there is none. Throws UserError where it was deleted. */
  async experiment(name: string, signal: AbortSignal): Promise<string> {
    const found = await this.#experimentNamed(name, signal);
    if (found !== null) return found;
    try {
      return (await this.#ask('experiments/create', z.object({ experiment_id: z.string() }), signal, { name }))
        .experiment_id;
    } catch (error) {
      if (codeOf(error) !== 'RESOURCE_ALREADY_EXISTS') throw error;
    }
    const made = await this.#experimentNamed(name, signal);
    if (made === null)
      throw new Error(
        `${this.address.href} says that it has an experiment ${JSON.stringify(name)}, and that it has none`,
      );
    return made;
  }

  async #experimentNamed(name: string, signal: AbortSignal): Promise<string | null> {
    const reply = z.object({
      experiment: z.object({ experiment_id: z.string(), lifecycle_stage: z.string().default('active') }),
    });
    try {
      const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
      const { experiment } = await this.#ask(path, reply, signal);
      if (experiment.lifecycle_stage === 'active') return experiment.experiment_id;
    } catch (error) {
      if (codeOf(error) === 'RESOURCE_DOES_NOT_EXIST') return null;
      throw error;
    }
    throw new UserError(
      `its experiment ${JSON.stringify(name)} was deleted: restore it there, or name another (track.mlflow.experiment)`,
    );
  }

  /** Runs of an experiment that have a tag, the oldest first, without their metrics' histories. */
  async runs(experiment: string, [key, value]: readonly [string, string], signal: AbortSignal): Promise<MlflowRun[]> {
    const reply = z.object({ runs: z.array(run).default([]), ...page });
    const asked = {
      ...{ experiment_ids: [experiment], filter: `tags.\`${key}\` = '${value}'`, max_results: PAGE },
      order_by: ['attributes.start_time ASC'],
    };
    const pages = await allPages((token) => this.#ask('runs/search', reply, signal, { ...asked, ...token }));
    return pages.flatMap(({ runs }) => runs.map(runOf));
  }

  /** A run as it is now. */
  async run(id: string, signal: AbortSignal): Promise<MlflowRun> {
    return runOf((await this.#ask(`runs/get?run_id=${encodeURIComponent(id)}`, z.object({ run }), signal)).run);
  }

  async createRun(
    {
      experiment,
      name,
      startTime,
      tags,
    }: { experiment: string; name: string; startTime: number; tags: MlflowBatch['tags'] },
    signal: AbortSignal,
  ): Promise<MlflowRun> {
    const asked = { experiment_id: experiment, run_name: name, start_time: startTime, tags: tags.map(tagOf) };
    return runOf((await this.#ask('runs/create', z.object({ run }), signal, asked)).run);
  }

  /** Every value of a metric by its step, the last that was logged for each. */
  async history(id: string, key: string, signal: AbortSignal): Promise<Map<number, number>> {
    const reply = z.object({ metrics: z.array(metric).default([]), ...page });
    const asked = { run_id: id, metric_key: key, max_results: String(PAGE) };
    const pages = await allPages((token) => {
      const query = new URLSearchParams({ ...asked, ...token });
      return this.#ask(`metrics/get-history?${query.toString()}`, reply, signal);
    });
    return new Map(pages.flatMap(({ metrics }) => metrics.map(({ step, value }) => [step, value])));
  }

  /** Logs values, in as many requests as MLflow's limits ask for. */
  async log(id: string, { metrics, params, tags }: MlflowBatch, signal: AbortSignal): Promise<void> {
    const log = (batch: object): Promise<unknown> =>
      this.#ask('runs/log-batch', z.object({}), signal, { run_id: id, ...batch });
    for (const part of inParts(params, MOST.others))
      await log({ params: part.map(([key, value]) => ({ key, value: value.slice(0, LONGEST.param) })) });
    for (const part of inParts(tags, MOST.others)) await log({ tags: part.map(tagOf) });
    for (const part of inParts(metrics, MOST.metrics)) await log({ metrics: part });
  }

  /** Says how a run stands; `endTime` in milliseconds since 1970. */
  async update(id: string, status: string, endTime: number | null, signal: AbortSignal): Promise<void> {
    await this.#ask('runs/update', z.object({}), signal, {
      run_id: id,
      status,
      ...(endTime !== null && { end_time: endTime }),
    });
  }

  async #ask<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal, body?: object): Promise<T> {
    const request: Request = body === undefined ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(body) };
    const url = new URL(`api/2.0/mlflow/${path}`, this.address);
    const answer = await exchange(url, request, { headers: this.#headers, timeoutMs: this.answerMs, signal });
    if (answer.kind !== 'response') throw new Error(answer.message);
    if (answer.status !== 200) throw this.#trouble(answer.status, answer.body);
    const reply = schema.safeParse(jsonIn(answer.body));
    if (reply.success) return reply.data;
    throw new Error(`what it answers is not MLflow's: ${this.#shown(answer.body)}`);
  }

  #trouble(status: number, body: string): Error {
    const refusal = failure.safeParse(jsonIn(body));
    if (status === 401 || status === 403) return new Error(`it refuses (${status}): ${this.#whatToSet()}`);
    if (refusal.success)
      return new Refusal(`it refuses (${status}): ${this.#shown(refusal.data.message)}`, refusal.data.error_code);
    if (status >= 500 || status === 429) return new Error(`it answers ${status}: ${this.#shown(body)}`);
    return new Error(`it has no MLflow API (${status}): give the address that MLflow's pages are read at`);
  }

  #whatToSet(): string {
    const how = 'MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN';
    return this.#isKnown ? `what is set does not do: set ${how} anew` : `set ${how}`;
  }

  #shown(text: string): string {
    return this.#redact(text.replace(/\s+/g, ' ').trim()).slice(0, 200) || '(nothing said)';
  }
}

/** All pages of a list, the first asked for without a token, each other with that of the one before. */
async function allPages<P extends { next_page_token?: string | undefined }>(
  ask: (token: { readonly page_token?: string }) => Promise<P>,
): Promise<P[]> {
  const pages = [await ask({})];
  for (;;) {
    const token = pages.at(-1)?.next_page_token ?? '';
    if (token === '') return pages;
    pages.push(await ask({ page_token: token }));
  }
}

/** MLflow's code of a refusal, where it gave one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Refusal ? error.code : undefined;
}

function runOf({ info, data }: z.output<typeof run>): MlflowRun {
  return {
    ...{ id: info.run_id, status: info.status },
    metrics: new Map(data.metrics.map(({ key, value }) => [key, value])),
    params: new Map(data.params.map(({ key, value }) => [key, value])),
    tags: new Map(data.tags.map(({ key, value }) => [key, value])),
  };
}

function tagOf([key, value]: readonly [string, string]) {
  return { key, value: value.slice(0, LONGEST.tag) };
}
