/** Everything drawn from a study's rows, computed once: cells, curves, rank choices, capacity, agreement of judges, and the recommendation. */
import { groupBy } from '../core/collections.js';
import type { Row } from '../core/records.js';
import { capacityCurves, type CapacityCurve } from './capacity.js';
import { jointComparisons, type Compare } from './compare.js';
import { compressionCurves, type Curve } from './curve.js';
import { groupCells, type Cell } from './group.js';
import { judgeAgreement, judgesOf, rowsOfOneJudge, type JudgeAgreement } from './judges.js';
import { knowledgeOf, type Knowledge } from './knowledge/knowledge.js';
import { knowledgeVerdict } from './knowledge/sentences.js';
import { inLanguage, spokenLanguage, type Language } from '../words/language.js';
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
  /** The language of sentences; default English. */
  readonly language?: Language;
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
  /** What adapters that were trained on texts know without them, for each data set that has such. */
  readonly knowledge: readonly Knowledge[];
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
  return inLanguage(options.language ?? spokenLanguage(), () => analysisOf(allRows, runs, options));
}

function analysisOf(allRows: readonly Row[], runs: readonly RunSummary[], options: AnalysisOptions): Analysis {
  const judged = rowsOfOneJudge(allRows, options.judge);
  const rows = judged.filter(({ book }) => book !== 'text');
  const knowledge = knowledgeOf(judged, runs);
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
    ...{ ...found, rows: judged, knowledge },
    agreement: judgeAgreement(allRows),
    datasets: readings(judged, options.measure),
    recommendation: withKnowledge(recommendFrom({ ...found, levels: options.levels ?? [] }), knowledge, runs),
  };
}

/** A text book's verdict goes first: it is what a study that has one asks. */
function withKnowledge(
  found: Recommendation,
  knowledge: readonly Knowledge[],
  runs: readonly RunSummary[],
): Recommendation {
  const own = knowledge.map((each) => knowledgeVerdict(each, runs));
  const [main] = own;
  if (main === undefined) return found;
  const { level, rank, run, adapterPath } = main;
  const beside = found.datasets.length === 0 ? [] : found.sentences;
  return {
    ...{ level, rank, run, adapterPath },
    sentences: [...own.flatMap(({ headline, sentences }) => [headline, ...sentences]), ...beside],
    evidence: [...own.flatMap(({ evidence }) => evidence), ...found.evidence],
    cautions: [...own.flatMap(({ cautions }) => cautions), ...found.cautions],
    datasets: [...own, ...found.datasets],
  };
}

function readings(rows: readonly Row[], measure: Measure | undefined): DatasetReading[] {
  return [...groupBy(rows, ({ dataset }) => dataset)].map(([dataset, group]) => ({
    dataset,
    judge: judgesOf(group)[0] ?? '',
    measure: measure ?? measureOf(group),
  }));
}
