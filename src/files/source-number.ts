/** A number whose spelling in its file says more than its value does (`1.50`, `1790123456789012345`), kept as it was written. */

export class SourceNumber {
  readonly value: number;

  /** `source` is the literal: as JSON writes numbers, or a decimal of exact digits. */
  constructor(readonly source: string) {
    this.value = Number(source);
  }
}

/** A literal as a plain number where that is written the same, else with its spelling. */
export function numberFrom(source: string): number | SourceNumber {
  const value = Number(source);
  return String(value) === source ? value : new SourceNumber(source);
}

/** The same value with plain numbers alone, for what is computed with or kept as JSON. */
export function plainNumbers(value: unknown): unknown {
  if (value instanceof SourceNumber) return value.value;
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainNumbers(inner)]));
}
