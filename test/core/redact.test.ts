import { describe, expect, it } from 'vitest';
import { redactor } from '../../src/core/redact.js';

describe('redactor', () => {
  const redact = redactor(['hunter2&"x', undefined, 'abc']);

  it('masks a known secret as it is, in an address and in JSON', () => {
    const secret = 'hunter2&"x';
    const text = `${secret} ${encodeURIComponent(secret)} ${JSON.stringify({ secret })}`;
    expect(redact(text)).toBe('[key] [key] {"secret":"[key]"}');
  });

  it('does not mask what is too short to be a secret', () => {
    expect(redact('abc abcd')).toBe('abc abcd');
  });

  it.each([
    ['Authorization: Bearer abc.def-123', 'Authorization: [key] [key]'],
    ['{"authorization":"Basic dXNlcjpwYXNz"}', '{"authorization":"[key] [key]"}'],
    ['x-api-key=12345; next', 'x-api-key=[key]; next'],
    ['Set-Cookie: session=1234567; Path=/', 'Set-Cookie: [key]; Path=/'],
    ['the key sk-proj-1234567890 is wrong', 'the key [key] is wrong'],
    ['https://user:pass@host.example/v1', 'https://[key]@host.example/v1'],
    ['https://host.example/v1?a=1&api_key=secret&b=2', 'https://host.example/v1?a=1&api_key=[key]&b=2'],
    ['https://host.example/v1?token=secret', 'https://host.example/v1?token=[key]'],
  ])('masks what has the form of a credential: %s', (text, masked) => {
    expect(redactor([])(text)).toBe(masked);
  });

  it('leaves other text as it is', () => {
    const text = 'The bearer of a letter asks at https://host.example:8080/v1?page=2 for a cookie.';
    expect(redactor([])(text)).toBe(text);
  });
});
