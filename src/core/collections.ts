/** Small helpers over lists: groups, distinct values, sums, parts, sizes of shapes. */

/** Values grouped by a key, groups and values in order of first appearance. */
export function groupBy<T, K>(values: Iterable<T>, keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

/** Distinct values, in order of first appearance. */
export function distinct<T>(values: Iterable<T>): T[] {
  return [...new Set(values)];
}

/** The first of all values that share a key, in order of first appearance. */
export function distinctBy<T, K>(values: Iterable<T>, keyOf: (value: T) => K): T[] {
  const first = new Map<K, T>();
  for (const value of values) if (!first.has(keyOf(value))) first.set(keyOf(value), value);
  return [...first.values()];
}

/** The largest of any number of values (arguments of a call are limited to about 100,000); −Infinity of none. */
export function largest(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** The sum of numbers, added up in their order. */
export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}

/** Values in their order, so many together, the last perhaps fewer. */
export function inParts<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/** Number of elements of a tensor by its shape: the product of its sizes, 1 of a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
