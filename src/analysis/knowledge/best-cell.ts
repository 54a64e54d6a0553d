/** Which adapter of a text book knows most, and which others its figures leave beside it. */
import type { Knowledge, KnowledgeCell } from './knowledge.js';

/** The adapter that recalls most facts; of equals the smallest rank, then the one of fewest tokens. */
export function bestCell({ cells }: Pick<Knowledge, 'cells'>): KnowledgeCell {
  const [best] = [...cells].sort(
    (a, b) => b.facts - a.facts || a.rank - b.rank || (a.tokens ?? Infinity) - (b.tokens ?? Infinity),
  );
  if (best === undefined) throw new Error('a text book has adapters');
  return best;
}

/** The adapters of as many items whose recall lies within the best one's interval. */
export function besideBest(best: KnowledgeCell, { cells }: Pick<Knowledge, 'cells'>): KnowledgeCell[] {
  return cells.filter((cell) => cell !== best && cell.items === best.items && cell.trained.mean >= best.trained.low);
}

/** Share of the best one's recall that a cheaper adapter must keep to be named beside it. */
const NEAR = 0.8;
/** A saving smaller than this share of the cost is not worth a word. */
const CHEAPER = 0.8;

/** Of the adapters beside the best that recall nearly as much, the one that raises the loss on other text least, where that is much less. */
export function cheaperCell(best: KnowledgeCell, knowledge: Pick<Knowledge, 'cells'>): KnowledgeCell | null {
  const rise = (cell: KnowledgeCell): number => cell.cost?.generalRise.mean ?? Infinity;
  if (best.cost === null || best.cost.generalRise.low <= 0) return null;
  const near = besideBest(best, knowledge).filter(({ trained }) => trained.mean >= NEAR * best.trained.mean);
  const [least] = near.sort((a, b) => rise(a) - rise(b));
  return least !== undefined && rise(least) < CHEAPER * rise(best) ? least : null;
}
