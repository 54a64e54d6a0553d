/** Reading a judge model's verdict: exactly one JSON object of the right form, or none at all. */
import { z } from 'zod';
import { jsonObjects } from '../../text/json-objects.js';
import type { Read } from './asking.js';

/** The verdict a judge model must reply with. */
export interface ScoreReply {
  /** A whole number from 1 to 5. */
  readonly score: number;
  readonly reason: string;
}

const scoreReply = z.object({ score: z.int().min(1).max(5), reason: z.string().default('') });

/**
 * Reads a verdict. Text or a code fence around the object is allowed; a second object is not, for one of the two may be
 * quoted from the answer that was judged; neither is a key given twice.
 */
export function readScore(text: string): Read<ScoreReply> {
  const objects = jsonObjects(text);
  if (objects.length !== 1) return { problem: `it holds ${objects.length} JSON objects, not one` };
  const [source = ''] = objects;
  if (timesKey(source, 'score') > 1) return { problem: 'it gives "score" more than once' };
  const parsed = scoreReply.safeParse(parse(source));
  if (parsed.success) return { value: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the reply'}: ${message}`);
  return { problem: problems.join('; ') };
}

/** Reads a `yes` or `no`: the only one of the two words in the reply, whatever its case. */
export function readYesNo(text: string): Read<boolean> {
  const said = new Set(text.toLowerCase().match(/\b(?:yes|no)\b/g));
  if (said.size !== 1) return { problem: said.size === 0 ? 'it says neither yes nor no' : 'it says both yes and no' };
  return { value: said.has('yes') };
}

function timesKey(source: string, key: string): number {
  const strings = source.matchAll(/"((?:[^"\\]|\\.)*)"(?=\s*(:?))/gs);
  return [...strings].filter(([, name, colon]) => colon === ':' && name === key).length;
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
