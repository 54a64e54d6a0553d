/** Canonical JSON (RFC 8785) and SHA-256: the one way lightmem computes identities. */
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Json } from './json.js';

/** Canonical JSON text of a value: same data, same text, whatever the order of keys. */
export function canonicalJson(value: Json | object): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

/** SHA-256 of bytes or text, as 64 hexadecimal digits. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data);
}

/** SHA-256 of a value's canonical JSON. */
export function hashJson(value: Json | object): string {
  return sha256(canonicalJson(value));
}
