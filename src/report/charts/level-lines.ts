/** Which levels a line joins: those that shorten step by step, which their names tell. */
import { levelFamily, type Level } from '../../core/levels.js';

export interface LevelLines<T> {
  /** The original and the levels of one family (`summ_l1` … `summ_l5`, `select=0.6`, `select=0.3` …), where it has two or more. */
  readonly lines: readonly (readonly T[])[];
  /** Points that no line joins. */
  readonly lone: readonly T[];
}

/** Points as lines, one for each family of levels; what is of another kind stands alone. */
export function levelLines<T>(points: readonly T[], levelOf: (point: T) => Level): LevelLines<T> {
  const whole = points.filter((point) => levelOf(point) === 'original');
  const families = new Map<string, T[]>();
  for (const point of points.filter((each) => !whole.includes(each))) {
    const family = levelFamily(levelOf(point));
    families.set(family, [...(families.get(family) ?? []), point]);
  }
  const lines = [...families.values()].filter((family) => family.length > 1).map((family) => [...whole, ...family]);
  return { lines, lone: points.filter((point) => !lines.some((line) => line.includes(point))) };
}
