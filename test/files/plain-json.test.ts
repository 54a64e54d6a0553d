/** The engine's parser where it is sure to read as we do: never a number's spelling or a repeated name lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson, type RepeatedName } from '../../src/files/json-reader.js';
import { plainJson } from '../../src/files/plain-json.js';
import { plainNumbers, SourceNumber } from '../../src/files/source-number.js';

describe('JSON read by the engine', () => {
  it('is what a strict reading gives, whatever is written', () => {
    let plain = 0;
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const read = plainJson(text, 500);
        if (read === undefined) return;
        plain++;
        expect(read.value).toEqual(JSON.parse(text));
        expect(plainNumbers(readJson(` ${text}`))).toEqual(read.value);
      }),
      { numRuns: 500 },
    );
    console.log(`${plain} of 500 texts are plain`);
    expect(plain).toBeGreaterThan(50);
  });

  it.each(['1.50', '1e3', '1E3', '-0', '0.0000001', '1790123456789012345', '12345678.123456789', '1.0', '-2.10'])(
    'is left where a number is spelled otherwise than its value: %s',
    (number) => {
      for (const text of [number, `{"a": ${number}}`, `[1,${number}]`, `{"a":\t${number}}`]) {
        expect(plainJson(text, 500)).toBeUndefined();
      }
      expect(readJson(`{"a":${number}}`)).toEqual({ a: new SourceNumber(number) });
    },
  );

  it.each(['0', '-1', '0.5', '-12.25', '100', '1.05', '0.30001', '999999999999999'])(
    'keeps plain numbers as numbers: %s',
    (number) => {
      expect(plainJson(`{"a":${number}}`, 500)).toEqual({ value: { a: Number(number) } });
    },
  );

  it('is left where a name stands twice, which is told', () => {
    const text = '{"a":{"b":1,"b":2}}';
    expect(plainJson(text, 500)).toBeUndefined();
    const told: RepeatedName[] = [];
    expect(readJson(text, (name) => told.push(name))).toEqual({ a: { b: 2 } });
    expect(told.map(({ path }) => path)).toEqual([['a', 'b']]);
  });

  it('reads texts that look like names or numbers', () => {
    const value = { answer: 'in run made-0-8-0 10.50', other: 'plain', list: ['x', null, true] };
    expect(plainJson(JSON.stringify(value), 500)).toEqual({ value });
  });

  it('is left where values nest too deep, and where the text is no JSON', () => {
    expect(plainJson('[[[[1]]]]', 2)).toBeUndefined();
    expect(plainJson('{"a":}', 500)).toBeUndefined();
    expect(plainJson("{'a':1}", 500)).toBeUndefined();
  });
});
