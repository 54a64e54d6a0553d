/** Canonical JSON and its SHA-256, pinned: every identity of a run, a reply or a text is such a hash. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashJson, sha256 } from '../../src/core/hash.js';

const VALUE = {
  b: [1, 1e21, 1e-7, -0, 0.1, 1 / 3, 5e-324],
  ä: 'ü€😀\n\u0001"\\/',
  a: { z: null, 1: true, 10: false, 2: '' },
  '': [],
  n: 333333333.33333329,
};

describe('canonical JSON', () => {
  it('is the text of RFC 8785, and its hash that of this text', () => {
    expect(canonicalJson(VALUE)).toBe(
      String.raw`{"":[],"a":{"1":true,"10":false,"2":"","z":null},"b":[1,1e+21,1e-7,0,0.1,0.3333333333333333,5e-324],"n":333333333.3333333,"ä":"ü€😀\n\u0001\"\\/"}`,
    );
    expect(hashJson(VALUE)).toBe('21b78605b3c5ff0be8f60bc3b3f3f686b824efefb4677621848bc2eb255eefd4');
  });

  it('orders keys by UTF-16 units, as the RFC’s own example has them', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    expect(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))).toBe(
      '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\ud83d\ude00":0,"\ufb33":0}',
    );
  });

  it('is the same whatever the order of keys, and reads back as the value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Record<string, never>;
        const turned = Object.fromEntries(Object.entries(plain).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(plain));
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
      }),
    );
  });

  it('leaves fields that are undefined out, and refuses numbers that JSON has not', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    for (const value of [NaN, Infinity]) expect(() => canonicalJson({ value })).toThrow();
  });
});

describe('sha256', () => {
  it('is the same of a text and of its UTF-8 bytes, as the standard’s examples have it', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('naïve')).toBe(sha256(new TextEncoder().encode('naïve')));
  });
});
