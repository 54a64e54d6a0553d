/** The contract of an objective: what is learnt from a sample, by which labels and weights. */
import type { Random } from '../../core/random.js';
import type { LabelKind } from '../../models/graph/loss.js';
import type { Labels, Packable, PackedRow, Target } from '../../models/graph/packing.js';

/** A sample as tokens, with whatever objectives learn from. */
export interface TrainingSample {
  readonly id: string;
  /** The item that it belongs to. */
  readonly item: string;
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
  /** How it was made of a text (`raw`, `study` …), where it was; rows hold samples of one form. */
  readonly form?: string;
  /** What a teacher says in the place of every answer token: its most probable tokens and their probabilities; for `distil`. */
  readonly teacher?: readonly Labels[];
}

/**
 * An objective. Its loss is Σ w (log Σ exp z − z[label]) over all labels of all learnt tokens, divided by the sum of the weights w, with
 * z the logits behind the tokens before; what is said here is which tokens are learnt, by which labels and weights.
 */
export interface Objective {
  /** Its name in settings. */
  readonly name: string;
  /** Whether a token has one label or several. */
  readonly labels: LabelKind;
  /**
   * A sample's tokens that are given (`prompt`; samples that begin alike share them) and those that are learnt (`answer`, by its
   * `labels`). Throws UserError for a sample from which nothing can be learnt so.
   */
  readonly learnt: (sample: TrainingSample) => Packable;
  /** What is learnt of a packed row beside its samples' answers, at indices where these are not; drawn from `random`. Default nothing. */
  readonly learntOfRow?: (row: PackedRow, random: Random) => readonly Target[];
}

/** A packed row with all that an objective learns of it. */
export function withRowTargets(objective: Objective, row: PackedRow, random: Random): PackedRow {
  if (objective.learntOfRow === undefined) return row;
  return { ...row, targets: [...row.targets, ...objective.learntOfRow(row, random)] };
}
