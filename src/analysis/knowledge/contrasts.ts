/** Pairs of a text book compared on the same questions: forms with raw text, adapters with those of other documents. */
import { groupBy } from '../../core/collections.js';
import type { Row, TextGroup } from '../../core/records.js';
import { mean } from '../../core/statistics.js';
import { studentQuantile } from '../../core/student.js';
import { FEWEST_ITEMS } from '../compare.js';
import { pullsOf } from '../pulls.js';
import { questionMeans, type QuestionMean } from '../question-means.js';
import { ASSUMED_FREEDOM, ASSUMED_NOISE } from '../seed-noise.js';
import type { Knowledge, KnowledgeCell } from './knowledge.js';

/** Right answers of one less those of another, on questions that both were asked and the base does not answer without any text. */
export interface Contrast {
  readonly kind: 'against other documents' | 'against raw' | 'against another';
  readonly cell: KnowledgeCell;
  readonly group: TextGroup | 'all';
  readonly difference: number;
  /** Holds at 95 % together with all other contrasts of the data set (Bonferroni). */
  readonly low: number;
  readonly high: number;
  readonly questions: number;
  readonly items: number;
  /** Whether the interval excludes zero, on enough items to say so. */
  readonly detectable: boolean;
}

interface Planned {
  readonly kind: Contrast['kind'];
  readonly cell: KnowledgeCell;
  readonly group: Contrast['group'];
  readonly against: readonly Row[];
}

/** All contrasts that a data set's text book is read by. */
export function contrastsOf(knowledge: Knowledge): Contrast[] {
  const planned = plannedContrasts(knowledge);
  return planned.flatMap((each) => contrastOf(each, planned.length) ?? []);
}

/** Two adapters compared by themselves: what one answers right less what the other does, on the same questions. */
export interface AdapterContrast extends Pick<Contrast, 'difference' | 'low' | 'high' | 'questions' | 'items'> {
  /** What the difference exceeds at 95 %, one-sided; NaN with fewer than two items. */
  readonly lower: number;
}

/** One adapter less another, with the interval and the bound that hold for this pair alone; null where they share no question. */
export function adapterContrast(cell: KnowledgeCell, other: KnowledgeCell): AdapterContrast | null {
  const planned: Planned = { kind: 'against another', cell, group: 'all', against: other.rows };
  const both = contrastOf(planned, 1);
  if (both === undefined) return null;
  const { difference, low, high, questions, items } = both;
  return { difference, low, high, questions, items, lower: contrastOf(planned, ONE_SIDED)?.low ?? NaN };
}

/** An interval's lower end holds at 95 % where the interval leaves out 10 %: as much as one comparison has of half as many. */
const ONE_SIDED = 0.5;

/** Whether a loss of `margin` or more is excluded at 95 %, on enough items to say so. */
export function keepsUp({ lower, items }: AdapterContrast, margin: number): boolean {
  return items >= FEWEST_ITEMS && lower > -margin;
}

function plannedContrasts({ cells, others }: Knowledge): Planned[] {
  return cells.flatMap((cell): Planned[] => {
    const foreign = others.get(cell.form);
    const isCompared = foreign !== undefined && foreign.level === cell.level && foreign.rank === cell.rank;
    const raw = cell.form === 'raw' ? undefined : cells.find((other) => other.form === 'raw' && isBeside(other, cell));
    const groups = (['covered', 'untaught'] as const).filter((group) => cell.recall[group] !== null);
    return [
      ...(isCompared
        ? [{ kind: 'against other documents' as const, cell, group: 'all' as const, against: foreign.rows }]
        : []),
      ...(raw === undefined
        ? []
        : groups.map((group) => ({ kind: 'against raw' as const, cell, group, against: raw.rows }))),
    ];
  });
}

function isBeside(a: KnowledgeCell, b: KnowledgeCell): boolean {
  return a.level === b.level && a.rank === b.rank && a.items === b.items && a.exposures === b.exposures;
}

function contrastOf({ kind, cell, group, against }: Planned, count: number): Contrast | undefined {
  const other = questionMeans(against, 'accuracy');
  const own = cell.rows.filter((row) => row.group !== 'unseen' && (group === 'all' || row.group === group));
  const differences = [...questionMeans(own, 'accuracy')].flatMap(([key, { cluster, value }]): QuestionMean[] => {
    const found = other.get(key);
    return found === undefined ? [] : [{ cluster, value: value - found.value }];
  });
  if (differences.length === 0) return undefined;
  const difference = mean(differences.map(({ value }) => value));
  const items = groupBy(differences, ({ cluster }) => cluster);
  const reach = reachOf(differences, items, { difference, seeds: cell.seeds.length, count });
  const [low, high] = [difference - reach, difference + reach];
  return {
    ...{ kind, cell, group, difference, low, high },
    ...{ questions: differences.length, items: items.size },
    detectable: items.size >= FEWEST_ITEMS && (low > 0 || high < 0),
  };
}

/** Half the interval: errors clustered by item, and what training both again would change. NaN with fewer than two items. */
function reachOf(
  differences: readonly QuestionMean[],
  items: ReadonlyMap<string, readonly QuestionMean[]>,
  { difference, seeds, count }: { readonly difference: number; readonly seeds: number; readonly count: number },
): number {
  if (items.size < 2) return NaN;
  const n = differences.length;
  const groups = [...items.values()];
  const sums = Float64Array.from(groups, (own) => own.reduce((sum, { value }) => sum + value, 0));
  const counts = Float64Array.from(groups, (own) => own.length);
  const pulls = pullsOf(sums, counts, { n, mean: difference, clusters: items.size });
  const sampling = (items.size / (items.size - 1)) * pulls.reduce((sum, pull) => sum + pull ** 2, 0);
  const trainings = (2 * ASSUMED_NOISE ** 2) / seeds;
  const variance = sampling + trainings;
  const freedom = variance ** 2 / (sampling ** 2 / (items.size - 1) + trainings ** 2 / ASSUMED_FREEDOM);
  return studentQuantile(freedom, 1 - 0.05 / (2 * count)) * Math.sqrt(variance);
}
