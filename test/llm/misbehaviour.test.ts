import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatOptions } from '../../src/llm/chat-model.js';
import { ChatEndpoint } from '../../src/llm/endpoint.js';
import { Limiter } from '../../src/llm/pace/limiter.js';
import type { EndpointSettings } from '../../src/llm/settings.js';
import { completion, failure, startServer, steps, type Script, type Step } from './support/mock-server.js';

const good = completion('A good answer.');
const httpDate = (ms: number): string => new Date(Date.now() + ms).toUTCString();
const html: Step = { headers: { 'content-type': 'text/html' }, body: '<html><body>502 Bad Gateway</body></html>' };

interface Case {
  readonly name: string;
  readonly script: Script;
  /** Name of the outcome. */
  readonly status: string;
  /** Requests that the server sees. */
  readonly requests: number;
  readonly text?: string;
  /** What the message must say. */
  readonly says?: RegExp;
  readonly settings?: Partial<EndpointSettings>;
  readonly options?: ChatOptions;
  /** Least time the whole may take. */
  readonly atLeastMs?: number;
  readonly atMostMs?: number;
}

const throttled = (headers: Record<string, string>): Step =>
  failure(429, { code: 'rate_limit_exceeded', message: 'slow down' }, headers);

/** A chunk of a stream, as an event. */
const chunk = (delta: object, rest: object = {}): string =>
  `data: ${JSON.stringify({ choices: [{ delta, ...rest }], model: 'm' })}\n\n`;
const END = `${chunk({}, { finish_reason: 'stop' })}data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n`;
const EVENTS = `${chunk({ role: 'assistant', content: '' })}${chunk({ content: 'A good' })}${chunk({ content: ' answer.' })}${END}data: [DONE]\n\n`;
const STREAMS: readonly (readonly [name: string, body: string, text: string])[] = [
  ['chunks', EVENTS, 'A good answer.'],
  ['comments and carriage returns', `: KEEP ALIVE\n\n${EVENTS}`.replaceAll('\n', '\r\n'), 'A good answer.'],
  ['events without blank lines', EVENTS.replaceAll('\n\n', '\n'), 'A good answer.'],
  ['no blank behind the colon', EVENTS.replaceAll('data: ', 'data:'), 'A good answer.'],
  [
    'thoughts apart',
    `${chunk({ reasoning_content: 'Hm. Lon' })}${chunk({ reasoning_content: 'don?' })}${EVENTS}`,
    'A good answer.',
  ],
  [
    'thoughts in marks',
    `${chunk({ content: '<thi' })}${chunk({ content: 'nk>Hm.</think>' })}${EVENTS}`,
    'A good answer.',
  ],
  ['one event that holds all', `data: ${JSON.stringify(good.body)}\n\ndata: [DONE]\n\n`, 'A good answer.'],
  [
    'JSON lines',
    EVENTS.replace('data: [DONE]', '').replaceAll('data: ', '').replaceAll('\n\n', '\n'),
    'A good answer.',
  ],
  ['the end of the reason alone', EVENTS.replace('data: [DONE]\n\n', ''), 'A good answer.'],
];

