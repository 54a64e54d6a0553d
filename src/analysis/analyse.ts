/** Everything drawn from a study's rows, computed once: cells, curves, rank choices, capacity, agreement of judges, and the recommendation. */
import { groupBy } from '../core/collections.js';
import type { Row } from '../core/records.js';
import { capacityCurves, type CapacityCurve } from './capacity.js';
import { jointComparisons, type Compare } from './compare.js';
import { compressionCurves, type Curve } from './curve.js';
import { groupCells, type Cell } from './group.js';
import { judgeAgreement, judgesOf, rowsOfOneJudge, type JudgeAgreement } from './judges.js';
import { measureOf, type Measure } from './measure.js';
import { rankChoices, type RankChoice, type RankRule } from './rank.js';
import type { RunSummary } from './run-summary.js';
import { recommendFrom, type Recommendation } from './verdict.js';
import type { LevelNote } from './wording.js';

export interface AnalysisOptions {
  /** The judge whose verdicts count, where it judged; default: for each data set the one with most scored answers. */
  readonly judge?: string;
  /** Score or accuracy; default: for each data set what its verdicts are. */
  readonly measure?: Measure;
  /** Largest loss against the original that is allowed, in the measure's unit; default 0.2 of the score, 0.05 of accuracy. */
  readonly tolerance?: number;
  /** What the texts of each data set and level are; default: nothing is known but the rows. */
  readonly levels?: readonly LevelNote[];
  /** How the rank is chosen; default `margin`. */
  readonly rule?: RankRule;
  /** Largest loss of a smaller rank against the largest trained that is allowed; default 0.1 of the score, 0.025 of accuracy. */
  readonly rankMargin?: number;
  /** Draws of the joint distribution that intervals of comparisons rest on; default 20,000. */
  readonly draws?: number;
}

export interface Analysis {
  /** One judge's rows. */
  readonly rows: readonly Row[];
  readonly runs: readonly RunSummary[];
  readonly cells: readonly Cell[];
  /** Any two cells' difference, its interval holding together with all others of the study. */
  readonly compare: Compare;
  readonly curves: readonly Curve[];
  readonly ranks: readonly RankChoice[];
  readonly capacity: readonly CapacityCurve[];
  readonly agreement: readonly JudgeAgreement[];
  /** The judge that counts and the measure, for each data set. */
  readonly datasets: readonly DatasetReading[];
  readonly recommendation: Recommendation;
}

export interface DatasetReading {
  readonly dataset: string;
  readonly judge: string;
  readonly measure: Measure;
}

/** Analyses a study's rows; `runs` add scale, parameter counts, failures and adapter paths. */
export function analyse(
  allRows: readonly Row[],
  runs: readonly RunSummary[] = [],
  options: AnalysisOptions = {},
): Analysis {
  const rows = rowsOfOneJudge(allRows, options.judge);
  const cells = groupCells(rows);
  const compare = jointComparisons(cells, options);
  const found = {
    rows,
    runs,
    cells,
    compare,
    curves: compressionCurves(cells, { ...options, compare }),
    ranks: rankChoices(cells, runs, { ...options, compare }),
    capacity: capacityCurves(cells, runs, { compare }),
  };
  return {
    ...found,
    agreement: judgeAgreement(allRows),
    datasets: readings(rows, options.measure),
    recommendation: recommendFrom({ ...found, levels: options.levels ?? [] }),
  };
}

function readings(rows: readonly Row[], measure: Measure | undefined): DatasetReading[] {
  return [...groupBy(rows, ({ dataset }) => dataset)].map(([dataset, group]) => ({
    dataset,
    judge: judgesOf(group)[0] ?? '',
    measure: measure ?? measureOf(group),
  }));
}
