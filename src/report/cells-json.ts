/** The cells of a study as plain values: what the tables show, for programs. */
import type { Analysis } from '../analysis/analyse.js';
import type { KnowledgeCell } from '../analysis/knowledge/knowledge.js';
import type { Cell } from '../analysis/group.js';
import type { JsonObject } from '../core/json.js';
import type { MeanEstimate } from '../core/statistics.js';

/** One object for each cell, in the grid's order; estimates have null where nothing is known. */
export function cellsJson({ cells }: Analysis): JsonObject[] {
  return cells.map(({ dataset, book, level, rank, items, seeds, runs, trr, retention, ...rest }: Cell) => ({
    ...{ dataset, book, level, rank, items, seeds: [...seeds], runs: [...runs], trr, retention },
    score: estimateJson(rest.score),
    accuracy: estimateJson(rest.accuracy),
    ...{ answers: rest.answers, unscored: rest.unscored, truncated: rest.truncated },
  }));
}

/** One object for each adapter of a text book, in the tables' order. */
export function knowledgeJson({ knowledge }: Analysis): JsonObject[] {
  return knowledge.flatMap(({ cells }) => cells.map(adapterJson));
}

function adapterJson({ seeds, runs, recall, trained, cost, ...rest }: KnowledgeCell): JsonObject {
  const { dataset, level, form, rank, exposures, items, retention, learnt, known, facts, bits } = rest;
  const { covered, uncovered, untaught, unseen } = recall;
  const [rise, divergence] = [cost?.generalRise, cost?.divergence];
  return {
    ...{ dataset, level, form, rank, exposures, items, seeds: [...seeds], runs: [...runs], retention, learnt },
    recall: mapped({ trained, covered, uncovered, untaught, unseen }),
    ...{ known: { ...known }, facts, bits, bitsPerParameter: rest.bitsPerParameter, tokens: rest.tokens },
    cost: cost === null ? null : { ...mapped({ rise, divergence }), reading: cost.reading && { ...cost.reading } },
  };
}

function mapped(estimates: Readonly<Record<string, MeanEstimate | null | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(estimates).map(([name, estimate]) => [name, estimate == null ? null : estimateJson(estimate)]),
  );
}

function estimateJson({ mean, low, high, n, clusters }: MeanEstimate): JsonObject {
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return { mean: known(mean), low: known(low), high: known(high), n, items: clusters };
}
