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

/** What a full name is the name of, by the lists it is drawn from; undefined where it is none of the world's. */
export function kindOfName(name: string): SubjectKind | undefined {
  const [, first = '', second = ''] = /^(\S+) (\S+)(?: \d+)?$/.exec(name) ?? [];
  return KINDS.find((kind) => HALVES[kind][0].includes(first) && HALVES[kind][1].includes(second));
}

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

/** Which of a partition's names: `any`, those of main subjects (seven in eight), or those kept for others whom articles mention. */
export type NamePool = 'any' | 'main' | 'other';

export interface NamesAsked {
  readonly kind: SubjectKind;
  readonly partition: Partition;
  readonly seed: number;
  readonly pool: NamePool;
}

function poolOf({ kind, partition, seed, pool }: NamesAsked): readonly string[] {
  const all = namesOf(kind, partition, seed);
  const mains = Math.floor((7 / 8) * all.length);
  return pool === 'any' ? all : pool === 'main' ? all.slice(0, mains) : all.slice(mains);
}

/**
 * The name of the n-th subject of a kind. Names repeat only after all of a pool's have been used; then a number is added
 * for studies ("Mira Voss 2"), while pretraining, which asks within one text, starts again.
 */
export function nameOf(asked: NamesAsked, n: number): string {
  const names = poolOf(asked);
  const name = names[n % names.length] ?? '';
  const round = Math.floor(n / names.length);
  return round === 0 || asked.partition === 'pretraining' ? name : `${name} ${round + 1}`;
}

/** The name of someone whom an article mentions beside its subject: never the subject of any article. */
export function otherName(kind: SubjectKind, partition: Partition, seed: number, random: Random): string {
  return random.pick(poolOf({ kind, partition, seed, pool: 'other' }));
}

/** The kind and number within the kind of the item at an index: kinds take turns. */
export function kindAt(index: number): { readonly kind: SubjectKind; readonly n: number } {
  return { kind: KINDS[index % KINDS.length] ?? 'person', n: Math.floor(index / KINDS.length) };
}

/** Facts on `count` different attributes, no two of the same value, most important first. */
export function drawFacts(
  kind: SubjectKind,
  count: number,
  random: Random,
  usable: (attribute: Attribute) => boolean = () => true,
): Fact[] {
  const attributes = random.shuffle(ATTRIBUTES[kind].filter(usable)).slice(0, count);
  const used = new Set<string>();
  return attributes.map((attribute) => {
    const value = random.pick(attribute.values.filter((each) => !used.has(each)));
    used.add(value);
    return { attribute, value };
  });
}

/** Information of a fact in bits: its value is one of a list, all equally likely. */
export const bitsOf = (attribute: { readonly values: readonly string[] }): number => Math.log2(attribute.values.length);
