/** The synthetic world's texts read back: which facts of whom a text states, at any level, and in which of its sentences. */
import { distinctBy } from '../core/collections.js';
import { isObject, jsonIn } from '../core/json.js';
import {
  ATTRIBUTES,
  FILLERS,
  INTRODUCTIONS,
  namingSentences,
  type Attribute,
  type SubjectKind,
} from '../data/world/language.js';
import { kindOfName } from '../data/world/subjects.js';
import { sentencesOf } from '../text/sentences.js';

/** What a text states of one subject. */
export interface WorldFact {
  /** Full name of the subject. */
  readonly name: string;
  readonly attribute: Attribute;
  readonly value: string;
  /** How it is told, `{S}` and `{V}` standing for subject and value; the terse clause where it is in no sentence of its own. */
  readonly pattern: string;
}

/** A sentence of a world's text with the facts it states; none of an introduction, a filler, or what is no sentence of the world's. */
export interface WorldSentence {
  readonly text: string;
  readonly facts: readonly WorldFact[];
}

/** A text's sentences with their facts; null where it is not of the world: where fewer than half of its sentences are, or none states a fact. */
export function worldSentences(text: string): WorldSentence[] | null {
  const structured = structuredFacts(text);
  if (structured !== null) return structured.length === 0 ? null : [{ text, facts: structured }];
  const sentences = sentencesOf(text)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
    .map((sentence) => ({ text: sentence, facts: factsOfSentence(sentence) }));
  const known = sentences.filter((sentence) => sentence.facts.length > 0 || isEmpty(sentence.text));
  const states = sentences.some(({ facts }) => facts.length > 0);
  return states && 2 * known.length >= sentences.length ? sentences : null;
}

/** The facts of a text, each once. */
export function worldFacts(sentences: readonly WorldSentence[]): WorldFact[] {
  return distinctBy(
    sentences.flatMap(({ facts }) => facts),
    ({ name, attribute, value }) => `${name}/${attribute.key}/${value}`,
  );
}

/** A fact as a sentence, by one of its attribute's patterns. */
export function tell(pattern: string, name: string, value: string): string {
  const text = pattern.replace('{S}', () => name).replace('{V}', () => value);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const terse = ({ clause }: Attribute): string => `{S} ${clause}.`;

/** Every way in which an attribute is told. */
export const patternsOf = (attribute: Attribute): readonly string[] => [
  ...attribute.sentences,
  terse(attribute),
  ...namingSentences(attribute),
];

/** Relations of an extraction; null of what is none. */
function structuredFacts(text: string): WorldFact[] | null {
  if (!text.trimStart().startsWith('{')) return null;
  const parsed = jsonIn(text);
  const relations: unknown = isObject(parsed) ? parsed['relations'] : undefined;
  return Array.isArray(relations) ? relations.flatMap(relationFact) : null;
}

function relationFact(relation: unknown): WorldFact[] {
  if (!isObject(relation)) return [];
  const { subject, relation: phrase, object } = relation;
  if (typeof subject !== 'string' || typeof phrase !== 'string' || typeof object !== 'string') return [];
  return attributesOf(subject)
    .filter(({ phrases, values }) => phrases.includes(phrase) && values.includes(object))
    .map((attribute) => ({ name: subject, attribute, value: object, pattern: terse(attribute) }));
}

function attributesOf(name: string): readonly Attribute[] {
  const kind = kindOfName(name);
  return kind === undefined ? [] : ATTRIBUTES[kind];
}

const NAME = '\\p{Lu}\\p{L}+ \\p{Lu}\\p{L}+(?: \\d+)?';

function factsOfSentence(sentence: string): WorldFact[] {
  const whole = wholeFact(sentence);
  return whole.length > 0 ? whole : (clauseFacts(sentence) ?? namedValue(sentence));
}

/** Patterns of all attributes' sentences, with the places of subject and value. */
interface Telling {
  readonly kind: SubjectKind;
  readonly attribute: Attribute;
  readonly pattern: string;
  readonly regex: RegExp;
}

let tellings: readonly Telling[] | undefined;

function allTellings(): readonly Telling[] {
  tellings ??= Object.entries(ATTRIBUTES).flatMap(([kind, attributes]) =>
    attributes.flatMap((attribute) =>
      [...attribute.sentences, ...namingSentences(attribute)].map((pattern) => ({
        ...{ kind: kind as SubjectKind, attribute, pattern },
        regex: regexOf(pattern, attribute),
      })),
    ),
  );
  return tellings;
}

function regexOf(pattern: string, { values }: Attribute): RegExp {
  const escaped = pattern
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace('{S}', `(?<name>${NAME})`)
    .replace('{V}', `(?<value>${values.join('|')})`);
  return new RegExp(`^${escaped}$`, 'u');
}

function wholeFact(sentence: string): WorldFact[] {
  for (const { kind, attribute, pattern, regex } of allTellings()) {
    const { name, value } = regex.exec(sentence)?.groups ?? {};
    if (name !== undefined && value !== undefined && kindOfName(name) === kind) {
      return [{ name, attribute, value, pattern }];
    }
  }
  return [];
}

/** `Alma Lorenz prefers orange and enjoys wrestling.`; null where it is not all of known clauses. */
function clauseFacts(sentence: string): WorldFact[] | null {
  const [, name = '', rest = ''] = new RegExp(`^(${NAME}) (.+?)\\.?$`, 'u').exec(sentence) ?? [];
  const attributes = attributesOf(name);
  const facts = rest.split(' and ').map((clause) => clauseFact(name, clause, attributes));
  return facts.every((fact) => fact !== undefined) ? facts : null;
}

function clauseFact(name: string, clause: string, attributes: readonly Attribute[]): WorldFact | undefined {
  for (const attribute of attributes) {
    const value = attribute.values.find((each) => attribute.clause.replace('{V}', each) === clause);
    if (value !== undefined) return { name, attribute, value, pattern: terse(attribute) };
  }
  return undefined;
}

/** `Alma Lorenz: orange`, where one attribute alone of such a subject has that value. */
function namedValue(sentence: string): WorldFact[] {
  const [, name = '', value = ''] = new RegExp(`^(${NAME}): (.+?)\\.?$`, 'u').exec(sentence) ?? [];
  const [attribute, ...others] = attributesOf(name).filter(({ values }) => values.includes(value));
  return attribute === undefined || others.length > 0 ? [] : [{ name, attribute, value, pattern: terse(attribute) }];
}

/** Whether a sentence of the world's carries no fact. */
function isEmpty(sentence: string): boolean {
  if ((FILLERS as readonly string[]).includes(sentence)) return true;
  return Object.values(INTRODUCTIONS)
    .flat()
    .some((introduction) => isIntroduction(introduction, sentence));
}

function isIntroduction(introduction: string, sentence: string): boolean {
  const [before = '', behind = ''] = introduction.split('{S}');
  const fits = sentence.startsWith(before) && sentence.endsWith(behind);
  return fits && kindOfName(sentence.slice(before.length, sentence.length - behind.length)) !== undefined;
}
