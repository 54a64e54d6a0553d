/** Reading a judge model's verdict: one JSON object, or a score that stands by itself; what could mean two scores is none. */
import { jsonrepair } from 'jsonrepair';
import { isObject } from '../../core/json.js';
import { folded } from '../../text/folding.js';
import { jsonObjects } from '../../text/json-objects.js';
import type { Read } from './asking.js';

/** The verdict a judge model must reply with. */
export interface ScoreReply {
  /** A whole number from 1 to 5. */
  readonly score: number;
  readonly reason: string;
}

/** The longest reason kept of a reply that is no JSON. */
const LONGEST_REASON = 300;

/**
 * Reads a verdict: a JSON object with a score, whatever stands around it, or a reply that is a score (`4`, `4/5`, `**Score: 4**`), begins
 * or ends with one on a line of its own. Two objects with scores are refused, for one may be quoted from the answer that was judged;
 * so are two scores that differ, a scale that is not 5, and anything between two scores.
 */
export function readScore(text: string): Read<ScoreReply> {
  const objects = jsonObjects(text).filter((source) => keysIn(source).some(isScoreKey));
  if (objects.length > 1) return { problem: `it holds ${objects.length} verdicts, not one` };
  const [source] = objects;
  return source === undefined ? readStated(text) : readObject(source, text.replace(source, '\n'));
}

function isScoreKey(key: string): boolean {
  return /^(?:score|rating|grade)$/i.test(key);
}

/** The keys of an object's source, at any depth, as often as they stand there. */
function keysIn(source: string): string[] {
  return [...source.matchAll(/["']?([\p{L}\w]+)["']?\s*:/gu)].map(([, key]) => key ?? '');
}

function readObject(source: string, around: string): Read<ScoreReply> {
  const value = parsed(source);
  if (value === undefined) return { problem: 'its JSON is broken' };
  const entries = Object.entries(value).filter(([key]) => isScoreKey(key));
  const [entry] = entries;
  if (entry === undefined) return { problem: 'score: it stands inside another object' };
  if (entries.length > 1 || timesKey(source, entry[0]) > 1) return { problem: 'it gives a score more than once' };
  const score = scoreOf(entry[1]);
  if (score === null) return { problem: `score: ${JSON.stringify(entry[1])} is no whole number from 1 to 5` };
  const others = statedScores(around);
  if (others === null || others.some((other) => other !== score)) return { problem: 'it says another score beside it' };
  const { reason } = value;
  return { value: { score, reason: typeof reason === 'string' ? reason : '' } };
}

function parsed(source: string): Record<string, unknown> | undefined {
  for (const mend of [(json: string): string => json, jsonrepair]) {
    try {
      const value: unknown = JSON.parse(mend(source));
      if (isObject(value)) return value;
    } catch {
      // the next way
    }
  }
  return undefined;
}

/** How often a key stands in an object's source, outside of strings. */
function timesKey(source: string, key: string): number {
  const strings = source.matchAll(/"((?:[^"\\]|\\.)*)"(?=\s*(:?))/gs);
  return [...strings].filter(([, name, colon]) => colon === ':' && name === key).length;
}

function scoreOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 1 && value <= 5 ? value : null;
  return typeof value === 'string' ? bareScore(value) : null;
}

const SCALE = '(?:\\.0+)?(?:\\s*(?:/|out\\s+of|of)\\s*5(?:\\.0+)?)?';
/** What may follow a score that makes it half of something else: `4.5`, `4-5`, `4 or 5`, `4/10`, `45`. */
const NOT_ALONE =
  '(?![\\d.,]*\\d)(?!\\s*(?:/|out\\s+of\\b|of\\b|[-–—~,]|or\\b|to\\b|and\\b|bis\\b|或|到|至|か)\\s*(?:even\\s+)?\\d)(?!\\s*%)';
const LABEL =
  '(?:(?:my|the|final|overall|total)\\s+)*(?:score|rating|grade|verdict|mark|points?|bewertung|note|puntuacion|评分|得分|分数|评价|スコア|点数|점수)';
const BARE = new RegExp(`^([1-5])${SCALE}(?:\\s*(?:points?|分|点|점))?$`, 'iu');
const LABELLED = new RegExp(
  `^${LABEL}\\s*(?:is|are|was|of|[:=-]|为|是|は|는)*\\s*([1-5])${SCALE}${NOT_ALONE}(?=$|[\\s.,;!)(–—-])`,
  'iu',
);
/** A score that opens a line and is followed by its reason: `4 - nearly right`, `4, because …`; `4. …` is an item of a list. */
const OPENING = new RegExp(`^([1-5])${SCALE}${NOT_ALONE}\\s*(?:[-–—:,;(]|because\\b)\\s*\\p{L}`, 'iu');

function bareScore(text: string): number | null {
  const found = BARE.exec(plain(text));
  return found === null ? null : Number(found[1]);
}

/** A line without what only sets it off: emphasis, brackets, quotation marks, a full stop; digits of any script as 0 to 9. */
function plain(line: string): string {
  return folded(line)
    .text.replace(/^[\s*_`#"'“”()[\]]+|[\s*_`#"'“”()[\].!。]+$/g, '')
    .replace(/[*_`]+/g, '');
}

function readStated(text: string): Read<ScoreReply> {
  const scores = statedScores(text);
  if (scores === null || new Set(scores).size > 1) return { problem: 'it says more than one score' };
  const [score] = scores;
  if (score === undefined) return { problem: 'it holds no JSON object with a score, and no score by itself' };
  const reason = text.trim();
  return { value: { score, reason: bareScore(reason) === null ? reason.slice(0, LONGEST_REASON) : '' } };
}

/**
 * The scores that lines of a reply state; null where the first or last line states none and another does, for that one may be quoted.
 */
function statedScores(text: string): number[] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const stated = lines.map((line) => (/^\s*>/.test(line) ? null : statedBy(plain(line))));
  const scores = stated.filter((score) => score !== null);
  const isAtEnd = [stated[0], stated.at(-1)].some((score) => score !== null && score !== undefined);
  return scores.length > 0 && !isAtEnd ? null : scores;
}

function statedBy(line: string): number | null {
  const found = [BARE, LABELLED, OPENING].map((pattern) => pattern.exec(line)).find((match) => match !== null);
  return found === undefined ? null : Number(found?.[1]);
}

const OPENS = /^[\s*_`#"'“(]*(yes|no)\b(?![\s*_`"'”),]*(?:\/|or\b|and\b|yes\b|no\b))/i;

/** Reads a `yes` or `no`: the word that the reply begins with, or the only one of the two in it, whatever its case. */
export function readYesNo(text: string): Read<boolean> {
  const opening = OPENS.exec(text)?.[1];
  if (opening !== undefined) return { value: opening.toLowerCase() === 'yes' };
  const said = new Set(text.toLowerCase().match(/\b(?:yes|no)\b/g));
  if (said.size !== 1) return { problem: said.size === 0 ? 'it says neither yes nor no' : 'it says both yes and no' };
  return { value: said.has('yes') };
}

/** Whether a reply that was cut off says `yes` or `no` all the same: it begins with the word. */
export function opensWithYesNo(text: string): boolean {
  return OPENS.test(text);
}
