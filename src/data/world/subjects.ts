/** Subjects: whom or what an item is about, with names of which no two partitions share one, and facts drawn from closed lists. */
import { sha256 } from '../../core/hash.js';
import { Random } from '../../core/random.js';
import { ATTRIBUTES, type Attribute, type SubjectKind } from './language.js';
import { FIRM_ENDINGS, FIRM_ROOTS, FIRST_NAMES, LAST_NAMES, PLACE_PREFIXES, PLACE_ROOTS } from './lists.js';

/** Full names belong to one of the two for ever: what was seen in pretraining is never asked in a study. */
export type Partition = 'pretraining' | 'study';

export interface Fact {
  readonly attribute: Attribute;
  readonly value: string;
}

export interface Subject {
  readonly kind: SubjectKind;
  readonly name: string;
  readonly facts: readonly Fact[];
}

const KINDS: readonly SubjectKind[] = ['person', 'firm', 'place'];

const HALVES: { readonly [K in SubjectKind]: readonly [readonly string[], readonly string[]] } = {
  person: [FIRST_NAMES, LAST_NAMES],
  firm: [FIRM_ROOTS, FIRM_ENDINGS],
  place: [PLACE_PREFIXES, PLACE_ROOTS],
};

/** One name in four belongs to studies. */
export function partitionOf(name: string): Partition {
  return Number.parseInt(sha256(name).slice(0, 8), 16) % 4 === 0 ? 'study' : 'pretraining';
}

const names = new Map<string, readonly string[]>();

/** All full names of a kind in a partition, in an order shuffled by the seed. */
function namesOf(kind: SubjectKind, partition: Partition, seed: number): readonly string[] {
  const key = `${kind}/${partition}/${seed}`;
  const known = names.get(key);
  if (known) return known;
  const [first, second] = HALVES[kind];
  const all = first.flatMap((a) => second.map((b) => `${a} ${b}`)).filter((name) => partitionOf(name) === partition);
  const shuffled = new Random(seed, 'names', kind, partition).shuffle(all);
  names.set(key, shuffled);
  return shuffled;
}

/**
 * The name of the n-th subject of a kind. Names repeat only after all of a partition's have been used; then a number is added
 * for studies ("Mira Voss 2"), while pretraining, which asks within one text, starts again.
 */
export function nameOf(kind: SubjectKind, partition: Partition, seed: number, n: number): string {
  const all = namesOf(kind, partition, seed);
  const name = all[n % all.length] ?? '';
  const round = Math.floor(n / all.length);
  return round === 0 || partition === 'pretraining' ? name : `${name} ${round + 1}`;
}

/** The kind and number within the kind of the item at an index: kinds take turns. */
export function kindAt(index: number): { readonly kind: SubjectKind; readonly n: number } {
  return { kind: KINDS[index % KINDS.length] ?? 'person', n: Math.floor(index / KINDS.length) };
}

/** Facts on `count` different attributes, most important first. */
export function drawFacts(
  kind: SubjectKind,
  count: number,
  random: Random,
  usable: (attribute: Attribute) => boolean = () => true,
): Fact[] {
  const attributes = random.shuffle(ATTRIBUTES[kind].filter(usable)).slice(0, count);
  return attributes.map((attribute) => ({ attribute, value: random.pick(attribute.values) }));
}

/** Information of a fact in bits: its value is one of a list, all equally likely. */
export const bitsOf = (attribute: { readonly values: readonly string[] }): number => Math.log2(attribute.values.length);
