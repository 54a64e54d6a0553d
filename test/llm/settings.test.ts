import { describe, expect, test } from 'vitest';
import { redactor } from '../../src/core/redact.js';
import { endpointSettings, keyFor, normalBaseUrl } from '../../src/llm/settings.js';

describe('an endpoint’s address', () => {
  test('has one form', () => {
    for (const text of [
      'https://a.example/v1',
      'https://a.example/v1/',
      'HTTPS://A.example/v1//',
      'https://a.example/v1/chat/completions',
    ]) {
      expect(normalBaseUrl(text)).toBe('https://a.example/v1');
    }
  });

  test('that is none, or carries credentials, is refused with what to do', () => {
    for (const text of [
      '',
      'a.example/v1',
      'ftp://a.example',
      'https://user:pass@a.example/v1',
      'https://a.example/v1?key=abc',
      'https://a.example/#x',
    ]) {
      expect(() => normalBaseUrl(text)).toThrow(/invalid endpoint/);
    }
  });
});

describe('a key', () => {
  const all = { DASHSCOPE_API_KEY: 'dash', OPENAI_API_KEY: 'open' };

  test('goes only to the host it is for', () => {
    expect(keyFor('https://dashscope.aliyuncs.com/compatible-mode/v1', all)).toBe('dash');
    expect(keyFor('https://dashscope-intl.aliyuncs.com/compatible-mode/v1', all)).toBe('dash');
    expect(keyFor('https://api.openai.com/v1', all)).toBe('open');
    expect(keyFor('https://evil-aliyuncs.com/v1', all)).toBeUndefined();
    expect(keyFor('https://api.openai.com.evil.example/v1', all)).toBeUndefined();
    expect(keyFor('http://localhost:8000/v1', all)).toBeUndefined();
    expect(keyFor('https://llm.example/v1', { ...all, OPENAI_BASE_URL: 'https://llm.example/v1' })).toBe('open');
    expect(keyFor('https://llm.example/v1', { ...all, LIGHTMEM_API_KEY: 'own' })).toBe('own');
  });

  test('that is missing where one is needed is told before anything is sent', () => {
    expect(() => endpointSettings({ baseUrl: 'https://api.openai.com/v1', model: 'm' }, {})).toThrow(/OPENAI_API_KEY/);
    expect(() =>
      endpointSettings({ baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1', model: 'm' }, {}),
    ).toThrow(/DASHSCOPE_API_KEY/);
    expect(endpointSettings({ baseUrl: 'http://localhost:1/v1', model: 'm' }, {})).not.toHaveProperty('apiKey');
    expect(() => endpointSettings({ model: 'm' }, {})).toThrow(/no endpoint/);
  });

  test('with a line break is refused rather than sent', () => {
    expect(() => keyFor('http://localhost/v1', { LIGHTMEM_API_KEY: 'a\nb' })).toThrow(/LIGHTMEM_API_KEY/);
  });

  test('is masked in every form', () => {
    const redact = redactor(['s3cr3t/ke+y']);
    const texts = [
      'key s3cr3t/ke+y here',
      'url ?x=s3cr3t%2Fke%2By',
      'Authorization: Bearer abcdefghijk',
      '{"authorization":"Bearer abcdefghijk"}',
      'x-api-key: abcdefghijk',
      'https://user:abcdefghijk@host/',
      'https://host/?api_key=abcdefghijk&x=1',
      'sk-abcdefghijk',
    ];
    for (const text of texts) {
      expect(redact(text), text).not.toMatch(/s3cr3t|abcdefghijk/);
      expect(redact(text), text).toContain('[key]');
    }
    expect(redact('nothing to hide, said the author: ization')).toBe('nothing to hide, said the author: ization');
    console.log(`${texts.length} forms of a key masked`);
  });
});
