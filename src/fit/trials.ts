/** What the trials of a rung came to, read from the study of all of them. */
import { knowledgeOf, type Knowledge, type KnowledgeCell } from '../analysis/knowledge/knowledge.js';
import type { RunSummary } from '../analysis/run-summary.js';
import { readRows } from '../study/run-store.js';
import { runSummary } from '../study/run-summary.js';
import type { StoredStudy } from '../study/stored-study.js';
import { candidateKey, formName, type Candidate } from './candidate.js';
import type { Standing } from './halving.js';
import type { Trial } from './pilot-study.js';

/** A candidate in a rung. */
export interface TrialResult {
  readonly candidate: Candidate;
  readonly exposures: number;
  /** What it recalls and costs; null where it was not finished. */
  readonly cell: KnowledgeCell | null;
  /** Its run; null where it was not begun. */
  readonly run: RunSummary | null;
}

/** A study's runs and what they show. */
export interface StudyResults {
  readonly runs: readonly RunSummary[];
  /** Null where no adapter has an answer that counts. */
  readonly knowledge: Knowledge | null;
}

/** Reads all rows of a study. */
export function resultsOf(study: StoredStudy): StudyResults {
  const runs = study.runs.map(runSummary);
  const [knowledge = null] = knowledgeOf(study.runs.flatMap(readRows), runs);
  return { runs, knowledge };
}

/** The results of a rung, in its order. */
export function rungResults({ runs, knowledge }: StudyResults, trial: Trial, rates: number): TrialResult[] {
  const { exposures } = trial;
  return trial.candidates.map((candidate) => {
    const form = formName(candidate, rates);
    const cell = knowledge?.cells.find(
      (each) => isAt(each, candidate) && each.form === form && each.exposures === exposures,
    );
    const own = runs.filter((each) => isAt(each, candidate) && each.form === form && each.control === undefined);
    const run =
      cell === undefined
        ? own.find(({ status }) => status === 'failed')
        : runs.find(({ id }) => cell.runs.includes(id));
    return { candidate, exposures, cell: cell ?? null, run: run ?? null };
  });
}

function isAt(place: { readonly level: string; readonly rank: number }, { level, rank }: Candidate): boolean {
  return place.level === level && place.rank === rank;
}

/** How finished trials stand in their rung. */
export function standingsOf(results: readonly TrialResult[]): Standing[] {
  return results.flatMap(({ candidate, cell }, place) =>
    cell === null
      ? []
      : [
          {
            key: candidateKey(candidate),
            place,
            recall: cell.trained.mean,
            rank: cell.rank,
            tokens: cell.tokens ?? Infinity,
          },
        ],
  );
}
