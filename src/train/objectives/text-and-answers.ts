/** Learns to answer, and the language on the way: every answer token, and with less weight a share of all others; for pretraining. */
import type { Random } from '../../core/random.js';
import { hardLabel, type PackedRow, type Target } from '../../models/graph/packing.js';
import { answers } from './answers.js';
import type { Objective } from './objective.js';

/** How much the language counts beside the answers. */
export interface TextWeights {
  /** Loss weights of the shared context's tokens and of the questions'; answers weigh 1. */
  readonly textWeight: number;
  readonly questionWeight: number;
  /** Share of these tokens that are learnt at all, at accordingly higher weight. */
  readonly textShare: number;
}

/** What the bundled base model was trained with. */
export const DEFAULT_TEXT_WEIGHTS: TextWeights = { textWeight: 0.1, questionWeight: 0.02, textShare: 0.5 };

/** A share of the tokens of a row's trunk and questions; the first token of a branch is not predicted. */
function textOf(row: PackedRow, weights: TextWeights, random: Random): Target[] {
  const answered = new Set(row.targets.map((target) => target.at));
  const text: Target[] = [];
  for (let at = 0; at + 1 < row.ids.length; at++) {
    const isTrunk = row.branch[at + 1] === 0;
    if (answered.has(at) || row.branch[at] !== row.branch[at + 1] || random.uniform() >= weights.textShare) continue;
    const weight = (isTrunk ? weights.textWeight : weights.questionWeight) / weights.textShare;
    text.push({ at, sample: -1, ...hardLabel(row.ids[at + 1] ?? 0, weight) });
  }
  return text;
}

/** The objective with some weights, default those. */
export const textAndAnswers = (weights: TextWeights = DEFAULT_TEXT_WEIGHTS): Objective => ({
  ...answers,
  name: 'text-and-answers',
  learntOfRow: (row, random) => textOf(row, weights, random),
});
