/** What a fit is asked for. */
import type { Budget } from './budget.js';
import type { CandidateSpace } from './candidate.js';
import type { ChoiceRule } from './choice.js';
import type { HalvingRule } from './halving.js';
import type { StudySettings } from './pilot-study.js';

export interface FitSettings {
  readonly study: StudySettings;
  /** What is tried; ranks that are not said follow from what is to be learnt. */
  readonly space: Omit<CandidateSpace, 'ranks'> & { readonly ranks: readonly number[] | null };
  readonly halving: Omit<HalvingRule, 'sideBySide'>;
  readonly choice: ChoiceRule;
  readonly budget: Budget;
  /** The fit's folder. */
  readonly out: string;
  /** The command line that does this, for people. */
  readonly command: string;
}

/** A quarter goes on and is shown four times as much, until one is left: the one that is chosen. */
export const DEFAULT_HALVING: FitSettings['halving'] = { keep: 1 / 4, finalists: 1, most: 60, least: 8 };

/** Loss of recall that a smaller rank or a cheaper level may have: with one training each, less is hardly ever excluded. */
export const DEFAULT_MARGIN = 0.1;
