/** The choice among adapters that were shown every fact equally often: the one that recalls most, then the smallest rank and the cheapest level that keep up with it. */
import { bestCell } from '../analysis/knowledge/best-cell.js';
import { adapterContrast, keepsUp, type AdapterContrast } from '../analysis/knowledge/contrasts.js';
import type { KnowledgeCell } from '../analysis/knowledge/knowledge.js';

export interface ChoiceRule {
  /** Loss of recall against the best that is allowed for a smaller rank or a cheaper level. */
  readonly margin: number;
  /** Rise of the loss on general text, in bits a token, above which an adapter is not chosen while others are below; null for none. */
  readonly maxForgetting: number | null;
}

/** A step from the best towards a cheaper one: whether it was taken, and on what evidence. */
export interface ChoiceStep {
  readonly kind: 'rank' | 'level';
  readonly cell: KnowledgeCell;
  readonly contrast: AdapterContrast | null;
  readonly taken: boolean;
}

export interface Choice {
  readonly best: KnowledgeCell;
  readonly chosen: KnowledgeCell;
  readonly steps: readonly ChoiceStep[];
  /** Whether every adapter forgets more than allowed, so that the gate decided nothing. */
  readonly allForget: boolean;
}

/** Chooses of at least one adapter. Ranks go down from the best one's, then levels towards fewer tokens; the first that fails ends it. */
export function choose(cells: readonly KnowledgeCell[], rule: ChoiceRule): Choice {
  const within = cells.filter((cell) => !forgets(cell, rule));
  const eligible = within.length === 0 ? cells : within;
  const best = bestCell({ cells: eligible });
  const smaller = eligible
    .filter((cell) => isLike(cell, best, 'level') && cell.rank < best.rank)
    .sort((a, b) => b.rank - a.rank);
  const ranks = stepsDown('rank', smaller, best, rule.margin);
  const settled = lastTaken(ranks) ?? best;
  const shorter = eligible
    .filter((cell) => isLike(cell, settled, 'rank') && tokensOf(cell) < tokensOf(settled))
    .sort((a, b) => tokensOf(b) - tokensOf(a));
  const levels = stepsDown('level', shorter, best, rule.margin);
  return {
    ...{ best, chosen: lastTaken(levels) ?? settled, steps: [...ranks, ...levels] },
    allForget: within.length === 0 && rule.maxForgetting !== null,
  };
}

/** Whether an adapter raises the loss on general text by more than is allowed. */
export function forgets({ cost }: Pick<KnowledgeCell, 'cost'>, { maxForgetting }: ChoiceRule): boolean {
  return maxForgetting !== null && cost !== null && cost.generalRise.mean > maxForgetting;
}

const tokensOf = ({ tokens }: KnowledgeCell): number => tokens ?? Infinity;

function isLike(a: KnowledgeCell, b: KnowledgeCell, place: 'level' | 'rank'): boolean {
  return a.form === b.form && a[place] === b[place];
}

function stepsDown(
  kind: ChoiceStep['kind'],
  line: readonly KnowledgeCell[],
  best: KnowledgeCell,
  margin: number,
): ChoiceStep[] {
  const steps: ChoiceStep[] = [];
  for (const cell of line) {
    const contrast = adapterContrast(cell, best);
    const taken = contrast !== null && keepsUp(contrast, margin);
    steps.push({ kind, cell, contrast, taken });
    if (!taken) break;
  }
  return steps;
}

function lastTaken(steps: readonly ChoiceStep[]): KnowledgeCell | undefined {
  return steps.filter(({ taken }) => taken).at(-1)?.cell;
}