const CASES: readonly Case[] = [
  { name: 'a good answer', script: steps(good), status: 'ok', requests: 1, text: 'A good answer.' },
  // 16: 429 and Retry-After
  { name: '429 without Retry-After', script: steps(throttled({}), good), status: 'ok', requests: 2 },
  {
    name: '429 with seconds',
    script: steps(throttled({ 'retry-after': '1' }), good),
    status: 'ok',
    requests: 2,
    atLeastMs: 990,
  },
  {
    name: '429 with fractions of a second',
    script: steps(throttled({ 'retry-after': '0.2' }), good),
    status: 'ok',
    requests: 2,
    atLeastMs: 195,
    atMostMs: 900,
  },
  {
    name: '429 with a date',
    script: steps(throttled({ 'retry-after': httpDate(60_000), date: httpDate(59_000) }), good),
    status: 'ok',
    requests: 2,
    atLeastMs: 900,
    atMostMs: 3000,
  },
  {
    name: '429 with a date that has passed',
    script: steps(throttled({ 'retry-after': httpDate(-60_000) }), good),
    status: 'ok',
    requests: 2,
    atMostMs: 900,
  },
  {
    name: '429 with milliseconds',
    script: steps(throttled({ 'retry-after-ms': '150', 'retry-after': '60' }), good),
    status: 'ok',
    requests: 2,
    atLeastMs: 145,
    atMostMs: 900,
  },
  {
    name: '429 with a negative wait',
    script: steps(throttled({ 'retry-after': '-5' }), good),
    status: 'ok',
    requests: 2,
    atMostMs: 900,
  },
  {
    name: '429 with no wait',
    script: steps(throttled({ 'retry-after': '0' }), good),
    status: 'ok',
    requests: 2,
    atMostMs: 900,
  },
  {
    name: '429 with nonsense for a wait',
    script: steps(throttled({ 'retry-after': 'soon' }), good),
    status: 'ok',
    requests: 2,
    atMostMs: 900,
  },
  {
    name: '429 with a wait of a day',
    script: steps(throttled({ 'retry-after': '86400' }), good),
    settings: { maxRetryAfterMs: 300 },
    status: 'rate-limited',
    requests: 1,
    atMostMs: 900,
  },
  {
    name: '429 whose second wait is shorter',
    script: steps(throttled({ 'retry-after-ms': '400' }), throttled({ 'retry-after-ms': '50' }), good),
    status: 'ok',
    requests: 3,
    atLeastMs: 440,
    atMostMs: 1400,
  },
  {
    name: '429 for ever',
    script: steps(throttled({ 'retry-after-ms': '10' })),
    status: 'rate-limited',
    requests: -1,
    settings: { deadlineMs: 300 },
    atMostMs: 2000,
  },
  // 17: quota
  {
    name: 'quota used up',
    script: steps(failure(429, { code: 'insufficient_quota', message: 'You exceeded your current quota' }), good),
    status: 'quota',
    requests: 1,
  },
  {
    name: 'payment required',
    script: steps(failure(402, { message: 'Insufficient Balance' }), good),
    status: 'quota',
    requests: 1,
  },
  {
    name: 'account in arrears',
    script: steps(
      failure(400, { code: 'Arrearage', message: 'Access denied, please make sure your account is in good standing.' }),
      good,
    ),
    status: 'quota',
    requests: 1,
  },
  // 18: server and network errors
  ...[500, 502, 504, 520].map((status): Case => ({
    name: `HTTP ${status} once`,
    script: steps(failure(status, { message: 'oops' }), good),
    status: 'ok',
    requests: 2,
  })),
  ...[503, 529].map((status): Case => ({
    name: `HTTP ${status} twice`,
    script: steps(failure(status, { message: 'overloaded' }), failure(status, {}), good),
    status: 'ok',
    requests: 3,
  })),
  {
    name: 'HTTP 500 for ever',
    script: steps(failure(500, { message: 'oops' })),
    status: 'server-error',
    requests: 4,
    says: /HTTP 500.*oops/,
  },
  {
    name: 'HTTP 503 with Retry-After',
    script: steps({ status: 503, headers: { 'retry-after': '1' } }, good),
    status: 'ok',
    requests: 2,
    atLeastMs: 990,
  },
  ...(
    [
      [400, 'bad-request'],
      [401, 'unauthorized'],
      [403, 'unauthorized'],
      [404, 'not-found'],
      [405, 'not-found'],
      [413, 'too-long'],
      [422, 'bad-request'],
      [418, 'bad-request'],
    ] as const
  ).map(([status, outcome]): Case => ({
    name: `HTTP ${status}`,
    script: steps(failure(status, { message: 'no' }), good),
    status: outcome,
    requests: 1,
  })),
  {
    name: 'a redirect',
    script: steps({ status: 307, headers: { location: 'http://127.0.0.1:9/v1' } }),
    status: 'bad-request',
    requests: 1,
    says: /redirected to/,
  },
  { name: 'a connection cut before the answer', script: steps({ reset: 'before' }, good), status: 'ok', requests: 2 },
  {
    name: 'a connection cut within the answer',
    script: steps({ ...good, reset: 'within' }, good),
    status: 'ok',
    requests: 2,
  },
  { name: 'connections cut for ever', script: steps({ reset: 'before' }), status: 'network', requests: 4 },
  // 19: deadlines
  {
    name: 'no answer at all',
    script: steps({ silent: true }),
    status: 'timeout',
    requests: 2,
    settings: { timeoutMs: 100, maxAttempts: 2 },
    atMostMs: 1500,
  },
  {
    name: 'headers, then a body that stalls',
    script: steps({ ...good, stall: true }),
    status: 'timeout',
    requests: 2,
    settings: { timeoutMs: 100, maxAttempts: 2 },
    atMostMs: 1500,
  },
  {
    name: 'a body that stalls once',
    script: steps({ ...good, stall: true }, good),
    status: 'ok',
    requests: 2,
    settings: { timeoutMs: 100 },
  },
  {
    name: 'a total deadline',
    script: steps(failure(500, {})),
    status: 'server-error',
    requests: -1,
    settings: { deadlineMs: 120, maxAttempts: 100, backoffMs: 40 },
    atMostMs: 2000,
  },
  // 20: 200 that is none
  {
    name: '200 with an error in it',
    script: steps({ body: { error: { message: 'upstream failed' } } }, good),
    status: 'malformed',
    requests: 1,
    says: /HTTP 200: upstream failed/,
  },
  {
    name: '200 with an error of a number in it',
    script: steps({ body: { error: { code: 502, message: 'upstream failed' } } }, good),
    status: 'server-error',
    requests: 1,
    says: /502: upstream failed/,
  },
  {
    name: '200 with an error beside half an answer',
    script: steps(completion('Half a', { error: { code: 'upstream', message: 'lost' } }), good),
    status: 'malformed',
    requests: 1,
    says: /upstream: lost/,
  },
  ...(
    [
      [{ object: 'error', message: 'no such thing', code: 400 }, 'bad-request', /no such thing/],
      [{ detail: 'bad field' }, 'malformed', /bad field/],
      [{ errors: [{ message: 'one of many' }] }, 'malformed', /one of many/],
      [{ base_resp: { status_code: 1004, status_msg: 'login fail' } }, 'malformed', /1004: login fail/],
      [{ error: 'plain words' }, 'malformed', /plain words/],
      [{ error: { code: 401, message: 'no key' } }, 'unauthorized', /no key/],
      [{ code: 'Arrearage', message: 'overdue' }, 'quota', /overdue/],
    ] as const
  ).map(([body, status, says]): Case => ({
    name: `200 with ${JSON.stringify(body)}`,
    script: steps({ body }, good),
    status,
    requests: 1,
    says,
  })),
  ...[null, {}, '', false, [], 0, { code: null, message: '' }, { code: 0, message: 'success' }].map((error): Case => ({
    name: `a good answer beside error: ${JSON.stringify(error)}`,
    script: steps(completion('A good answer.', { error })),
    status: 'ok',
    requests: 1,
    text: 'A good answer.',
  })),
  {
    name: 'a good answer beside fields of the maker',
    script: steps(
      completion('A good answer.', {
        ...{ code: 0, msg: 'success', detail: null, warnings: ['slow'], usage: null, model: null },
        message: { tool_calls: [], audio: null, annotations: [], function_call: null, refusal: null },
      }),
    ),
    status: 'ok',
    requests: 1,
  },
  {
    name: '200 with a rate limit in it',
    script: steps({ body: { error: { code: 'rate_limit_exceeded', message: 'rate limit' } } }, good),
    status: 'ok',
    requests: 2,
  },
  { name: '200 with HTML', script: steps(html), status: 'malformed', requests: 3, says: /not JSON/ },
  {
    name: '200 with JSON cut short',
    script: steps({ body: '{"choices":[{"message":{"content":"A go' }, good),
    status: 'ok',
    requests: 2,
  },
  { name: '200 with an empty body', script: steps({ body: '' }, good), status: 'ok', requests: 2 },
  { name: '200 with no choices', script: steps({ body: { choices: [] } }), status: 'malformed', requests: 1 },
  { name: '200 with null for choices', script: steps({ body: { choices: null } }), status: 'malformed', requests: 1 },
  { name: '200 with a list', script: steps({ body: [good.body] }), status: 'malformed', requests: 1 },
  {
    name: '200 with a choice of another form',
    script: steps({ body: { choices: [{ text: 'old style' }] } }),
    status: 'malformed',
    requests: 1,
  },
  { name: '200 with a tool call', script: steps(completion('x', {}, 'tool_calls')), status: 'malformed', requests: 1 },
  // finish reasons: only known ones make a whole answer
  ...['stop', 'STOP', 'eos', 'eos_token', 'stop_sequence', 'end_turn', 'COMPLETE'].map((reason): Case => ({
    name: `an answer that ended with ${reason}`,
    script: steps(completion('A good answer.', {}, reason)),
    status: 'ok',
    requests: 1,
  })),
  ...['error', 'abort', 'cancelled', 'timeout', 'insufficient_system_resource', 'OTHER', 'network_error', ''].map(
    (reason): Case => ({
      name: `half an answer that ended with "${reason}"`,
      script: steps(completion('Half a', {}, reason), good),
      status: 'malformed',
      requests: 1,
      says: new RegExp(`ended with "${reason}", which is no whole answer`),
    }),
  ),
  {
    name: 'half an answer with an error in its choice',
    script: steps({
      body: {
        choices: [{ message: { content: 'Half a' }, finish_reason: 'error', error: { code: 502, message: 'lost' } }],
      },
    }),
    status: 'malformed',
    requests: 1,
    says: /"error", which is no whole answer: .*lost/,
  },
  ...['MAX_TOKENS', 'model_length', 'max_output_tokens', 'model_context_window_exceeded'].map((reason): Case => ({
    name: `an answer cut by ${reason}`,
    script: steps(completion('A go', {}, reason)),
    status: 'truncated',
    requests: 2,
  })),
  ...['SAFETY', 'sensitive', 'guardrail_intervened'].map((reason): Case => ({
    name: `an answer held back by ${reason}`,
    script: steps(completion('A', {}, reason)),
    status: 'filtered',
    requests: 1,
  })),
  // streams unasked
  ...STREAMS.map(([name, body, text]): Case => ({
    name: `a stream: ${name}`,
    script: steps({ headers: { 'content-type': 'text/event-stream' }, body }),
    status: 'ok',
    requests: 1,
    text,
  })),
  {
    name: 'a stream that stays open behind its end',
    script: steps({ headers: { 'content-type': 'text/event-stream' }, body: EVENTS, open: true }),
    status: 'ok',
    requests: 1,
    text: 'A good answer.',
    atMostMs: 2000,
  },
  {
    name: 'a stream cut at the limit',
    script: steps({ body: EVENTS.replace('"finish_reason":"stop"', '"finish_reason":"length"') }),
    status: 'truncated',
    requests: 2,
  },
  {
    name: 'a stream that ended with an error as its reason',
    script: steps({ body: EVENTS.replace('"finish_reason":"stop"', '"finish_reason":"error"') }),
    status: 'malformed',
    requests: 1,
    says: /ended with "error"/,
  },
  {
    name: 'a stream that broke off once',
    script: steps({ body: EVENTS.slice(0, EVENTS.indexOf('{"choices":[{"delta":{},')) }, good),
    status: 'ok',
    requests: 2,
  },
  {
    name: 'a stream with an error in it',
    script: steps({
      body: `${chunk({ content: 'Half' })}data: {"error":{"message":"upstream lost"}}\n\ndata: [DONE]\n\n`,
    }),
    status: 'malformed',
    requests: 1,
    says: /upstream lost/,
  },
  {
    name: 'a stream that is an error',
    script: steps({ body: 'event: error\ndata: {"message":"overloaded upstream"}\n\n' }, good),
    status: 'malformed',
    requests: 1,
    says: /overloaded upstream/,
  },
  {
    name: 'text/plain that is a good answer',
    script: steps({ ...good, headers: { 'content-type': 'text/plain' } }),
    status: 'ok',
    requests: 1,
  },
  // 21: cut answers
  {
    name: 'an answer cut once',
    script: (request) => (Number(request.body['max_tokens']) > 2048 ? good : completion('A go', {}, 'length')),
    status: 'ok',
    requests: 2,
    text: 'A good answer.',
  },
  {
    name: 'an answer always cut',
    script: steps(completion('A go', {}, 'length')),
    status: 'truncated',
    requests: 2,
    text: 'A go',
  },
  // 22: empty answers and thinking
  { name: 'an empty answer once', script: steps(completion(''), good), status: 'ok', requests: 2 },
  { name: 'null for an answer', script: steps(completion(null)), status: 'empty', requests: 3 },
  { name: 'white space for an answer', script: steps(completion(' \n\t ')), status: 'empty', requests: 3 },
  {
    name: 'only reasoning',
    script: steps(completion('', { message: { reasoning_content: 'Let me think' } })),
    status: 'empty',
    requests: 1,
    says: /thinking off/,
  },
  {
    name: 'only reasoning, cut at the limit, then an answer where there is more room',
    script: (request) =>
      Number(request.body['max_tokens']) > 2048
        ? good
        : completion('', { message: { reasoning: 'Let me think' } }, 'length'),
    status: 'ok',
    requests: 2,
  },
  ...(['reasoning_content', 'reasoning', 'thinking'] as const).map((field): Case => ({
    name: `thoughts in ${field}, and again before the answer`,
    script: steps(completion('Hm. London?\nYes.', { message: { [field]: 'Hm. London?\n' } })),
    status: 'ok',
    requests: 1,
    text: 'Yes.',
  })),
  {
    name: 'thoughts as parts of the content',
    script: steps(
      completion(null, {
        message: {
          content: [
            { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
            { type: 'reasoning', text: 'London?' },
            { type: 'text', text: 'Yes.' },
          ],
        },
      }),
    ),
    status: 'ok',
    requests: 1,
    text: 'Yes.',
  },
  {
    name: 'a part of the content that is no text',
    script: steps(completion(null, { message: { content: [{ type: 'image_url', image_url: { url: 'x' } }] } })),
    status: 'malformed',
    requests: 1,
    says: /a part that is no text/,
  },
  {
    name: 'channels of thoughts and answer',
    script: steps(
      completion(
        '<|channel|>analysis<|message|>London?<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>',
      ),
    ),
    status: 'ok',
    requests: 1,
    text: 'Yes.',
  },
  {
    name: 'thoughts in brackets',
    script: steps(completion('[THINK]Hm.[/THINK]Yes.')),
    status: 'ok',
    requests: 1,
    text: 'Yes.',
  },
  {
    name: 'an answer, then a thought that never ends',
    script: steps(completion('Yes.\n<think>But')),
    status: 'malformed',
    requests: 1,
    says: /a thought in the answer that never ends/,
  },
  {
    name: 'a thinking block before the answer',
    script: steps(completion('<think>Hm, a < b.\n</think>\n\nYes.')),
    status: 'ok',
    requests: 1,
    text: 'Yes.',
  },
  {
    name: 'a thinking block without its opening tag',
    script: steps(completion('Hm.\n</think>\nYes.')),
    status: 'ok',
    requests: 1,
    text: 'Yes.',
  },
  {
    name: 'a thinking block that never ends',
    script: steps(completion('<think>Hm, hm, hm')),
    status: 'empty',
    requests: 1,
  },
  {
    name: 'content in parts',
    script: steps(
      completion(null, {
        message: {
          content: [
            { type: 'text', text: 'Two ' },
            { type: 'text', text: 'parts.' },
          ],
        },
      }),
    ),
    status: 'ok',
    requests: 1,
    text: 'Two parts.',
  },
  // 23: refusals and filters
  {
    name: 'a refusal by field',
    script: steps(completion(null, { message: { refusal: 'I can’t help with that.' } }), good),
    status: 'refusal',
    requests: 1,
  },
  {
    name: 'a refusal in words',
    script: steps(completion("I'm sorry, but I can't assist with that request."), good),
    status: 'refusal',
    requests: 1,
  },
  {
    name: 'a refusal in Chinese',
    script: steps(completion('抱歉，我无法提供这方面的信息。'), good),
    status: 'refusal',
    requests: 1,
  },
  {
    name: 'a content filter by finish reason',
    script: steps(completion('', {}, 'content_filter'), good),
    status: 'filtered',
    requests: 1,
  },
  {
    name: 'a content filter by error',
    script: steps(failure(400, { code: 'content_filter', message: 'triggered' }), good),
    status: 'filtered',
    requests: 1,
  },
  {
    name: 'data inspection failed',
    script: steps(
      failure(400, { code: 'data_inspection_failed', message: 'Output data may contain inappropriate content.' }),
      good,
    ),
    status: 'filtered',
    requests: 1,
  },
  // too long, and parameters a server does not know
  {
    name: 'a prompt too long',
    script: steps(
      failure(400, { code: 'context_length_exceeded', message: "This model's maximum context length is 4096 tokens" }),
    ),
    status: 'too-long',
    requests: 1,
  },
  {
    name: 'response_format unknown',
    script: (request) =>
      'response_format' in request.body ? failure(400, { message: "Unsupported parameter: 'response_format'" }) : good,
    status: 'ok',
    requests: 2,
    options: { json: true },
  },
  {
    name: 'max_completion_tokens wanted',
    script: (request) =>
      'max_tokens' in request.body
        ? failure(400, {
            message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            param: 'max_tokens',
          })
        : good,
    status: 'ok',
    requests: 2,
  },
  {
    name: 'max_tokens too large',
    script: (request) =>
      Number(request.body['max_tokens']) > 1024
        ? failure(400, { message: 'Range of max_tokens should be [1, 1024]' })
        : good,
    status: 'ok',
    requests: 2,
  },
  {
    name: 'enable_thinking wanted false',
    script: (request) =>
      request.body['enable_thinking'] === false
        ? good
        : failure(400, { message: 'parameter.enable_thinking must be set to false for non-streaming calls' }),
    status: 'ok',
    requests: 2,
  },
  {
    name: 'chat_template_kwargs unknown',
    script: (request) =>
      'chat_template_kwargs' in request.body
        ? failure(422, { message: 'Extra inputs are not permitted: chat_template_kwargs' })
        : good,
    status: 'ok',
    requests: 2,
    settings: { model: 'qwen3-8b' },
  },
  {
    name: 'a model that is not there',
    script: steps({ status: 404, body: { error: "model 'x' not found" } }),
    status: 'not-found',
    requests: 1,
  },
  {
    name: 'detail in place of an error',
    script: steps({ status: 422, body: { detail: [{ msg: 'field required' }] } }),
    status: 'bad-request',
    requests: 1,
    says: /field required/,
  },
  // odd but good
  {
    name: 'lone surrogates',
    script: steps({ body: '{"choices":[{"message":{"content":"a\\ud800b"},"finish_reason":"stop"}]}' }),
    status: 'ok',
    requests: 1,
    text: 'a\ufffdb',
  },
  {
    name: 'no usage, no model, no finish reason',
    script: steps({ body: { choices: [{ message: { content: 'ok' } }] } }),
    status: 'ok',
    requests: 1,
    text: 'ok',
  },
  {
    name: 'keys __proto__ and constructor',
    script: steps({
      body: '{"__proto__":{"x":1},"constructor":2,"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}',
    }),
    status: 'ok',
    requests: 1,
    text: 'ok',
  },
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-llm-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an endpoint that misbehaves', () => {
  let ran = 0;
  test.each(CASES)(
    '$name',
    async (one) => {
      const server = await startServer(one.script);
      const settings = {
        baseUrl: server.url,
        model: 'm',
        maxAttempts: 4,
        backoffMs: 5,
        cacheFolder: join(folder, one.name),
        ...one.settings,
      };
      const endpoint = new ChatEndpoint(settings, { limiter: new Limiter() });
      const from = performance.now();
      try {
        const outcome = await endpoint.complete([{ role: 'user', content: 'Hello' }], one.options);
        const took = performance.now() - from;
        expect(outcome.status, JSON.stringify(outcome)).toBe(one.status);
        if (one.requests >= 0) expect(server.received.length).toBe(one.requests);
        if (one.text !== undefined) expect(outcome).toHaveProperty('text', one.text);
        if (one.says !== undefined) expect('message' in outcome ? outcome.message : '').toMatch(one.says);
        expect(took).toBeGreaterThanOrEqual(one.atLeastMs ?? 0);
        expect(took).toBeLessThan(one.atMostMs ?? 20_000);
        const before = server.received.length;
        const again = await endpoint.complete([{ role: 'user', content: 'Hello' }], one.options);
        // Only whole answers are kept; anything else is asked for again.
        expect(again.status === 'ok' && again.cached).toBe(outcome.status === 'ok');
        expect(server.received.length === before).toBe(outcome.status === 'ok');
      } finally {
        await server.close();
      }
      ran++;
    },
    30_000,
  );
  test('every case of the table ran', () => {
    console.log(`${ran} of ${CASES.length} cases of misbehaviour ran`);
    expect(ran).toBe(CASES.length);
    expect(ran).toBeGreaterThanOrEqual(60);
  });
});
