/** Which levels a line joins: neighbours that shorten step by step, which their names tell. */
import { groupBy } from '../../core/collections.js';
import { levelFamily, type Level } from '../../core/levels.js';

export interface LevelLines<T> {
  /** Runs of neighbours: the original and the levels of one family (`summ_l1` … `summ_l5`, `select=0.6`, `select=0.3` …) where the chart has two of it. */
  readonly lines: readonly (readonly T[])[];
  /** Points that no line joins. */
  readonly lone: readonly T[];
}

/**
 * Points as lines, one for each family of levels, broken where the chart has a level between two that these points lack;
 * what is of another kind stands alone.
 *
 * @param charted all levels of the chart in their order; default those of the points.
 */
export function levelLines<T>(
  points: readonly T[],
  levelOf: (point: T) => Level,
  charted: readonly Level[] = points.map(levelOf),
): LevelLines<T> {
  const families = groupBy(
    charted.filter((level) => level !== 'original'),
    levelFamily,
  );
  const lines = [...families].flatMap(([family, levels]) => {
    if (levels.length < 2) return [];
    const steps = charted.filter((level) => level === 'original' || levelFamily(level) === family);
    return neighbours(steps.map((level) => points.find((point) => levelOf(point) === level)));
  });
  return { lines, lone: points.filter((point) => !lines.some((line) => line.includes(point))) };
}

/** Runs of two or more that stand without a gap. */
function neighbours<T>(places: readonly (T | undefined)[]): T[][] {
  const runs: T[][] = [[]];
  for (const place of places) {
    if (place === undefined) runs.push([]);
    else runs.at(-1)?.push(place);
  }
  return runs.filter((run) => run.length > 1);
}
