/** What an HTTP error of an OpenAI-compatible endpoint means: one table from status, code and words to a named outcome. */
import { isObject, jsonIn } from '../../core/json.js';
import type { ChatFailureStatus } from '../chat-model.js';

/** Whether asking again may help: never, after a pause of one's own, or when the endpoint's pace allows. */
export type Retry = 'no' | 'backoff' | 'throttle';

export interface ErrorMeaning {
  readonly status: ChatFailureStatus;
  readonly retry: Retry;
  /** Retries after which this is taken as final, where fewer than usual. */
  readonly maxRetries?: number;
  readonly message: string;
  /** The request field that the server named, e.g. `response_format`. */
  readonly parameter: string | null;
}

interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly parameter: string | null;
}

/** DashScope says `insufficient_quota` for rates too, so there it is final only after some tries. */
const AMBIGUOUS_QUOTA_RETRIES = 5;

const FILTERED =
  /content[_ -]?filter|data_?inspection_?failed|inappropriate content|content (management )?policy|risk_control/i;
const TOO_LONG =
  /context[_ ]length|context window|maximum context|too many tokens|prompt is too long|input (is )?too long|range of input length|exceeds? the (available |model'?s )?(context|max)/i;
const OUT_OF_QUOTA =
  /insufficient_quota|exceeded your current quota|billing_hard_limit|credit balance|insufficient (balance|credits?)/i;
const ACCOUNT_CLOSED = /arrearage|account .{0,20}(deactivated|suspended|overdue)|access denied.{0,40}good standing/i;
const MODEL_UNKNOWN = /model[_ ]not[_ ]found|model .{0,120}(does not exist|not exist|not found)/i;
const RATE = /rate[_ -]?limit|throttl|too many requests|limit_(requests|burst)|requests? rate/i;

/** Meaning of an error response; `host` tells endpoints apart that use one code for different things. */
export function meaningOf(httpStatus: number, body: string, host: string): ErrorMeaning {
  const error = readError(body);
  const message = `HTTP ${httpStatus}${error.code === '' ? '' : ` ${error.code}`}: ${error.message || 'no message'}`;
  const kind = httpStatus === 200 ? withinSuccess(error, host) : byWords(httpStatus, error, host);
  return { ...kind, message, parameter: error.parameter };
}

/**
 * An error with status 200 is what its own number says. It is not asked again but for the pace's sake: a server that answers so has
 * computed, and may charge.
 */
function withinSuccess(error: ErrorBody, host: string): Kind {
  const status = Number(/(?:^|\s)([45]\d\d)(?:\s|$)/.exec(error.code)?.[1] ?? 200);
  const kind = byWords(status, error, host);
  return status === 200 && kind.status === 'bad-request'
    ? { status: 'malformed', retry: 'no' }
    : { ...kind, retry: kind.retry === 'throttle' ? 'throttle' : 'no' };
}

type Kind = Pick<ErrorMeaning, 'status' | 'retry' | 'maxRetries'>;

function byWords(httpStatus: number, error: ErrorBody, host: string): Kind {
  const words = `${error.code} ${error.message}`;
  if (FILTERED.test(words) && httpStatus < 500) return { status: 'filtered', retry: 'no' };
  if (ACCOUNT_CLOSED.test(words)) return { status: 'quota', retry: 'no' };
  if (OUT_OF_QUOTA.test(words)) return quota(host);
  if (TOO_LONG.test(words) && httpStatus < 500 && httpStatus !== 429) return { status: 'too-long', retry: 'no' };
  if (MODEL_UNKNOWN.test(words) && httpStatus < 500) return { status: 'not-found', retry: 'no' };
  if (RATE.test(words) && httpStatus !== 401 && httpStatus !== 403)
    return { status: 'rate-limited', retry: 'throttle' };
  return byStatus(httpStatus);
}

function quota(host: string): Kind {
  if (!host.endsWith('aliyuncs.com')) return { status: 'quota', retry: 'no' };
  return { status: 'quota', retry: 'throttle', maxRetries: AMBIGUOUS_QUOTA_RETRIES };
}

const BY_STATUS: Readonly<Record<number, Kind>> = {
  401: { status: 'unauthorized', retry: 'no' },
  402: { status: 'quota', retry: 'no' },
  403: { status: 'unauthorized', retry: 'no' },
  404: { status: 'not-found', retry: 'no' },
  405: { status: 'not-found', retry: 'no' },
  408: { status: 'timeout', retry: 'backoff' },
  409: { status: 'server-error', retry: 'backoff' },
  413: { status: 'too-long', retry: 'no' },
  425: { status: 'server-error', retry: 'backoff' },
  429: { status: 'rate-limited', retry: 'throttle' },
  503: { status: 'server-error', retry: 'throttle' },
  529: { status: 'server-error', retry: 'throttle' },
};

function byStatus(httpStatus: number): Kind {
  const known = BY_STATUS[httpStatus];
  if (known !== undefined) return known;
  return httpStatus >= 500 ? { status: 'server-error', retry: 'backoff' } : { status: 'bad-request', retry: 'no' };
}

/** Words by which a field that could hold an error says that there is none. */
const NO_ERROR = /^(?:|0|200|ok|success|succeeded|none|null|no error|false)$/i;

/** Whether the value of a field `error` says that something went wrong; `null`, `{}`, `""`, `{code: 0, message: "ok"}` do not. */
export function saysError(error: unknown): boolean {
  if (Array.isArray(error)) return error.some(saysError);
  if (isObject(error)) return Object.values(error).some(saysError);
  return error !== undefined && error !== null && !NO_ERROR.test(JSON.stringify(error).replace(/^"\s*|\s*"$/g, ''));
}

/** Fields by which a body without an answer says what went wrong. */
const TELLING = ['error', 'errors', 'message', 'msg', 'detail', 'error_msg', 'error_message', 'base_resp', 'code'];

/** Whether a body without an answer tells of an error. */
export function tellsError(body: Record<string, unknown>): boolean {
  return TELLING.some((field) => saysError(body[field]));
}

/** Reads `{error: {code, type, message, param}}`, `{error: "…"}`, `{errors: […]}`, `{code, message}`, `{detail}` or plain text. */
function readError(body: string): ErrorBody {
  const parsed = parseObject(body);
  const error = [parsed?.['error'], firstOf(parsed?.['errors']), parsed?.['base_resp'], parsed].find(saysError);
  if (typeof error === 'string') return { code: '', message: brief(error), parameter: null };
  if (!isObject(error)) return { code: '', message: brief(body), parameter: null };
  const message = MESSAGES.map((name) => error[name]).find(saysError);
  return {
    code: [error['code'], error['status_code'], error['type']].filter(isCode).join(' '),
    message: brief(typeof message === 'string' ? message : (JSON.stringify(message) ?? '')),
    parameter: typeof error['param'] === 'string' ? error['param'] : null,
  };
}

const MESSAGES = ['message', 'detail', 'msg', 'error_msg', 'error_message', 'status_msg'];

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[])[0] : undefined;
}

function isCode(code: unknown): code is string | number {
  return (typeof code === 'string' && code !== '') || typeof code === 'number';
}

/** The JSON object in a text; null where it is none. */
export function parseObject(text: string): Record<string, unknown> | null {
  const value = jsonIn(text);
  return isObject(value) ? value : null;
}

function brief(text: string): string {
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > 300 ? `${plain.slice(0, 300)} …` : plain;
}
