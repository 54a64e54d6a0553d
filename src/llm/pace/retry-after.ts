/** How long a server asks to be left alone, in every form that servers say it. */

/** Read access to response headers, names in any case. */
export interface HeaderSource {
  get(name: string): string | null;
}

/**
 * Milliseconds to wait as asked by this response, at least 0; null when it does not say or says nonsense.
 * `retry-after-ms` goes before `retry-after`, which may be seconds (whole or not), a number with `ms` or `s`, or an HTTP
 * date (RFC 9110 §10.2.3), read against the response's own `date` so that a wrong clock here does no harm.
 */
export function retryAfterMs(headers: HeaderSource, now: number): number | null {
  const exact = milliseconds(headers.get('retry-after-ms'), 1);
  if (exact !== null) return exact;
  const value = headers.get('retry-after');
  if (value === null) return null;
  return milliseconds(value, 1000) ?? untilDate(value, headers.get('date'), now);
}

function milliseconds(value: string | null, unit: number): number | null {
  const match = /^\s*([+-]?\d+(?:\.\d+)?)\s*(ms|s)?\s*$/i.exec(value ?? '');
  if (match === null) return null;
  const [, number, suffix] = match;
  const scale = suffix === undefined ? unit : suffix.toLowerCase() === 'ms' ? 1 : 1000;
  const wait = Number(number) * scale;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

function untilDate(value: string, serverDate: string | null, now: number): number | null {
  if (!/[a-z]{3}/i.test(value)) return null;
  const until = Date.parse(value);
  if (Number.isNaN(until)) return null;
  const reference = serverDate === null ? NaN : Date.parse(serverDate);
  return Math.max(0, until - (Number.isNaN(reference) ? now : reference));
}
